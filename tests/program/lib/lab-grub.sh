# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by the tests of driver=ssh with GRUB: the machine of lab.sh with a disk,
# GRUB's real tools on a real environment block, real ssh.
# shellcheck source=tests/program/lib/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

command -v grub-reboot >/dev/null && command -v grub-editenv >/dev/null || { echo "1..0 # SKIP no grub-reboot"; exit 0; }

g=$m/boot/grub
cat >"$g/grub.cfg" <<'CFG'
if [ "${next_entry}" ] ; then set default="${next_entry}"; fi
menuentry 'Known good' --id known-good { true }
source ${config_directory}/custom.cfg
CFG
echo "menuentry 'of the owner' { true }" >"$g/custom.cfg"
grub-editenv "$g/grubenv" create
grub-editenv "$g/grubenv" set saved_entry=known-good
cat >dom0 <<DOM0
#!/bin/sh
while [ -e $work/slow ]; do sleep 1; done
[ ! -e $work/fails ] || { echo "no such domain" >&2; exit 9; }
echo words
cat "\$MACHINE/levels"
DOM0
chmod +x dom0
grub='"boot":"grub","net_dir":"","power_on":"sh -c '"'echo on >$m/power'"'","power_off":"sh -c '"'echo off >$m/power'"'","power_status":"cat '$m/power'","grub_dir":"'$g'","boot_dir":"'$m/boot/xbisect'","work_dir":"'$m/lib'","dom0":"'$work/dom0'","boot_deadline_s":"40"'
grub_run() # KERNEL [MEMBERS] [KIND]
{
	run "$1" "$grub${2:+,$2}" "${3:-}"
}
clean()
{
	! grub-editenv "$g/grubenv" list | grep -q 'next_entry=.' && [ ! -e "$m/lib/lock" ] &&
		grub-editenv "$g/grubenv" list | grep -qx saved_entry=known-good
	ok $? "$1"
}

