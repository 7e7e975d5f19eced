#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with GRUB: a controller that is killed in deploy, or before. The next one
# finds the machine and brings it back.
# shellcheck source=tests/program/lib/lab-kill.sh
. "$(dirname "$0")/lib/lab-kill.sh"

touch stall-sum
begin ok "$grub" deploy
end
killed "grub, killed in deploy" "$grub"
off
begin ok "$grub" known-good
end
killed "grub, killed while the known-good system starts" "$grub"
echo "1..$n"
