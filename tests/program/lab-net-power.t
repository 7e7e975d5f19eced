#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with network boot: its power switch, and what recover and check do.
# shellcheck source=tests/program/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

run ok '' recover
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
has '"detail":"[^"]*, and the script in net_dir was read"' "and what the machine loads"
has '"outcome":"ok"' "and is content"
reverted "the known-good script is as it was"
mkdir -p elsewhere
run ok '"net_dir":"'$work/elsewhere'","power_on":"'"$work/switch $m/power on"'","power_off":"'"$work/switch $m/power off"'","power_status":"cat '$m/power'"' check
has '"detail":"[^"]*, but the script in net_dir was not seen on the console' "a folder that is not the machine's is told"
run ok '"console_address":"127.0.0.1:1"' check
has '"operation":"console","ok":false.*"advice":"set console=' "a console that is not there gets advice"
echo "1..$n"
