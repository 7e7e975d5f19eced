#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with GRUB and the machine's own system: boots, good and bad.
# shellcheck source=tests/program/lib/lab-grub.sh
. "$(dirname "$0")/lib/lab-grub.sh"

grub_run ok
has '"outcome":"ok"' "a kernel is booted once by GRUB and measured over ssh"
has '"metric":"unmap","value":0.0224,"unit":"s","iteration":1' "its samples are there"
clean "GRUB's next entry is cleared, the lock on the disk is gone"
grep -q 'of the owner' "$g/custom.cfg" && grep -q -- '--id xbisect' "$g/custom.cfg"
ok $? "what others wrote into custom.cfg stays"
grep -q 'root=/dev/sda1 ro' "$g/custom.cfg"
ok $? "the root is that of the known-good system"

grub_run nossh '"boot_deadline_s":"15"'
has '"outcome":"boot-failed".*dom0 was not up' "dom0 without ssh is boot-failed"
grep -q 'boot/xbisect/xen is there already' lab.log
ok $? "a file that is there already is not sent again"
tr 'E' 'e' <xen >"$m/boot/xbisect/xen"
grub_run noroot
has '"outcome":"boot-failed".*Unable to mount root fs' "a root that is not there is boot-failed, and it is said"
cmp xen "$m/boot/xbisect/xen"
ok $? "but one that differs is"
grub_run triple
has '"outcome":"boot-failed".*second time' "a kernel that resets the machine is boot-failed"
grub_run drop
has '"outcome":"ok"' "a console that drops while dom0 starts, and comes again, spoils nothing"
grep -q lost console.times
ok $? "that is written down"
ln -s /dev/full "$m/boot/xbisect/kernel.new"
grub_run ok
has '"outcome":"host-trouble".*No space left' "a disk that is full is host-trouble"
clean "and nothing is booted"
echo "1..$n"
