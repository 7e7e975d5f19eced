#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with network boot by GRUB: a configuration for the machine's own address, in a folder
# where other files are. See lab-net.t for all that does not depend on the loader.
# shellcheck source=tests/program/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

script=$m/net/grub.cfg-01-52-54-00-12-34-56
grub='"net_loader":"grub","net_script":"'$(basename "$script")'","boot_deadline_s":"60"'
echo "echo 'of the owner'" >"$m/net/grub.cfg"
run ok "$grub"
has '"outcome":"ok"' "a kernel is booted once and measured"
reverted "the known-good system is what boots next, nothing is left in the folder" "$script"
grep -qx exit "$script"
ok $? "by going on to the next boot device, where no other way is named"
grep -aq 'xbisect-[0-9a-f]*.kernel: OK' console && grep -aq 'xbisect-[0-9a-f]*.initramfs: OK' console
ok $? "GRUB compared what it got"
run half "$grub"
has '"outcome":"host-trouble".*did not get the files as they are: look at the TFTP' "a server that gives half a file is host-trouble"
! grep -aq 'Xen version 4.17.7' console
ok $? "which is not booted"
reverted "and the known-good system comes next" "$script"
printf '# the known-good entry\nconfigfile /grub.cfg\n' >good.cfg
run panic "$grub"',"net_known_good":"'$work/good.cfg'"'
has '"outcome":"boot-failed".*panicked' "a kernel that panics is boot-failed"
cmp -s good.cfg "$script"
ok $? "the entry of the known-good system is back"
[ "$(cat "$m/net/grub.cfg")" = "echo 'of the owner'" ]
ok $? "and what else is there was not touched"
run ok '"net_loader":"lilo"' check
has '"outcome":"host-trouble".*net_loader' "a loader that is none is refused"
echo "1..$n"
