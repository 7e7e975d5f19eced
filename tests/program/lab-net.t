#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with network boot, its power switch, console, locks and settings. See
# tests/lab/ for machines that do boot.
# shellcheck source=tests/program/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

reverted()
{
	! grep -q 'xbisect boot' "$m/net/boot.ipxe" && [ -z "$(find "$m/net" -name 'xbisect-*')" ] && [ ! -e "$m/net/.xbisect-lock" ]
	ok $? "$1"
}

# ---- network boot ----------------------------------------------------------------
run ok
has '"outcome":"ok"' "a kernel is booted once and measured"
has '"metric": *"unmap","value":0.0225' "its samples come over the console"
has '"event":"fingerprint","host":"[0-9a-f]*"' "with the machine's fingerprint"
first=$(grep -o '"host":"[0-9a-f]\{64\}"' out.jsonl)
reverted "the known-good system is what boots next, nothing is left in the folder"
grep -aq 'xbisect boot' console && grep -q 'connected' console.times
ok $? "the raw console and its times are kept"
run ok
has '"outcome":"ok"' "the next kernel finds the machine"
[ "$first" = "$(grep -o '"host":"[0-9a-f]\{64\}"' out.jsonl)" ]
ok $? "the fingerprint is the same after each start"

run panic
has '"outcome":"boot-failed".*panicked.*Attempted to kill init' "a panic is boot-failed, with the telling lines"
reverted "and the known-good system comes next"
run hang '"silence_s":"2"'
has '"outcome":"boot-failed".*nothing on the console' "a silent hang is boot-failed"
run losthang '"silence_s":"2"'
has '"outcome":"host-trouble".*nothing on the console.*console was lost' "one whose console was lost meanwhile is not charged"
run calm '"settle_s":"10","boot_deadline_s":"60"'
has '"outcome":"ok"' "a dom0 that calms down for longer than the silence is none that hangs"
run hang '"silence_s":"0"'
has '"outcome":"boot-failed".*dom0 was not up' "without a limit of silence the deadline of a boot ends it"
echo off >"$m/power"
sleep 1
kernel kernel-dark dark
job kernel-dark | jq -c '.deadline_s = 4' | "$bin/xbisect-run" >out.jsonl 2>err
has '"outcome":"host-trouble".*deadline of 4 s is over' "the job's own deadline ends what is begun, and no kernel is charged"
reverted "and the known-good system comes next"
run fallback
has '"outcome":"boot-failed".*second time' "a machine that fell back quietly is boot-failed"
run triple
has '"outcome":"boot-failed".*second time' "and so is a kernel that resets the machine without a word"
run nodom0
has '"outcome":"boot-failed".*no dom0' "a kernel that is no dom0 is boot-failed"
run other
has '"outcome":"boot-failed".*6.1.0-other.*6.1.0-test' "a kernel of another release than its file's is refused"
run notloaded
has '"outcome":"host-trouble".*could not load' "files that can't be fetched are host-trouble"
run half
has '"outcome":"host-trouble".*loaded .* bytes of its kernel: look at the TFTP' "a server that gives half a file is host-trouble"
reverted "and the known-good system comes next"
run dark '"boot_deadline_s":"8"'
has '"outcome":"host-trouble".*Xen was not started' "a boot loader that hangs is host-trouble"
run loadloop '"boot_deadline_s":"8"'
has '"outcome":"host-trouble".*Xen was not started' "and one that starts again and again"
reverted "and the known-good system comes next"
run torn
has '"outcome":"workload-failed".*torn' "a torn result is no number"
run drop
has '"outcome":"host-trouble".*console was lost' "a console that dropped results is host-trouble"
run status
has '"outcome":"workload-failed".*status 3' "the workload's status counts"
run reboot
has '"outcome":"workload-failed".*second time' "a reboot in the workload is workload-failed"
run workhang
has '"outcome":"workload-failed".*nothing on the console' "and so is a hang"
run ok
has '"outcome":"ok"' "after all that the machine measures"
run ok '"known_hosts":"/dev/null"' fingerprint
has '"outcome":"ok"' "the fingerprint of a machine at work is the one it told"
[ "$first" = "$(grep -o '"host":"[0-9a-f]\{64\}"' out.jsonl)" ]
ok $? "and the same"

touch "$m/lie"
run dark '"boot_deadline_s":"3","power_deadline_s":"2"'
run ok '"power_deadline_s":"2"'
has '"outcome":"host-trouble".*look at power' "a power switch that lies is host-trouble"
rm "$m/lie"
run dark '"power_off":"true","boot_deadline_s":"3","power_deadline_s":"2"'
has '"outcome":"host-trouble".*power_off was answered' "one whose status contradicts is told"

run ok '' recover
touch "$m/stays"
run ok '"boot_deadline_s":"60"'
has '"outcome":"ok"' "a system that says it reboots and stays is switched off and on"
grep -q 'told to reboot, and did not' lab.log
ok $? "that is in the log"
rm "$m/stays"

# ---- recover, check ----------------------------------------------------------------
run ok '' recover
has '"outcome":"ok"' "recover brings it back"
echo off >"$m/power"
run ok '' recover
has '"outcome":"ok"' "from being off too"
/usr/bin/python3 -c 'if True:
	import socket
	server, kept = socket.create_server(("127.0.0.1", 0)), []
	print(server.getsockname()[1], flush=True)
	while True:
		kept.append(server.accept())' >half-open &
pids+=($!)
for _ in $(seq 100); do [ ! -s half-open ] || break; sleep 0.1; done
run ok "\"port\":\"$(cat half-open)\",\"ssh_options\":\"-o ConnectTimeout=1\",$soon" recover
has '"outcome":"host-trouble".*does not come back.*timed out' "ssh that takes connections and says nothing is host-trouble"
run ok '' recover
has '"outcome":"ok"' "which leaves the machine as it was"
run ok '' check
has '"operation":"power-cycle","ok":true' "check tries the power switch"
has '"operation":"known-good","ok":true' "and the known-good system"
has '"outcome":"ok"' "and is content"
run ok '"console_address":"127.0.0.1:1"' check
has '"operation":"console","ok":false.*"advice":"set console=' "a console that is not there gets advice"

# ---- locks ---------------------------------------------------------------------------
kernel kernel-hang hang
job kernel-hang '"silence_s":"60","boot_deadline_s":"60"' | XDG_STATE_HOME=$work/other "$bin/xbisect-run" >other.jsonl 2>/dev/null &
for _ in $(seq 300); do grep -q '"phase":"boot"' other.jsonl && break; sleep 0.1; done
run ok
has '"outcome":"host-trouble".*in use by another controller' "a second controller is refused"
! grep -q '"phase":"deploy"' out.jsonl
ok $? "before it does anything"
kill -9 "$(awk '{ print $3 }' "$m/net/.xbisect-lock")"
sleep 0.3
run ok
has '"outcome":"ok"' "the lock of a killed controller is void, its machine is found again"
reverted "and nothing of it is left"
job kernel-hang '"silence_s":"60","boot_deadline_s":"60"' >job.json
"$bin/xbisect-run" <job.json >out.jsonl 2>err &
runner=$!
for _ in $(seq 200); do grep -q '"phase":"boot"' out.jsonl && break; sleep 0.1; done
job kernel-hang '' lock | "$bin/xbisect-run" >lock.jsonl 2>err
grep -q '"where":"controller",.*"pid":'"$runner"'[,}]' lock.jsonl && grep -q '"where":"folder",.*"pid":'"$runner"',' lock.jsonl
ok $? "who holds the machine is told, by both locks"
kill $runner
wait $runner
has '"outcome":"host-trouble","detail":"ended on request"' "SIGTERM ends it"
reverted "and brings the machine back"

# ---- settings ------------------------------------------------------------------------
for bad in '"power":"magic"' '"boot":"floppy"' '"console":"none"' '"net_script":"../x"' '"root":"disk"' \
	'"power":"ipmi"' '"ssh_options":"'"'"'"' '"console_address":"nowhere"' '"power_on":"{nothing}","power_off":"{nothing}"'; do
	run ok "$bad" check
	grep -q '"ok":false' out.jsonl && grep -q '"outcome":"host-trouble"' out.jsonl
	ok $? "refused: $bad"
done
echo "1..$n"
