#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with network boot: kernels and hosts that fail in other ways.
# shellcheck source=tests/program/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

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
echo "1..$n"
