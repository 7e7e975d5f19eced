#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Before and around the jobs: configuration, the database's version, the control
# socket under abuse, a full disk, and what an idle daemon costs.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

# ---- configuration errors: one line, exit 1, nothing started -----------------------
config
cp "$conf" "$tmp/good.conf"
"$bin/xbisectd" --check --config "$conf" >"$tmp/out" 2>"$tmp/err"
is "--check of a good configuration: exit 0" $? 0
has "--check: says so" out ': ok$'
[ ! -e "$state" ]
ok $? "--check makes no state directory"
while IFS='|' read -r name pattern line; do
	cp "$tmp/good.conf" "$conf"
	echo -e "$line" >>"$conf"
	"$bin/xbisectd" --config "$conf" >"$tmp/out" 2>"$tmp/err" </dev/null
	[ $? -eq 1 ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q "xbisectd.conf" "$tmp/err" &&
		grep -qE -- "$pattern" "$tmp/err" && [ ! -e "$state" ] && [ ! -e "$XBISECT_SOCKET" ]
	ok $? "refused: $name" || printf '# pattern: %s\n' "$pattern"
done <<'END'
an unknown group|\[frobnicate\].*no such group|[frobnicate]\nx=1
an unknown key|\[repo x\] colour|[repo x]\npath=/\ncolour=red
two hosts of one name|\[host fake\].*twice|[host fake]\ndriver=null
two daemon groups|\[daemon\].*twice|[daemon]\nlog_limit=1G
a key that stands twice|\[host b\] deadline.*twice|[host b]\ndriver=null\ndeadline=1s\ndeadline=2s
a bad unit of time|\[host b\] deadline.*90s|[host b]\ndriver=null\ndeadline=5 parsecs
a repository that is missing|\[repo x\] path.*No such file|[repo x]\npath=/nonexistent/repo
a driver that is not known|\[host b\] driver|[host b]\ndriver=teleport
a command that is missing|\[host b\] command|[host b]\ndriver=command
a metric without sense|\[workload w\] metrics|[workload w]\nprogram=/bin/true\nmetrics=speed
a user of the pages who is not there|\[web\] user: there is no user|[web]\nuser=xb-nobody-such
a line that is none|xbisectd.conf|what is this
END
cp "$tmp/good.conf" "$conf"
sed -i 's/^iterations=3/iterations=3\nartifact_limit=1/' "$conf"
"$bin/xbisectd" --check --config "$conf" >"$tmp/out" 2>"$tmp/err"
is "a key in the wrong group: exit 1" $? 1
"$bin/xbisectd" --config "$tmp/none.conf" >"$tmp/out" 2>"$tmp/err"
is "a missing file: exit 1" $? 1
has "a missing file: named" err none.conf
mkdir "$tmp/conf.d"
printf '[host second]\ndriver=null\n' >"$tmp/conf.d/20-second.conf"
printf '[daemon]\nlog_limit=lots\n' >"$tmp/conf.d/30-bad.conf"
cp "$tmp/good.conf" "$conf"
"$bin/xbisectd" --check --config "$conf" >"$tmp/out" 2>"$tmp/err"
has "a bad drop-in: its file, group and key are named" err '30-bad.conf: \[daemon\] log_limit'
rm "$tmp/conf.d/30-bad.conf"
start_daemon
x hosts --json
json "a good drop-in counts" '[(.hosts // .)[].name] | sort == ["fake", "second"]'
rm -r "$tmp/conf.d"
stop_daemon

# ---- the database ------------------------------------------------------------------------
version() { # version [N]
	/usr/bin/python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
if sys.argv[2:]: db.execute("PRAGMA user_version = " + sys.argv[2])
print(db.execute("PRAGMA user_version").fetchone()[0])' "$state/xbisect.db" "$@"
}
now=$(version)
version 999 >/dev/null
"$bin/xbisectd" --config "$conf" >"$tmp/out" 2>"$tmp/err"
is "a database of a newer schema: exit 1" $? 1
has "a database of a newer schema: the version is named" err 999
is "a database of a newer schema: is left alone" "$(version)" 999
version "$now" >/dev/null
head -c 4096 /dev/urandom >"$tmp/junk"
cp "$state/xbisect.db" "$tmp/kept.db"
cat "$tmp/junk" >"$state/xbisect.db"
"$bin/xbisectd" --config "$conf" >"$tmp/out" 2>"$tmp/err"
is "a database that is none: exit 1" $? 1
has "a database that is none: its file is named" err xbisect.db
cp "$tmp/kept.db" "$state/xbisect.db"

# ---- the control socket ---------------------------------------------------------------------
start_daemon
is "the socket's mode" "$(stat -c %a "$XBISECT_SOCKET")" 660
talk() { # talk PYTHON: with s, a connected socket, and line(), the next line of the answer
	timeout 50 /usr/bin/python3 -c 'import json, os, socket, sys, time
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(os.environ["XBISECT_SOCKET"])
    s.settimeout(40)
    return s
s = connect()
f = s.makefile("rb")
def line(): return json.loads(f.readline())
'"$1" >"$tmp/out" 2>"$tmp/err"
}
alive() {
	x list
	is "$1: others are served" "$status" 0
}
talk 's.sendall(os.urandom(3000).replace(b"\n", b"x") + b"\n"); assert not line()["ok"]
s.sendall(b"[1]\n\n{}\n"); assert not line()["ok"]; assert not line()["ok"]; assert not line()["ok"]
s.sendall(b"{\"verb\": \"ping\"}\n"); assert line()["ok"]'
ok $? "binary requests are answered with an error, the next is served"
talk 's.sendall(b"{\"verb\":\"pi"); time.sleep(0.2); s.sendall(b"ng\"}\n"); assert line()["ok"]'
ok $? "a request in two parts is served"
talk 's.sendall(b"{\"verb\":\"ping\"}\n" * 3); s.shutdown(socket.SHUT_WR)
assert [line()["ok"] for i in range(3)] == [True] * 3; assert f.readline() == b""'
ok $? "answers come to a client that only listens any more"
talk 's.sendall(b"{\"verb\":\"ping\"")'
alive "half a request and gone"
talk 'try:
    s.sendall(b"{\"verb\":\"" + b"z" * 70000000 + b"\"}\n")
    assert f.readline() == b""
except (BrokenPipeError, ConnectionResetError): pass'
ok $? "a request of 70 MB closes its connection"
alive "a request of 70 MB"
talk 's.setblocking(False)
sent = 0
try:
    while sent < 100000000: sent += s.send(b"{\"verb\":\"list\"}\n" * 4000)
except BlockingIOError: pass
assert sent < 100000000
t = connect(); t.sendall(b"{\"verb\":\"ping\"}\n"); assert t.makefile().readline()'
ok $? "a client that never reads is not read for ever, others are served"
talk 'many = [connect() for i in range(200)]
s.sendall(b"{\"verb\":\"ping\"}\n"); assert line()["ok"]
for m in many[::2]: m.sendall(b"{\"verb\":\"ping\"}\n")
for m in many[::2]: assert json.loads(m.makefile().readline())["ok"]
t = connect(); t.sendall(b"{\"verb\":\"ping\"}\n"); assert json.loads(t.makefile().readline())["ok"]'
ok $? "200 idle connections do not stop others"
talk 'for r in [{"verb": "show"}, {"verb": "show", "id": "1"}, {"verb": "show", "id": -1},
          {"verb": "bisect", "good": 1, "bad": []}, {"verb": "bisect", "images": {}},
          {"verb": "bisect", "images": [1, 2]}, {"verb": "ab"}, {"verb": "ab", "base": "x", "test": {}},
          {"verb": "measure", "rev": {"rev": "x", "patches": "y"}}, {"verb": "list", "state": 5, "limit": -9},
          {"verb": "log", "id": 1e300}, {"verb": "cancel"}, {"verb": "retry", "id": None},
          {"verb": "hosts", "x": 1}, {"verb": "host-check", "name": []}, {"verb": "host-online"},
          {"verb": "follow", "id": 77}, {"verb": {}}, {"verb": "bisect", "confidence": "much"},
          {"verb": "bisect", "repo": "\u0001\n", "good": "a", "bad": "b", "priority": 1e99}]:
    s.sendall(json.dumps(r).encode() + b"\n"); a = line(); assert "ok" in a and (a["ok"] or a["error"]), r'
ok $? "requests with members of other types are answered"
alive "requests with members of other types"

# ---- idle -----------------------------------------------------------------------------------------
linear repo 6 3
x bisect --wait --json --repo "$tmp/repo" c0..c6
is "a job: exit 0" "$status" 0
switches() { cat "/proc/$daemon"/task/*/status | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'; }
sleep 1
before=$(switches)
sleep 5
is "idle: not one wake-up in 5 seconds" $(($(switches) - before)) 0
rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$daemon/status")
echo "# resident: $rss KiB"
if nm -D "$bin/xbisectd" | grep -q __asan; then
	skip "idle: resident memory below 30 MB" "sanitizers need more"
else
	[ "$rss" -lt 30000 ]
	ok $? "idle: resident memory below 30 MB"
fi

# ---- a full disk -------------------------------------------------------------------------------------
fresh_state
full="a full disk: nothing is started, and goes on when there is room"
mkdir -p "$state"
if mount -t tmpfs -o size=40m tmpfs "$state" 2>/dev/null; then
	host_options="--delay 0.1" config
	start_daemon
	x bisect --json --repo "$tmp/repo" c0..c6
	wait_until 10 logged '^boot start'
	"$bin/xbisect" show --wait 1 >"$tmp/waiter.out" 2>&1 </dev/null &
	waiter=$!
	head -c 50M /dev/zero >"$state/filler" 2>/dev/null
	sleep 2
	x show 1
	is "a full disk: the daemon answers" "$status" 0
	x bisect --repo "$tmp/repo" c0..c5
	is "a full disk: a new job is refused with exit 1" "$status" 1
	has "a full disk: says so" err 'no space|No space|full'
	waits() { x show --json 1 && [[ $(j .progress.phase) == "waiting: only 0 MiB free below $state: make room" ]]; }
	wait_until 20 waits
	ok $? "a full disk: a job that waits says for what"
	told() { grep -qF "phase: waiting: only 0 MiB free below $state: make room" "$tmp/waiter.out"; }
	wait_until 5 told
	ok $? "a full disk: and who waits for it is told"
	before=$(logged_count ' start ')
	sleep 2
	is "a full disk: nothing new is started" "$(logged_count ' start ')" "$before"
	rm "$state/filler"
	x show --wait --json 1
	is "room again: exit 0" "$status" 0
	is "room again: found" "$(j '.verdict.commits[0].id')" "$(sha c3)"
	wait $waiter
	is "room again: who waited gets the verdict" $? 0
	kill -0 "$daemon"
	ok $? "a full disk: the daemon was not ended"
else
	skip "$full" "tmpfs cannot be mounted"
fi

finish
