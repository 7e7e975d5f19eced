#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh, under the daemon: a controller that is killed, wherever it is. The next one
# finds the machine and brings it back.
# shellcheck source=tests/program/lib/lab-kill.sh
. "$(dirname "$0")/lib/lab-kill.sh"

export XBISECT_SOCKET=$work/control XBISECT_PATIENCE=60s
unset NO_COLOR XBISECT_CONFIG
cat >xbisectd.conf <<END
[daemon]
state_dir=$work/daemon
socket=$XBISECT_SOCKET
[workload w]
iterations=2
metrics=unmap:s:lower
[host lab1]
driver=ssh
address=127.0.0.1
port=$ssh_port
ssh_user=$(id -un)
ssh_key_file=$work/user_key
known_hosts=$work/known_hosts
power=command
power_on=sh -c 'while [ -e $work/stall ]; do sleep 0.1; done; echo on >$m/power'
power_off=sh -c 'echo off >$m/power'
power_status=cat $m/power
power_pause=0.3s
power_deadline=120s
console=tcp
console_address=127.0.0.1:$console_port
boot=net
net_dir=$m/net
xen=$work/xen
settle=0
silence=60s
boot_deadline=60s
recover_deadline=60s
deadline=300s
END
daemon_start()
{
	"$bin/xbisectd" --config xbisectd.conf 2>>daemon.log </dev/null &
	daemon=$!
	pids+=("$daemon")
	until_true quiet "$bin/xbisect" list
}
quiet() { "$@" >/dev/null 2>&1; }
told() # STATUS TEXT
{
	ok "$1" "$2" || tail -n 25 daemon.log | sed 's/^/# daemon: /'
}
condition_is() { [ "$("$bin/xbisect" hosts --json | jq -r '.hosts[0].condition')" = "$1" ]; }
worker_dir() { find daemon/runs -mindepth 1 -maxdepth 1 2>/dev/null | sort -V | tail -n 1; }
hangs() { [ "$(worker_dir)" != "$last" ] && grep -qs '"phase":"boot"' "$(worker_dir)/events.jsonl"; }
back()
{
	until_true test -e "$m/up"
	told $? "$1: the machine is up again"
	until_true condition_is ready
	told $? "$1: and ready"
}
# cancel_job [ALSO-KILLED]: its worker is killed between power off and power on
cancel_job()
{
	local id pid last
	last=$(worker_dir)
	id=$("$bin/xbisect" bisect --json --images list | jq -r .id)
	until_true hangs
	told $? "a job's kernel hangs"
	pid=$(cat "$(worker_dir)/pid")
	touch stall
	"$bin/xbisect" cancel "$id" >/dev/null
	until_true away
	told $? "cancelled: its worker switches the machine off"
	[ -z "${1-}" ] || kill -9 "$1"
	kill -9 -- "-$pid"
	rm stall
}
for i in 1 2; do
	kernel "hang-$i" hang "$i"
	echo "$work/hang-$i hang-$i"
done >list
# who PATTERN: what the list of hosts says of the machine
who() { "$bin/xbisect" hosts list >hosts.out && grep -qE "$1" hosts.out; }
daemon_start
back "a new host"
who "^ *lab1 +ssh +online +- "
told $? "nobody holds it"
kernel kernel-hang hang
job kernel-hang '"silence_s":"60","boot_deadline_s":"60"' |
	XDG_STATE_HOME=$work/other "$bin/xbisect-run" >out.jsonl 2>err &
runner=$!
until_true phase boot
until_true who "held by $(id -un)@[^ ]*, process $runner"
told $? "a run by hand holds it: the list says who" || sed 's/^/# /' hosts.out
kill $runner
wait $runner
until_true who "^ *lab1 +ssh +online +- "
told $? "and when that is over"
cancel_job
back "its worker killed"
kernel hang-1 hang 3 # as if new
cancel_job "$daemon"
wait "$daemon" 2>/dev/null
away
ok $? "daemon and worker killed: the machine stays off"
daemon_start
back "at the daemon's next start"
kill "$daemon"
wait "$daemon"
echo "1..$n"
