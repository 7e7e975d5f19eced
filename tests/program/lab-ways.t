#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh: the ways to a power switch (an HTTP outlet, IPMI) and to a console (a socket of the
# file system, a serial device). The machine is that of lab-net.t.
# shellcheck source=tests/program/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

# ---- an outlet over HTTP ------------------------------------------------------------
"$lib/pdu" "$m" 2>pdu.err &
pids+=($!)
for _ in $(seq 100); do [ ! -s "$m/pdu.port" ] || break; sleep 0.1; done
pdu='"power":"pdu","pdu_url":"http://127.0.0.1:'$(cat "$m/pdu.port")'","pdu_name":"rack7","pdu_outlet":"3"'
way ok "$pdu,\"recover_deadline_s\":\"10\"" recover
has '"outcome":"ok"' "an outlet over HTTP starts a machine that is off"
way ok "$pdu"
has '"outcome":"ok"' "and a kernel is measured"
grep -qx '/power/control/off?hostname=rack7&port=3' "$m/pdu.requests" &&
	grep -qx '/power/control/on?hostname=rack7&port=3' "$m/pdu.requests"
ok $? "it was asked for that outlet"
way hang "$pdu"
has '"outcome":"boot-failed".*nothing on the console' "a kernel that hangs is boot-failed"
way ok "$pdu" recover
has '"outcome":"ok"' "and switched away"
off
echo fail >"$m/pdu.does"
way ok "$pdu,$soon" recover
has '"outcome":"host-trouble".*power_off: .*500' "an outlet that refuses is host-trouble, with its answer"
echo stall >"$m/pdu.does"
way ok "$pdu,$soon,\"power_deadline_s\":\"1\"" recover
has '"outcome":"host-trouble".*power_off: not finished in time' "one that never answers, too"
echo lie >"$m/pdu.does"
way ok "$pdu,$soon" recover
has '"outcome":"host-trouble".*does not come back after 2 power cycles' "one that lies is found by what does not come"
way ok "$pdu,$soon,\"power_status\":\"cat $m/power\"" recover
has '"outcome":"host-trouble".*power_on was answered 2 times' "or by a status of its own"
rm "$m/pdu.does"
way ok "$pdu" recover
has '"outcome":"ok"' "after all that it works"

# ---- consoles -----------------------------------------------------------------------------
"$lib/console-bridge" unix "$work/console.socket" "$console_port" &
pids+=($!)
"$lib/console-bridge" pty "$work/console.tty" "$console_port" &
pids+=($!)
for _ in $(seq 100); do [ ! -e console.socket ] || [ ! -e console.tty ] || break; sleep 0.1; done
run ok '"console":"unix","console_path":"'"$work/console.socket"'"'
has '"outcome":"ok"' "a console that is a socket of the file system"
run ok '"console":"command","console_command":"sh -c '"'echo noise of a tool >&2; exec cat'"' ","console_address":""' check
has '"operation":"console","ok":true,"detail":"it is open, and silent"' "what a command complains of is nothing from the machine"
grep -q 'noise of a tool' lab.log
ok $? "it is in the log"
run ok '"console":"command","console_command":"sh -c '"'echo no such port >&2; exit 1'"'"' check
has '"operation":"console","ok":false' "a command that ends at once is no console"
run ok '"console":"command","console_command":"bash -c '"'exec 3<>/dev/tcp/127.0.0.1/$console_port; exec cat <&3'"'"'
has '"outcome":"ok"' "a console that is a command"
run ok '"console_address":"localhost:'"$console_port"'"'
has '"outcome":"ok"' "one under a name whose first address may be another"
head -c 2000000 /dev/zero >switch.log
run ok '"power_off":"sh -c '"'echo off >>$work/switch.log; echo off >{net_dir}/../power'"'"' check
has '"operation":"power-cycle","ok":true' "a switch's command may write a long log of its own"
run ok '"console":"device","console_device":"'"$work/console.tty"'"'
has '"outcome":"ok"' "a console that is a serial device"
[ "$(stty -F "$work/console.tty" speed)" = 115200 ]
ok $? "its speed is set"
run panic '"console":"device","console_device":"'"$work/console.tty"'","console_speed":"9600"'
has '"outcome":"boot-failed".*panicked' "at another speed, too"
run ok '"console":"device","console_device":"'"$work/console.tty"'","console_speed":"12345"'
has '"outcome":"host-trouble".*no speed of a serial line' "a speed that no line has is refused"
run ok '"console":"device","console_device":"'"$work/nothing"'"'
has '"outcome":"host-trouble".*console can.t be opened: .*No such file' "a device that is not there is told"
run ok '"console":"device","console_device":"'"$work/host.json"'"'
has '"outcome":"host-trouble".*console can.t be opened: .*ioctl' "and one that is no serial line"

echo "1..$n"
