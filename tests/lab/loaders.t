#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated lab's other ways to boot over the network than that of core.t, which is iPXE over
# HTTP from xbisect-web: iPXE over TFTP, and GRUB over TFTP.
#   ONLY=REGEX             the parts whose names match: ok, half
#   MACHINES="tftp netgrub"   which of the two
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

read -ra machines <<<"${MACHINES-tftp netgrub}"
for name in "${machines[@]}"; do machine "$name" "$name"; done
good=$(kernel lab-good)

clean() { # clean NAME
	cmp -s "$tmp/$1.known-good" "$tmp/served/$1/$([ "$1" = netgrub ] && echo grub.cfg || echo boot.ipxe)" &&
		[ -z "$(find "$tmp/served/$1/" -name 'xbisect-*')" ]
	ok $? "$1: the known-good script is back, nothing of ours is left in the folder"
}

boots() { # boots NAME
	boot "ok-$1" "$1" "$good"
	is "$1: a kernel is booted once and measured" "$outcome" ok || explain "ok-$1" "$1"
	clean "$1"
}

half() { # the server's file is cut in two as the machine begins to load
	ctl "$1" when 'xbisect boot ' run "for f in '$tmp'/served/$1/xbisect-*.kernel; do
		truncate -s \$((\$(stat -c %s \"\$f\") / 2)) \"\$f\"; done" >/dev/null
	boot "half-$1" "$1" "$good"
	is "$1: half a file is host-trouble" "$outcome" host-trouble || explain "half-$1" "$1"
	like "$1: and it is said where to look" "$detail" 'look at the TFTP'
	no_samples "half-$1"
	ok $? "$1: and nothing is measured"
	clean "$1"
}

all_parts() { # all_parts NAME
	learn_pace "$1" || { explain none "$1"; ok 1 "$1: its own system comes up"; return; }
	! part ok || boots "$1"
	! part half || half "$1"
}

side_by_side all_parts "${machines[@]}"
finish
