#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with GRUB, and a network that is gone for a minute while the workload runs: what the
# machine's sshd had is not answered any more, what comes new neither.
# shellcheck source=tests/program/lib/lab-grub.sh
. "$(dirname "$0")/lib/lab-grub.sh"

# tree PID: it and what it started, as far as that is sshd; the workload runs on.
tree()
{
	local child
	[ "$(cat "/proc/$1/comm" 2>/dev/null)" = sshd ] || return
	echo "$1"
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do tree "$child"; done
}
link() # up|down
{
	local signal=CONT _
	[ "$1" = up ] || signal=STOP
	# what is born meanwhile, too
	for _ in 1 2; do tree "$sshd_pid" | xargs -r kill -$signal; done
}
until_true() # COMMAND...
{
	for _ in $(seq 6000); do "$@" && return 0; sleep 0.1; done
	return 1
}
works() { grep -qs '"phase":"workload"' out.jsonl; }

sshd_pid=$(cat "$m/sshd_pid")
kernel kernel-ok ok
touch slow
job kernel-ok "$grub" >job.json
"$bin/xbisect-run" <job.json >out.jsonl 2>err &
runner=$!
until_true works
ok $? "the workload runs"
sleep 5
link down
sleep 62
rm slow # it ends while nobody can ask
sleep 3
kill -0 $runner
ok $? "no network for a minute: the run goes on"
grep -q 'workload: .*' lab.log
ok $? "it was asked for meanwhile, in vain" || tail -n 5 lab.log
link up
wait $runner
has '"outcome":"ok"' "then its results are fetched: ok"
[ "$(grep -c '"event":"sample"' out.jsonl)" -eq 2 ]
ok $? "all of them"
until_true test -e "$m/up"
clean "and the machine is as it was"
echo "1..$n"
