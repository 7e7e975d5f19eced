#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with GRUB and the machine's own system: who may use it, and who can't.
# shellcheck source=tests/program/lib/lab-grub.sh
. "$(dirname "$0")/lib/lab-grub.sh"

# ---- the network goes, and another controller comes -------------------------------
kernel kernel-ok ok
touch slow
job kernel-ok "$grub" | "$bin/xbisect-run" >away.jsonl 2>err &
runner=$!
for _ in $(seq 6000); do grep -q '"phase":"workload"' away.jsonl && break; sleep 0.1; done
sleep 3
XDG_STATE_HOME=$work/other grub_run ok
has '"outcome":"host-trouble".*in use by another controller' "the lock on the machine refuses a second controller"
printf '#!/bin/sh\necho 2000000000\n' >"$m/bin/date"
chmod +x "$m/bin/date"
XDG_STATE_HOME=$work/other grub_run ok
rm "$m/bin/date"
has '"outcome":"host-trouble".*in use by another controller' "and still does when the machine's clock jumps by years"
XDG_STATE_HOME=$work/other grub_run ok '' lock
has '"event":"lock","where":"machine","owner":"'"$(id -un)"'@.*","pid":'"$runner"',' "who holds it is told"
has '"outcome":"ok"' "and the machine is left alone"
mv "$m/up" "$m/up.away"
sleep 8
rm slow
mv "$m/up.away" "$m/up"
wait $runner
cp away.jsonl out.jsonl
has '"outcome":"ok"' "a network that is gone for a while in the workload spoils nothing"

touch slow
job kernel-ok "$grub" >job.json
"$bin/xbisect-run" <job.json >away.jsonl 2>err &
runner=$!
for _ in $(seq 6000); do grep -q '"phase":"workload"' away.jsonl && break; sleep 0.1; done
kill -9 $runner
wait $runner 2>/dev/null
rm slow
grub_run ok '' recover
has '"outcome":"ok"' "a machine whose controller was killed is found and brought back"
clean "and its lock is void"
grub_run ok '' lock
! grep -q '"event":"lock"' out.jsonl && grep -q '"outcome":"ok"' out.jsonl
ok $? "nobody holds it now"

# ---- hosts that can't boot once -----------------------------------------------------
grub-editenv "$g/grubenv" unset saved_entry
grub_run ok
has '"outcome":"host-trouble".*no default entry is saved' "a machine without a saved default is refused"
grub-editenv "$g/grubenv" set saved_entry=gone
grub_run ok
has '"outcome":"host-trouble".*no menu entry gone' "and one whose default is not there"
grub-editenv "$g/grubenv" set saved_entry=known-good
printf '#!/bin/sh\ncase $1 in --target=abstraction) echo diskfilter lvm;; *) echo ext2;; esac\n' >"$m/bin/grub-probe"
chmod +x "$m/bin/grub-probe"
grub_run ok
has '"outcome":"host-trouble".*GRUB can.t write' "and one whose environment GRUB can't write"
rm "$m/bin/grub-probe"
grub_run ok '"boot_dir":"/dev/null/xbisect"'
has '"outcome":"host-trouble".*can.t be written' "a folder that can't be written is host-trouble"
grub_run ok '' check
has '"operation":"boot-once","ok":true.*known-good' "check finds the machine fit"
has '"outcome":"' "and ends"
echo "1..$n"
