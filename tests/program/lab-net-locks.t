#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with network boot: locks and settings.
# shellcheck source=tests/program/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

# ---- locks ---------------------------------------------------------------------------
kernel kernel-hang hang
job kernel-hang '"silence_s":"60","boot_deadline_s":"60"' | XDG_STATE_HOME=$work/other "$bin/xbisect-run" >other.jsonl 2>/dev/null &
for _ in $(seq 6000); do grep -q '"phase":"boot"' other.jsonl && break; sleep 0.1; done
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
for _ in $(seq 6000); do grep -q '"phase":"boot"' out.jsonl && break; sleep 0.1; done
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
