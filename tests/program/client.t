#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The client against a fake daemon: exit statuses, purity of --json, requests as
# sent, restarts of the daemon, a terminal, signals.
set -u

here=$(cd "$(dirname "$0")" && pwd)
xbisect=${XB_BIN:-build/bin}/xbisect
xbisect=$(realpath "$xbisect")
tmp=$(mktemp -d)
daemon=
trap 'stop_daemon; rm -rf "$tmp"' EXIT
export XBISECT_SOCKET=$tmp/control XBISECT_PATIENCE=15s
unset NO_COLOR
count=0

ok() { # ok STATUS NAME
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# out: /' "$tmp/out" | head -40
		sed 's/^/# err: /' "$tmp/err" | head -40
	fi
}

is() { # is NAME GOT WANTED
	[ "$2" = "$3" ]
	ok $? "$1"
	[ "$2" = "$3" ] || printf '# got: %s\n# wanted: %s\n' "$2" "$3"
}

has() { # has NAME FILE PATTERN
	grep -qE -- "$3" "$tmp/$2"
	ok $? "$1"
}

hasnt() {
	! grep -qE -- "$3" "$tmp/$2"
	ok $? "$1"
}

stop_daemon() {
	if [ -n "$daemon" ]; then
		kill "$daemon" 2>/dev/null
		wait "$daemon" 2>/dev/null
		daemon=
	fi
	rm -f "$tmp/control"
}

start_daemon() { # the script comes from stdin
	stop_daemon
	cat >"$tmp/script"
	: >"$tmp/requests"
	/usr/bin/python3 "$here/fake-daemon.py" "$tmp/control" "$tmp/script" "$tmp/requests" \
		2>"$tmp/daemon.err" &
	daemon=$!
	for _ in $(seq 100); do
		[ -S "$tmp/control" ] && return
		sleep 0.05
	done
	echo "Bail out! the fake daemon does not start"
	exit 1
}

run() { # run ARGS...: output in out and err, exit status in $status
	status=0
	timeout 60 "$xbisect" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
}

request() { # request PYTHON-EXPRESSION over r, the last request
	/usr/bin/python3 -c 'import json, sys
r = [json.loads(line) for line in open(sys.argv[1])][-1]
print(eval(sys.argv[2]))' "$tmp/requests" "$1"
}

one_object() { # stdout is exactly one JSON object
	/usr/bin/python3 -c 'import json, sys
assert isinstance(json.load(open(sys.argv[1])), dict)' "$tmp/out" 2>/dev/null
	ok $? "$1"
}

job() { # job STATE KIND [MORE-MEMBERS]
	printf '{"id":7,"kind":"bisect","title":"v1..v2","state":"%s","workload":"map-unmap",' "$1"
	printf '"metric":"unmap","unit":"s","started":1700000000,"finished":1700000100,'
	printf '"verdict":%s%s}' "$2" "${3:+,$3}"
}

# ---- usage and no daemon ---------------------------------------------------
run
is "no command: exit 1" "$status" 1
has "no command: help on stderr" err '^Usage: xbisect'
run --help
is "--help: exit 0" "$status" 0
has "--help: names the commands" out '^  bisect '
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$tmp/out")
is "--help: all of them" "$(echo $commands)" \
	"bisect ab compare measure list show report log cancel retry hosts alerts watch simulate"
for command in $commands; do
	run "$command" --help
	[ "$status" -eq 0 ] && grep -q '^Examples:' "$tmp/out" && grep -q '^  xbisect ' "$tmp/out"
	ok $? "$command --help has examples"
done
run frobnicate
is "unknown command: exit 1" "$status" 1
run bisect --frobnicate A..B
is "unknown option: exit 1" "$status" 1
has "unknown option: says where help is" err 'xbisect bisect --help'
run list
is "no daemon: exit 2" "$status" 2
has "no daemon: names the command that starts it" err 'start it with: xbisectd'
run list --json
is "no daemon with --json: exit 2" "$status" 2
one_object "no daemon with --json: still one object"
(
	unset XBISECT_SOCKET
	XDG_RUNTIME_DIR=$tmp HOME=$tmp timeout 20 "$xbisect" list >"$tmp/out" 2>"$tmp/err"
)
has "no daemon at the default place: names the unit" err 'systemctl --user start xbisectd'

# ---- what is refused before it is sent --------------------------------------
start_daemon <<<'{}'
: >"$tmp/empty"
echo "one" >"$tmp/one-image"
while IFS='|' read -r name pattern args; do
	# shellcheck disable=SC2086
	run $args
	[ "$status" -eq 1 ] && grep -qE -- "$pattern" "$tmp/err"
	ok $? "refused: $name"
done <<END
no range|GOOD..BAD|bisect
one revision|no range|bisect v1
three dots|three dots|bisect a...b
no GOOD|names no GOOD|bisect ..b
range and images|either|bisect --images $tmp/one-image a..b
confidence without sense|--confidence|bisect --confidence 2 a..b
confidence below a half|--confidence|bisect --confidence 10% a..b
confidence with a wrong unit|--confidence|bisect --confidence 99x a..b
min-effect that is negative|--min-effect|bisect --min-effect -1% a..b
a kernel config that is missing|no-such|bisect --kconfig $tmp/no-such a..b
a directory as a patch|directory|ab --test-patch $tmp a b
images: missing file|line 1|bisect --images $tmp/one-image
images: empty list|two at least|bisect --images $tmp/empty
image that is missing|no such file|ab image:$tmp/none b
patch on an image|built already|ab --base-patch $tmp/empty image:$tmp/empty b
ab with one side|BASE TEST|ab a
boots that are negative|--boots|measure --boots -3 a
no boots at all|--boots|measure --boots 0 a
id that is none|is no id|show seven
format that is none|no such format|report --format pdf 7
hosts: unknown action|nothing that can be done|hosts reboot x
hosts: offline without a reason|offline NAME REASON|hosts offline x
END
is "refused requests are never sent" "$(wc -l <"$tmp/requests")" 0

# ---- requests as sent ---------------------------------------------------------
start_daemon <<END
{"bisect": [[{"ok": true, "id": 7, "warnings": ["the noise \u001b[31mis high"], "job": $(job queued null)}]],
 "ab": [[{"ok": true, "id": 8, "warnings": [], "job": {"id": 8, "state": "queued"}}]],
 "measure": [[{"ok": true, "id": 9, "warnings": [], "job": {"id": 9, "state": "queued"}}]],
 "list": [[{"ok": true, "jobs": [$(job running null), $(job 'done' '{"kind":"none","confidence":0.995}')]}]],
 "show": [[{"ok": true, "job": $(job running null)}]],
 "log": [[{"ok": true, "lines": [{"seq": 1, "time": 1700000000, "text": "evil \u001b]0;x"}]}]],
 "cancel": [[{"ok": true, "job": $(job cancelled null)}]],
 "retry": [[{"ok": true, "id": 10, "warnings": ["the noise is high"], "job": $(job queued null)}]],
 "hosts": [[{"ok": true, "hosts": [{"name": "qemu", "driver": "qemu", "state": "online", "boot_s": 6},
  {"name": "lab1", "driver": "ssh", "state": "online", "held": {"asking": false, "problem": null,
   "holders": [{"where": "machine", "owner": "me@lab7", "pid": 12, "age_s": 180}]}}]}]],
 "host-check": [[{"ok": true, "steps": [{"name": "power", "ok": true}, {"name": "boot", "ok": false, "detail": "silent"}]}]],
 "host-offline": [[{"ok": true, "hosts": []}]]}
END
printf 'CONFIG_X=y\n' >"$tmp/f.config"
printf -- '--- a\n+++ b\n' >"$tmp/fix.patch"
mkdir -p "$tmp/list/mods" "$tmp/repo"
touch "$tmp/list/vmlinuz-1" "$tmp/list/vmlinuz-2"
printf '# kernels\nvmlinuz-1:mods first kernel\n\nimage:%s/list/vmlinuz-2\n' "$tmp" >"$tmp/list/images"

run bisect --repo "$tmp/repo" --workload w --metric m --host h --kconfig "$tmp/f.config" \
	--confidence 99.9% --min-effect 2% --priority 3 --first-parent v1..v2
is "bisect: exit 0" "$status" 0
has "bisect: says the id and how to follow it" out 'xbisect log -f 7'
has "bisect: says the daemon's warnings" err 'warning: the noise'
hasnt "bisect: warnings are safe to show" err $'\033'
is "bisect: good, bad, first_parent" "$(request '[r["good"], r["bad"], r["first_parent"]]')" \
	"['v1', 'v2', True]"
is "bisect: fractions" "$(request '[round(r["confidence"], 6), r["min_effect"], r["priority"]]')" \
	"[0.999, 0.02, 3]"
is "bisect: repository as an absolute path" "$(request 'r["repo"]')" "$tmp/repo"
is "bisect: kernel config as content" "$(request 'r["kconfig"]')" \
	"[{'name': 'f.config', 'content': 'CONFIG_X=y\\n'}]"
run bisect --repo linux v1..
is "bisect: a configured repository by name, BAD is HEAD" \
	"$(request '[r["repo"], r["bad"], "cwd" in r]')" "['linux', 'HEAD', False]"
(cd "$tmp/repo" && timeout 20 "$xbisect" bisect --json v1..v2 >"$tmp/out" 2>"$tmp/err")
is "bisect: here is the current directory" "$(request 'r["cwd"]')" "$tmp/repo"
one_object "bisect --json: one object, the job"
run bisect --images "$tmp/list/images"
is "bisect --images: labels and absolute paths" \
	"$(request '[(i["label"], i["kernel"], i.get("modules")) for i in r["images"]]')" \
	"[('first kernel', '$tmp/list/vmlinuz-1', '$tmp/list/mods'), ('vmlinuz-2', '$tmp/list/vmlinuz-2', None)]"
run ab --test-patch "$tmp/fix.patch" --base-kconfig "$tmp/f.config" --resolve 0.5% --boots 4 HEAD HEAD~1
is "ab: sides" "$(request '[r["base"]["rev"], len(r["base"]["kconfig"]), r["test"]["rev"], r["test"]["patches"][0]["name"]]')" \
	"['HEAD', 1, 'HEAD~1', 'fix.patch']"
is "ab: resolve and boots" "$(request '[r["resolve"], r["boots"]]')" "[0.005, 4]"
run ab "image:$tmp/list/vmlinuz-1:$tmp/list/mods" HEAD
is "ab: an image and its modules" "$(request 'r["base"]["image"]')" \
	"{'kernel': '$tmp/list/vmlinuz-1', 'modules': '$tmp/list/mods'}"
run compare --patch "1:$tmp/fix.patch" --variant-kconfig "2:$tmp/f.config" --name 2:other --boots 3 v1 v2 v3
is "compare: base and variants" "$(request '[r["verb"], r["base"]["rev"], [(v["rev"], v.get("name"), len(v["patches"]), len(v["kconfig"])) for v in r["variants"]], r["boots"]]')" \
	"['ab', 'v1', [('v2', None, 1, 0), ('v3', 'other', 0, 1)], 3]"
run compare --patch "$tmp/fix.patch" v1 v2 v3
is "compare: a patch of no variant: exit 1" "$status" 1
has "compare: a patch of no variant: says how to write it" err 'N:VALUE'
run compare v1 v2
is "compare: one variant only: exit 1" "$status" 1
run measure --patch "$tmp/fix.patch" HEAD
is "measure: side" "$(request '[r["rev"]["rev"], len(r["rev"]["patches"])]')" "['HEAD', 1]"

# ---- what is shown ---------------------------------------------------------------
run list
has "list: running and done" out 'no regression'
run list --json
one_object "list --json: one object"
run show 7
is "show: exit 0" "$status" 0
run show --json '#7'
one_object "show --json: one object"
run report --json 7
one_object "report --json: one object"
run report --format mbox 7
has "report --format mbox: a mail" out '^Content-Type: text/plain; charset=UTF-8'
run log 7
has "log: time and text" out '^2023-11-14 22:13:20  evil'
hasnt "log: safe to show" out $'\033'
run log --json 7
one_object "log --json: one object"
run cancel 7
has "cancel: says the state" out 'job 7 is cancelled'
run retry 7
has "retry: says the new id" out 'job 10 queued'
has "retry: says the daemon's warnings" err 'warning: the noise'
run hosts
has "hosts: a table" out 'qemu +qemu +online'
has "hosts: who else has a machine" out '^ *lab1 +ssh +online +held by me@lab7, process 12, for 3'
run hosts check qemu
is "hosts check: a failed step is exit 5" "$status" 5
has "hosts check: the step" out '^FAILED boot: silent'
run hosts offline qemu "new disk"
is "hosts offline: reason" "$(request 'r["reason"]')" "new disk"
for command in "show 7" "list" "hosts"; do
	# shellcheck disable=SC2086
	timeout 20 "$xbisect" $command >/dev/full 2>"$tmp/err"
	[ $? -lt 128 ]
	ok $? "$command on a full disk does not crash"
done

# ---- refusals of the daemon ---------------------------------------------------------
start_daemon <<'END'
{"show": [[{"ok": false, "error": "there is no job 9", "hint": "xbisect list", "exit": 1}]],
 "list": [["garbage"]], "hosts": [["hang-up"]],
 "bisect": [[{"ok": false, "error": "unknown revision \u001b[2Jx", "exit": 99}]]}
END
run show 9
is "refused: exit as the daemon says" "$status" 1
has "refused: error" err 'there is no job 9'
has "refused: hint" err '^  xbisect list'
run show --json 9
one_object "refused with --json: one object"
run bisect a..b
is "refused: a status out of the contract is 1" "$status" 1
hasnt "refused: safe to show" err $'\033'
run list
is "garbage: exit 2" "$status" 2
run hosts
is "connection closed: exit 2" "$status" 2

# ---- --wait: exit statuses ------------------------------------------------------------
while IFS='|' read -r name wanted state verdict; do
	start_daemon <<END
{"bisect": [[{"ok": true, "id": 7, "warnings": [], "job": $(job queued null)}]],
 "follow": [[{"event": "progress", "job": $(job running null)},
	     {"ok": true, "job": $(job "$state" "$verdict")}]]}
END
	run bisect --wait a..b
	is "--wait: $name" "$status" "$wanted"
	run bisect --wait --json a..b
	is "--wait --json: $name" "$status" "$wanted"
	one_object "--wait --json: one object: $name"
done <<'END'
culprit|0|done|{"kind":"culprit","confidence":0.999,"commits":[{"id":"0123456789012345678901234567890123456789","subject":"mm: x","probability":0.999}]}
different|0|done|{"kind":"different","confidence":0.99}
none|3|done|{"kind":"none","confidence":0.99}
same|3|done|{"kind":"same","confidence":0.99}
range|4|done|{"kind":"range","confidence":0.99,"commits":[]}
unresolved|4|done|{"kind":"unresolved","confidence":0.5}
failed|5|failed|null
cancelled|5|cancelled|null
END

# ---- restarts ----------------------------------------------------------------------------
script() { # script FOLLOW-ANSWERS
	cat <<END
{"bisect": [[{"ok": true, "id": 7, "warnings": ["the noise is high"], "job": $(job queued null)}]],
 "follow": $1}
END
}
start_daemon < <(script "[[{\"event\": \"progress\", \"job\": $(job running null)}, \"hang-up\"],
	[{\"ok\": true, \"job\": $(job 'done' '{"kind":"none","confidence":0.99}')}]]")
run bisect --wait a..b
is "a lost connection: the verdict all the same" "$status" 3
has "--wait: says the daemon's warnings, too" err 'warning: the noise'
has "a lost connection is said" out 'daemon went away'
has "so is the way back" out 'daemon is back'

start_daemon < <(script "[[{\"event\": \"progress\", \"job\": $(job running null)}, \"exit\"]]")
(
	sleep 3
	script "[[{\"ok\": true, \"job\": $(job 'done' '{"kind":"none","confidence":0.99}')}]]" >"$tmp/script2"
	exec /usr/bin/python3 "$here/fake-daemon.py" "$tmp/control" "$tmp/script2" "$tmp/requests2"
) &
second=$!
run bisect --wait --json a..b
kill "$second" 2>/dev/null
wait "$second" 2>/dev/null
is "a restarted daemon: the verdict all the same" "$status" 3
one_object "a restarted daemon with --json: one object"
has "a restarted daemon with --json: notes on stderr" err 'daemon is back'

start_daemon < <(script '[[{"ok": false, "error": "stopping", "exit": 2}]]')
XBISECT_PATIENCE=2s run bisect --wait a..b
is "no daemon for too long: exit 2" "$status" 2
has "no daemon for too long: how to go on" err 'xbisect show --wait 7'

# ---- a terminal, signals ---------------------------------------------------------------------
running='"progress":{"phase":"search","running":[{"kind":"boot","commit":"0123456789012345678901234567890123456789","subject":"evil \u001b[31m subject","where":"qemu","seconds":1,"expected_s":6}],"steps_done":3,"steps_left":4,"seconds_left":40,"last":["a line"]}'
start_daemon < <(script "[[{\"event\": \"progress\", \"job\": $(job running null "$running")}, {\"sleep\": 2},
	{\"ok\": true, \"job\": $(job 'done' '{"kind":"none","confidence":0.99}')}]]")
cat >"$tmp/on-terminal.py" <<'END'
import os, pty, signal, sys, time
mode, out = sys.argv[1], sys.argv[2]
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    if mode == "plain":
        os.environ["NO_COLOR"] = "1"
    os.execv(sys.argv[3], sys.argv[3:])
data = b""
sent = False
while True:
    try:
        chunk = os.read(fd, 65536)
    except OSError:
        break
    if not chunk:
        break
    data += chunk
    if mode == "interrupt" and not sent and b"012345678901" in data:
        os.kill(pid, signal.SIGINT)
        sent = True
_, status = os.waitpid(pid, 0)
with open(out, "wb") as f:
    f.write(data)
print("signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
END
: >"$tmp/err"
is "on a terminal: exit status" \
	"$(/usr/bin/python3 "$tmp/on-terminal.py" color "$tmp/out" "$xbisect" bisect --wait a..b)" 3
has "on a terminal: the view" out 'boot  012345678901 evil'
has "on a terminal: redrawn in place" out $'\033\[[0-9]+A'
has "on a terminal: coloured" out $'\033\[36m'
hasnt "on a terminal: escapes of a subject are visible" out $'evil \033'
is "NO_COLOR: exit status" "$(/usr/bin/python3 "$tmp/on-terminal.py" plain "$tmp/out" "$xbisect" bisect --wait a..b)" 3
hasnt "NO_COLOR: no colour" out $'\033\[[0-9;]*m'
is "SIGINT ends the client by SIGINT" \
	"$(/usr/bin/python3 "$tmp/on-terminal.py" interrupt "$tmp/out" "$xbisect" bisect --wait a..b)" "signal 2"
has "SIGINT: the job goes on, and how to follow it" out 'xbisect show --wait 7'
shown=$(grep -aoE $'\033.[?]25[lh]' "$tmp/out" | tail -1)
is "SIGINT: the cursor is shown" "$shown" $'\033[?25h'
run bisect --wait a..b
hasnt "piped: no escape sequences" out $'\033'
has "piped: a line a change" out '\] a line$'

echo "1..$count"
