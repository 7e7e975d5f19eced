#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with GRUB and the machine's own system: what answers, and is not what was
# to be measured.
# shellcheck source=tests/program/lib/lab-grub.sh
. "$(dirname "$0")/lib/lab-grub.sh"

grub_run noxen
has '"outcome":"boot-failed".*not under Xen' "ssh without Xen is boot-failed"
grub_run sshpanic
has '"outcome":"workload-failed".*panicked' "a panic under a step over ssh is the kernel's, by the console"
grub_run fallback
has '"outcome":"boot-failed"' "a machine that fell back quietly is boot-failed"
touch "$m/sticky"
grub_run ok
has '"outcome":"ok"' "an environment that GRUB does not clear"
clean "is cleared by us"
rm "$m/sticky"
echo "1..$n"
