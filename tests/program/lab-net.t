#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with network boot: what is measured, and kernels that do not come up. See tests/lab/ for
# machines that do boot.
# shellcheck source=tests/program/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

run ok
has '"outcome":"ok"' "a kernel is booted once and measured"
has '"metric": *"unmap","value":0.0225' "its samples come over the console"
[ "$(sed -n 's/.*"phase","phase":"\([a-z0-9-]*\)".*/\1/p' out.jsonl | xargs)" = "prepare known-good deploy reset boot dom0 workload" ]
ok $? "and how far it has come"
has '"event":"fingerprint","host":"[0-9a-f]*"' "with the machine's fingerprint"
first=$(grep -o '"host":"[0-9a-f]\{64\}"' out.jsonl)
reverted "the known-good system is what boots next, nothing is left in the folder"
grep -aq 'xbisect boot' console && grep -q 'connected' console.times
ok $? "the raw console and its times are kept"
run ok
has '"outcome":"ok"' "the next kernel finds the machine"
[ "$first" = "$(grep -o '"host":"[0-9a-f]\{64\}"' out.jsonl)" ]
ok $? "the fingerprint is the same after each start"
run ok '"known_hosts":"/dev/null"' fingerprint
has '"outcome":"ok"' "the fingerprint of a machine at work is the one it told"
[ "$first" = "$(grep -o '"host":"[0-9a-f]\{64\}"' out.jsonl)" ]
ok $? "and the same"

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
echo "1..$n"
