# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by the tests of driver=ssh in which controllers are killed, wherever they are; above all
# between power off and power on.
# shellcheck source=tests/program/lib/lab-grub.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab-grub.sh"

# A switch that takes its time to switch on while there is a file, and a checksum that does.
net='"power_deadline_s":"120","power_on":"sh -c '"'while [ -e $work/stall ]; do sleep 0.1; done; echo on >$m/power'"'"'
grub=${grub/\"power_on\":*power_off\"/$net,\"power_off\"}
cat >"$m/bin/sha256sum" <<SUM
#!/bin/sh
while [ -e $work/stall-sum ]; do sleep 0.1; done
exec $(command -v sha256sum)
SUM
chmod +x "$m/bin/sha256sum"

away() { [ "$(cat "$m/power")" = off ]; }
until_true() # COMMAND...
{
	for _ in $(seq 6000); do "$@" && return 0; sleep 0.1; done
	return 1
}
phase() { grep -q "\"phase\":\"$1\"" out.jsonl; }
# begin KERNEL MEMBERS PHASE: a run, in $runner, that has come so far
begin()
{
	rm -f lab.log console out.jsonl
	kernel "kernel-$1" "$1"
	job "kernel-$1" "$2" >job.json
	"$bin/xbisect-run" <job.json >out.jsonl 2>err &
	runner=$!
	until_true phase "$3"
}
end()
{
	kill -9 $runner
	wait $runner 2>/dev/null
	rm -f stall stall-sum
	sleep 0.5 # what it had begun on the machine is over
}
# killed WHAT MEMBERS: is there nothing of it left that matters?
killed()
{
	run ok "$2" recover
	has '"outcome":"ok"' "$1: found and brought back"
	run ok "$2"
	has '"outcome":"ok"' "$1: and measures again"
}
# Cancelled: SIGTERM while its kernel hangs, and SIGKILL while it switches the machine off and on.
cancel()
{
	begin "$1" "$2,\"silence_s\":\"60\",\"boot_deadline_s\":\"60\"" boot
	touch stall
	kill $runner
	until_true away
	end
	away
	ok $? "$3: killed between power off and power on, the machine is off"
}

