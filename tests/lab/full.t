#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated lab, everything that goes wrong in one: each injection ends in the right one of the
# five outcomes, with its evidence, and the machine measures again afterwards. See core.t for
# panic, silent hang, quiet fallback, and daemon-lab.t for what the pool makes of such ends.
#   ONLY=REGEX            the parts whose names match, see `parts` below
#   MACHINES="disk net"   which of the two
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

read -ra machines <<<"${MACHINES-disk net}"
for name in "${machines[@]}"; do machine "$name" "$name"; done
good=$(kernel lab-good)
hangs=$(kernel lab-hang hang)
crashes=$(kernel lab-crash crash)

wait_phase() { # wait_phase ID PHASE: until the run is there, or ended
	local _
	for _ in $(seq 1200); do
		grep -q "\"phase\":\"$2\"" "$tmp/runs/$1/events.jsonl" 2>/dev/null && return 0
		kill -0 "$run_pid" 2>/dev/null || return 1
		sleep 0.5
	done
	return 1
}
# Ended so, with a detail that matches.
ends() { # ends ID NAME WHAT OUTCOME [PATTERN]
	is "$2: $3: $4" "$outcome" "$4" || explain "$1" "$2"
	[ -z "${5-}" ] || like "$2: $3: and why" "$detail" "$5"
	[ "$4" = ok ] || { no_samples "$1"; ok $? "$2: $3: nothing is measured"; }
}
back() { # back NAME: whatever was done to it, the next controller brings it back
	ctl "$1" calm >/dev/null
	job_kind=recover boot "back-$1-$RANDOM" "$1" "$good" "recover_deadline=$((2 * pace + 20))s"
	is "$1: and is brought back" "$outcome" ok
}

# ---- the kernel's fault ----------------------------------------------------------------
crash() { # its first instruction is none
	boot "crash-$1" "$1" "$crashes"
	ends "crash-$1" "$1" "a kernel that crashes at once" boot-failed
}
loop() { # GRUB forgets nothing, and each start of Xen ends in a reset
	[ "$1" = disk ] || return 0
	on disk "cp /boot/grub/grub.cfg /boot/grub.saved; sed -i '/save_env next_entry/d' /boot/grub/grub.cfg; sync"
	up disk && ctl disk when '(XEN) System RAM' reset >/dev/null
	boot loop-disk disk "$good"
	ends loop-disk disk "a boot loop" boot-failed
	back disk
	boot sticky-disk disk "$good"
	ends sticky-disk disk "an environment that GRUB does not clear" ok
	back disk
	like "disk: it is cleared by us" "$(on disk 'grub-editenv /boot/grub/grubenv list')" '^saved_entry=known-good$'
	on disk 'mv /boot/grub.saved /boot/grub/grub.cfg; sync'
}
root() {
	[ "$1" = disk ] || return 0
	boot root-disk disk "$good" 'kernel_args=console=hvc0 earlyprintk=xen quiet root=/dev/vdz9'
	ends root-disk disk "a root that is not there" boot-failed
	evidence root-disk 'LAB no root'
	ok $? "disk: the console that is kept says so"
}
nossh() {
	[ "$1" = disk ] || return 0
	up disk && ctl disk when 'LAB up' half-open >/dev/null
	boot nossh-disk disk "$good" "boot_deadline=$((2 * pace + 20))s"
	ends nossh-disk disk "dom0 up, but no ssh" boot-failed 'dom0 was not up'
	back disk
}
noxen() { # our entry boots the kernel without Xen
	[ "$1" = disk ] || return 0
	# shellcheck disable=SC2016
	on disk 'rm -f /sbin/reboot
		printf "%s\n" "#!/bin/sh" "c=/boot/grub/custom.cfg" \
			"sed -i -e \"/BEGIN xbisect/,/END xbisect/{/multiboot2 /d; s/module2 .nounzip/initrd/; s/module2 --nounzip/initrd/; s/module2 \\([^ ]*\\) kernel/linux \\1/; s/console=hvc0 earlyprintk=xen/console=ttyS0/}\" \$c" \
			"ln -sf /bin/busybox /sbin/reboot" sync "exec /sbin/reboot" >/sbin/reboot
		chmod 755 /sbin/reboot; sync'
	# that of the package: the others' compression is one that only Xen unpacks
	boot noxen-disk disk "$image/kernel"
	ends noxen-disk disk "ssh up, but without Xen" boot-failed 'not under Xen'
}

# ---- the host's fault --------------------------------------------------------------------
forgot() { # GRUB boots what it does by default, as if our entry had not been named
	[ "$1" = disk ] || return 0
	up disk && forget_entry disk
	boot forgot-disk disk "$good"
	ends forgot-disk disk "GRUB that does not take our entry" host-trouble 'another system|not loaded'
}
power() { # a switch that says yes and does nothing; its status says so, or lies as well
	local how
	for how in deaf liar; do
		up "$1" && ctl "$1" inject "$how" >/dev/null
		boot "$how-$1" "$1" "$hangs" "silence=$((pace + 10))s" "boot_deadline=$((2 * pace + 20))s"
		job_kind=recover boot "stuck-$how-$1" "$1" "$good" "recover_deadline=20s"
		is "$1: a power switch that is $how is host-trouble" "$outcome" host-trouble ||
			explain "stuck-$how-$1" "$1"
		back "$1"
	done
}
console() { # it drops while dom0 starts
	up "$1" && ctl "$1" when 'Xen version' drop >/dev/null
	boot "drop-$1" "$1" "$good"
	ends "drop-$1" "$1" "a console that drops, and is there again" ok
	grep -q lost "$tmp/runs/drop-$1/console.times"
	ok $? "$1: that is written down"
}
halfopen() {
	up "$1" && ctl "$1" inject half-open >/dev/null
	boot "half-$1" "$1" "$good" "recover_deadline=20s"
	[ "$1" = net ] || ends "half-$1" "$1" "ssh that takes connections and says nothing" host-trouble
	back "$1"
}
diskfull() {
	[ "$1" = disk ] || return 0
	on disk 'dd if=/dev/zero of=/boot/full bs=1M 2>/dev/null; sync'
	boot full-disk disk "$good"
	ends full-disk disk "a disk that is full" host-trouble 'No space|is its disk full'
	on disk 'rm -f /boot/full; sync'
}
clock() {
	[ "$1" = disk ] || return 0
	job clock-disk disk "$good"
	run_start clock-disk
	wait_phase clock-disk settle && on disk 'date -s 2031-02-03' >/dev/null
	run_end clock-disk
	ends clock-disk disk "a clock that jumps by years" ok
}
# A workload that takes a while, so that something can happen in it.
long_job() { # long_job ID NAME
	job "$1" "$2" "$good"
	jq -c '.workload.iterations = "2500"' "$tmp/runs/$1/job.json" >"$tmp/runs/$1/job.new"
	mv "$tmp/runs/$1/job.new" "$tmp/runs/$1/job.json"
	run_start "$1"
	wait_phase "$1" workload && sleep 3
}
midway() {
	long_job "midway-$1" "$1"
	ctl "$1" inject reset >/dev/null
	run_end "midway-$1"
	is "$1: a reset in the workload is workload-failed" "$outcome" workload-failed ||
		explain "midway-$1" "$1"
}
network() {
	[ "$1" = disk ] || return 0
	long_job network-disk disk
	ctl disk inject link 60 >/dev/null
	run_end network-disk
	ends network-disk disk "no network for a minute of the workload" ok
}
half() { # the server's file is cut in two as the machine begins to load
	[ "$1" = net ] || return 0
	# shellcheck disable=SC2016
	ctl net when 'xbisect boot ' run "for f in '$tmp'/served/net/xbisect-*.kernel; do
		truncate -s \$((\$(stat -c %s \"\$f\") / 2)) \"\$f\"; done" >/dev/null
	boot half-file-net net "$good"
	ends half-file-net net "half a file over TFTP" host-trouble 'look at the TFTP'
}
sol() { # serial over LAN, by a BMC that speaks IPMI
	[ "$1" = disk ] || return 0
	lab_console=ipmi boot sol-disk disk "$good"
	ends sol-disk disk "a console over the BMC" ok
	evidence sol-disk 'Xen version'
	ok $? "disk: what came over it is kept"
}

# ---- ours -----------------------------------------------------------------------------------
kills() { # kill -9 in each phase
	local phase id
	for phase in known-good deploy reset boot workload; do
		id=kill-$phase-$1
		job "$id" "$1" "$good"
		run_start "$id"
		wait_phase "$id" "$phase"
		kill -9 -- "-$run_pid" 2>/dev/null
		run_end "$id" 2>/dev/null
		job_kind=recover boot "after-$id" "$1" "$good"
		is "$1: controller killed in $phase: found again and brought back" "$outcome" ok ||
			explain "after-$id" "$1"
	done
}
locks() { # another controller, with a state of its own
	job "first-$1" "$1" "$hangs" "silence=60s" "boot_deadline=$((2 * pace + 60))s"
	run_start "first-$1"
	wait_phase "first-$1" deploy
	(XDG_STATE_HOME=$tmp/xdg.other boot "second-$1" "$1" "$good" 'recover_deadline=20s'
		like "$1: a second controller is refused" "$outcome $detail" 'host-trouble .*in use by another controller')
	kill "$run_pid"
	run_end "first-$1"
	is "$1: SIGTERM ends the first" "$outcome" host-trouble
	back "$1"
}

parts='crash loop root nossh noxen forgot power console halfopen diskfull clock midway network half sol kills locks'
all_parts() { # all_parts NAME
	local one
	learn_pace "$1" || { explain none "$1"; ok 1 "$1: its own system comes up"; return; }
	for one in $parts; do
		part "$one" || continue
		echo "# $1: $one"
		"$one" "$1"
	done
	boot "last-$1" "$1" "$good"
	ends "last-$1" "$1" "after all that a kernel" ok
}
side_by_side all_parts "${machines[@]}"
finish
