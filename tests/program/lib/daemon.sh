# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by the program tests of the daemon: TAP, a private state directory, toy
# repositories, fake builder and host.
set -u

here=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
bin=$(realpath "${XB_BIN:-build/bin}")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/xbisect-test.XXXXXX")
state=$tmp/state
conf=$tmp/xbisectd.conf
flog=$tmp/fakes.log # what the fakes were asked to do
daemon=
count=0
export XBISECT_SOCKET=$tmp/control XBISECT_PATIENCE=30s
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
unset NO_COLOR XBISECT_CONFIG
cd "$tmp" || exit 1

cleanup() {
	kill_daemon
	end_workers
	mountpoint -q "$state" && umount "$state"
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# ---- TAP ---------------------------------------------------------------------
ok() { # ok STATUS NAME
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
		return 0
	fi
	echo "not ok $count - $2"
	for file in out err; do
		[ ! -s "$tmp/$file" ] || head -c 3000 "$tmp/$file" | sed "s/^/# $file: /" | head -30
	done
	[ ! -s "$tmp/daemon.log" ] || tail -15 "$tmp/daemon.log" | sed 's/^/# daemon: /' | cut -c1-300
	return 1
}

is() { # is NAME GOT WANTED
	[ "$2" = "$3" ]
	ok $? "$1" || printf '# got: %s\n# wanted: %s\n' "$2" "$3"
}

has() { # has NAME FILE PATTERN
	grep -qE -- "$3" "$tmp/$2"
	ok $? "$1" || printf '# pattern: %s\n' "$3"
}

hasnt() {
	! grep -qE -- "$3" "$tmp/$2"
	ok $? "$1" || printf '# pattern: %s\n' "$3"
}

# The last output is one JSON object of which the jq expression is true.
json() { # json NAME EXPRESSION
	[ "$(jq -s 'length' "$tmp/out" 2>/dev/null)" = 1 ] && jq -e "$2" "$tmp/out" >/dev/null 2>&1
	ok $? "$1" || printf '# expression: %s\n' "$2"
}

skip() { # skip NAME WHY
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

finish() {
	stop_daemon
	# of the daemon, and of workers, whose stderr is in their directories
	local reports='Sanitizer|runtime error:|CRITICAL|assertion'
	! grep -raE -A 30 "$reports" "$tmp/daemon.log" "$state"/runs/*/stderr >"$tmp/reports" 2>/dev/null
	ok $? "no sanitizer report and no failed assertion" || head -60 "$tmp/reports" | sed 's/^/# /'
	echo "1..$count"
}

# ---- the daemon ----------------------------------------------------------------
# config [GROUP-LINES]: fakes with the options in $builder_options, $host_options;
# more text (groups) from the argument.
builder_options=
host_options=
host_keys=
host_deadline=20s
daemon_keys=
builder_keys="deadline=20s"
config() {
	cat >"$conf" <<END
[daemon]
state_dir=$state
socket=$XBISECT_SOCKET
$daemon_keys

[builder]
command=$here/fake-builder --log $flog $builder_options
ccache_dir=none
$builder_keys

[host fake]
driver=command
command=$here/fake-host --log $flog $host_options
deadline=$host_deadline
$host_keys

[workload map-unmap]
iterations=3
metrics=unmap:s:lower;map:s:lower

${1-}
END
}

# fake-host in the place of xbisect-run: the daemon meets it without a runner between.
raw_host() {
	config "
[runner]
command=$here/fake-host --raw --log $flog $host_options
${1-}"
}

start_daemon() {
	"$bin/xbisectd" --config "$conf" 2>>"$tmp/daemon.log" </dev/null &
	daemon=$!
	for _ in $(seq 400); do
		"$bin/xbisect" list >/dev/null 2>&1 && return 0
		kill -0 "$daemon" 2>/dev/null || break
		pause
	done
	ok 1 "the daemon starts"
	sed 's/^/# /' "$tmp/daemon.log"
	echo "Bail out! no daemon"
	exit 1
}

stop_daemon() {
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	[ -z "$daemon" ] || wait "$daemon" 2>/dev/null
	daemon=
}

kill_daemon() { # at once, as a crash
	[ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null
	[ -z "$daemon" ] || wait "$daemon" 2>/dev/null
	daemon=
}

# Workers outlive the daemon by design: those of this test are ended by the pid
# that stands in their run directory.
end_workers() {
	local file pid
	for file in "$tmp"/*/runs/*/pid; do
		[ -s "$file" ] || continue
		pid=$(<"$file")
		[ "/proc/$pid/cwd" -ef "${file%/*}" ] || continue
		kill -9 -- "-$pid" 2>/dev/null
	done
}

fresh_state() { # a new state directory; the old daemon ends
	kill_daemon
	end_workers
	rm -rf "$state"
	: >"$flog"
}

# ---- the client ------------------------------------------------------------------
x() { # x ARGS...: output in out and err, exit status in $status
	status=0
	timeout 60 "$bin/xbisect" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
}

j() { # j EXPRESSION: of the last output
	jq -r "$1" "$tmp/out" 2>/dev/null
}

# ask LINE...: each line on one connection, the last answer in out; as the user that "as" makes us
as=()
ask() {
	"${as[@]}" /usr/bin/python3 - "$XBISECT_SOCKET" "$@" >"$tmp/out" 2>"$tmp/err" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
s.connect(sys.argv[1])
f = s.makefile("rw")
for line in sys.argv[2:]:
    print(line, file=f, flush=True)
    answer = f.readline()
print(answer, end="")
END
}

wait_until() { # wait_until SECONDS COMMAND...: on a quiet machine; a busy one gets six times that
	local end=$((EPOCHSECONDS + 6 * $1))
	shift
	until "$@"; do
		[ "$EPOCHSECONDS" -le "$end" ] || return 1
		pause
	done
}

# A program for each look costs more than what is waited for: no sleep(1), and no jq, which
# needs longer to start than xbisect to answer.
exec {never}<> <(:)
pause() { # of 0.05 s
	read -rt 0.05 -u "$never" || :
}

ended() { # ended ID
	[[ $("$bin/xbisect" show --json "$1" 2>/dev/null) =~ $'\n  "state": "'(done|failed|cancelled)'"' ]]
}

logged() { # logged PATTERN: the fakes were asked that
	grep -qE "$1" "$flog" 2>/dev/null
}

logged_count() {
	grep -cE "$1" "$flog" 2>/dev/null
}

sha() { # sha NAME [REPO]
	git -C "${2:-$tmp/repo}" rev-parse "$1"
}

toy() { # toy DIR: lines from stdin
	"$here/lib/toy-repo" "$tmp/$1"
}

linear() { # linear DIR N BAD [OLD NEW [EXTRA...]]
	local dir=$1
	shift
	"$here/lib/toy-repo" --linear "$@" | "$here/lib/toy-repo" "$tmp/$dir"
}
