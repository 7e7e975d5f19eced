#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with GRUB and the machine's own system: workloads that do not end
# well.
# shellcheck source=tests/program/lib/lab-grub.sh
. "$(dirname "$0")/lib/lab-grub.sh"

kernel kernel-ok ok
touch slow
job kernel-ok "$grub" | "$bin/xbisect-run" >out.jsonl 2>err &
runner=$!
for _ in $(seq 600); do grep -q '"phase":"workload"' out.jsonl && break; sleep 0.1; done
for _ in $(seq 600); do [ -e "$m/shm/nonce" ] && break; sleep 0.1; done
rm -rf "$m/shm" # it is in memory
: >"$m/reboot"
wait $runner
rm -f slow
has '"outcome":"workload-failed".*\(second time\|started again\)' "a machine that reboots in the workload is workload-failed"

touch fails
grub_run ok
has '"outcome":"workload-failed".*status 9.*no such domain' "a workload that fails says why"
rm fails
mv dom0 dom0.short
printf '#!/bin/sh\nyes unmap 0.1 s | head -c 1500000\n' >dom0
chmod +x dom0
grub_run ok
has '"outcome":"workload-failed".*printed more than' "and one that prints too much"
mv dom0.short dom0
echo "1..$n"
