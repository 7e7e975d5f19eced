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
for _ in $(seq 6000); do grep -q '"phase":"workload"' out.jsonl && break; sleep 0.1; done
for _ in $(seq 6000); do [ -e "$m/shm/nonce" ] && break; sleep 0.1; done
boot_id=$(cat "$m/boot_id")
rm -rf "$m/shm" # it is in memory
: >"$m/reboot"
wait $runner
rm -f slow
back() { [ ! -e "$m/reboot" ] && [ "$(cat "$m/boot_id")" != "$boot_id" ] && [ -e "$m/up" ]; }
for _ in $(seq 600); do back && break; sleep 0.1; done
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

# ---- profile=perf -----------------------------------------------------------------------
job kernel-ok '"profile":"perf"' | "$bin/xbisect-run" >out.jsonl 2>err
has 'profile=perf is for root=disk' "profile=perf without a system that has perf is refused"
sampled()
{
	job kernel-ok "$grub,\"profile\":\"perf\"" | jq -c '.profile = "perf"' |
		"$bin/xbisect-run" >out.jsonl 2>err
}
mv dom0 dom0.short
# shellcheck disable=SC2016
{ cat dom0.short; echo 'i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i + 1)); done'; } >dom0
chmod +x dom0
if perf record -q -N -o perf.test true 2>/dev/null; then
	sampled
	has '"event":"profile","mode":"perf","unit":"samples"' "the machine's own perf samples the workload"
	has '"metric":"unmap","value":0.0224' "beside its output"
	grep -qE '^(user;)?([^; ]+_\[k\];)*[^; ]+_\[k\] [0-9]+$' profile-workload.folded
	ok $? "the kernel's functions are stacks"
	! grep -qvE '^[^ ]+ [0-9]+$' profile-workload.folded && [ ! -e "$m/shm/perf.data" ]
	ok $? "they are folded there, and what they are made of is removed"
	jq -es 'map(select(.event == "profile"))[0].phases[0] | .instructions == .kernel + .user and .kernel > 0 and
		(.functions | length > 0)' out.jsonl >/dev/null
	ok $? "and counted"
else
	for _ in 1 2 3 4 5; do echo "ok $((n += 1)) # SKIP no perf here that may record"; done
fi
mv dom0.short dom0
echo "1..$n"
