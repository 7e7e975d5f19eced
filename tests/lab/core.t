#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated lab's core: onboarding by `hosts check`, both ways to boot once, and the
# failures that every lab sees, each followed by a machine that is fit again.
#   ONLY=REGEX   the parts whose names match: check, ok, panic, hang, fallback, kill
#   MACHINES="disk net"   which of the two
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

read -ra machines <<<"${MACHINES-disk net}"
for name in "${machines[@]}"; do machine "$name" "$name"; done
good=$(kernel lab-good)
panics=$(kernel lab-panic panic)
hangs=$(kernel lab-hang hang)

check() { # check NAME: as a person would, on a machine that is off
	local text
	text=$("$bin/xbisect" hosts check "$1" 2>&1)
	ok $? "hosts check $1: all operations work" || sed 's/^/# /' <<<"$text"
	sed -n 's/.*system was back after \([0-9]*\) s.*/\1/p' <<<"$text" >"$tmp/$1.pace"
	like "hosts check $1: it was switched off and on, and is back" "$text" '^ok +power-cycle: '
	like "hosts check $1: and can boot once" "$text" '^ok +boot-once: '
	[ "$1" != net ] || like "hosts check net: it loads what is in its folder" "$text" 'the script in net_dir was read'
}

boots() { # boots NAME
	boot "ok-$1" "$1" "$good"
	is "$1: a kernel is booted once and measured" "$outcome" ok || explain "ok-$1" "$1"
	is "$1: two samples of unmap" "$(grep -c '"metric":"unmap",' "$tmp/runs/ok-$1/events.jsonl")" 2
	case $1 in
	net)
		cmp -s "$tmp/net.known-good" "$tmp/served/net/boot.ipxe"
		ok $? "net: the known-good script is back"
		[ -z "$(find "$tmp/served/net" -name 'xbisect-*')" ]
		ok $? "net: nothing of ours is left in the folder"
		;;
	disk)
		up disk && like "disk: nothing is left to boot next" \
			"$(on disk 'grub-editenv /boot/grub/grubenv list; ls /var/lib/xbisect')" '^saved_entry=known-good'
		;;
	esac
}

panic() { # panic NAME
	boot "panic-$1" "$1" "$panics"
	is "$1: a kernel that panics is boot-failed" "$outcome" boot-failed || explain "panic-$1" "$1"
	evidence "panic-$1" 'Kernel panic'
	ok $? "$1: the panic is in the console that is kept"
}

hang() { # hang NAME: silence proves it on the console of our initramfs, a deadline elsewhere
	boot "hang-$1" "$1" "$hangs" "silence=$((pace + 10))s" "boot_deadline=$((2 * pace + 20))s"
	is "$1: a kernel that hangs is boot-failed" "$outcome" boot-failed || explain "hang-$1" "$1"
}

# The machine resets itself when Xen has begun, without a word, and comes up as if nothing was.
fallback() { # fallback NAME
	up "$1" && ctl "$1" when '(XEN) System RAM' reset >/dev/null
	boot "fallback-$1" "$1" "$good"
	ctl "$1" calm >/dev/null
	is "$1: a machine that fell back quietly is boot-failed" "$outcome" boot-failed ||
		explain "fallback-$1" "$1"
	no_samples "fallback-$1"
	ok $? "$1: and is not measured"
}

killed() { # killed NAME
	job "killed-$1" "$1" "$good"
	run_start "killed-$1"
	for _ in $(seq 1200); do
		grep -q '"phase":"boot"' "$tmp/runs/killed-$1/events.jsonl" 2>/dev/null && break
		kill -0 "$run_pid" 2>/dev/null || break
		sleep 0.5
	done
	kill -9 -- "-$run_pid" 2>/dev/null
	run_end "killed-$1" 2>/dev/null
	is "$1: controller killed in a boot: no outcome" "$outcome" none
	job_kind=recover boot "recover-$1" "$1" "$good"
	is "$1: the next controller finds the machine and brings it back" "$outcome" ok ||
		explain "recover-$1" "$1"
	up "$1"
	ok $? "$1: the known-good system answers"
}

all_parts() { # all_parts NAME
	pace=$(cat "$tmp/$1.pace" 2>/dev/null)
	[ -n "$pace" ] || learn_pace "$1" || { explain none "$1"; ok 1 "$1: its own system comes up"; return; }
	! part ok || boots "$1"
	! part panic || panic "$1"
	! part hang || hang "$1"
	! part fallback || fallback "$1"
	! part kill || killed "$1"
}

if part check; then
	daemon "${machines[@]}"
	side_by_side check "${machines[@]}"
	daemon_end
fi
[ "${ONLY-}" = check ] || side_by_side all_parts "${machines[@]}"
finish
