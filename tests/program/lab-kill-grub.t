#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with GRUB: a controller that is killed between power off and on. The next one
# finds the machine and brings it back.
# shellcheck source=tests/program/lib/lab-kill.sh
. "$(dirname "$0")/lib/lab-kill.sh"

cancel hang "$grub" grub
killed grub "$grub"
cancel hang "$grub" "grub, once more"
run ok "$grub"
has '"outcome":"ok"' "grub: the next job finds it switched off, and measures"
echo "1..$n"
