#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A search among prebuilt kernels on the emulated machines, by both ways to boot once, up to
# its verdict: GRUB on one machine, the network on the other, at the same time.
#   LAB_KERNELS=DIR       kernels of which one is slower, see images() in lib.sh
#   MACHINES="disk net"   which of the two
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
need_kernels

read -ra machines <<<"${MACHINES-disk net}"
for name in "${machines[@]}"; do machine "$name" "$name"; done
# dom0 from our initramfs: any kernel does, with or without drivers for the disk.
# shellcheck disable=SC2034 # by name
more_disk=root=initramfs
images 2 2 >"$tmp/images.list"

search() { # search NAME
	timeout "${LAB_PATIENCE:-3000}" "$bin/xbisect" bisect --wait --json --confidence 0.95 --min-effect 15% \
		--host "$1" --images "$tmp/images.list" >"$tmp/$1.json" 2>"$tmp/$1.err"
	is "bisect on $1: exit 0" $? 0 || {
		tail -n 8 "$tmp/$1.err" "$tmp/daemon.log" | sed 's/^/# /'
		jq -c . "$tmp/$1.json" | cut -c1-3000 | sed 's/^/# /'
	}
	is "bisect on $1: a culprit" "$(jq -r .verdict.kind "$tmp/$1.json")" culprit
	is "bisect on $1: the first slow kernel" "$(jq -r '.verdict.commits[0].subject' "$tmp/$1.json")" image-3
	jq -c '{counts, effect}' "$tmp/$1.json" | sed 's/^/# /'
}

daemon "${machines[@]}"
side_by_side search "${machines[@]}"
finish
