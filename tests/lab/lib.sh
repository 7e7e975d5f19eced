# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by the tests of the lab: emulated machines, kernels for them, TAP.
# Everything that is started here ends with the test.
set -u

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(realpath "${XB_BIN:-build/bin}")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/xblab.XXXXXX")
export conf=$tmp/xbisectd.conf
state=$tmp/state
pids=() # of machines, and of the daemon
export XBISECT_SOCKET=$tmp/control XBISECT_PATIENCE=60s
unset NO_COLOR XBISECT_CONFIG
# What the runner keeps about hosts is this test's own.
image=$("$lab/make-image") || exit 1
export XDG_STATE_HOME=$tmp/xdg

cleanup() {
	local pid file
	for file in "$state"/runs/*/pid "$tmp"/runs/*/pid; do
		[ -s "$file" ] || continue
		pid=$(cat "$file")
		[ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$(dirname "$file")" ] || continue
		kill -9 -- "-$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	wait 2>/dev/null
	[ -n "${LAB_KEEP-}" ] && { echo "# kept: $tmp"; return; }
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
mkdir -p "$tmp/runs" "$XDG_STATE_HOME"

# ---- TAP ---------------------------------------------------------------------
# Machines are tested side by side, by subshells: results have no numbers, and are
# counted in a file.
ok() { # ok STATUS NAME
	local word=ok
	[ "$1" -eq 0 ] || word='not ok'
	echo "$word - $2 # $SECONDS s" | tee -a "$tmp/results"
	[ "$1" -eq 0 ]
}

is() { # is NAME GOT WANTED
	[ "$2" = "$3" ]
	ok $? "$1" || printf '# got: %s\n# wanted: %s\n' "$2" "$3"
}

like() { # like NAME TEXT PATTERN
	grep -qE -- "$3" <<<"$2"
	ok $? "$1" || printf '# got: %s\n# wanted: %s\n' "$(head -c 2000 <<<"$2" | tr '\n' '~')" "$3"
}

finish() {
	local count
	count=$(grep -c '' "$tmp/results")
	echo "1..$count"
	! grep -q '^not ok' "$tmp/results"
	exit
}

part() { [[ $1 =~ ${ONLY-} ]]; } # part NAME: is it wanted?

# side_by_side FUNCTION NAME...: FUNCTION NAME in a subshell of its own, for each machine.
side_by_side() {
	local name mine=()
	for name in "${@:2}"; do
		"$1" "$name" &
		mine+=($!)
	done
	pids+=("${mine[@]}")
	wait "${mine[@]}"
}

# ---- machines ------------------------------------------------------------------
# One key for us, one for each kind of machine.
ssh-keygen -q -t ed25519 -N '' -C lab -f "$tmp/key"
mkdir -p "$tmp/seed/root/.ssh" "$tmp/seed/etc/ssh"
ssh-keygen -q -t ed25519 -N '' -C disk -f "$tmp/seed/etc/ssh/ssh_host_ed25519_key"
cp "$tmp/key.pub" "$tmp/seed/root/.ssh/authorized_keys"
tar -C "$tmp/seed" --owner=0 --group=0 -cf "$tmp/seed.tar" root etc
truncate -s %1M "$tmp/seed.tar"
mkdir -p "$tmp/ram/root/.ssh" "$tmp/ram/etc/dropbear"
cp "$tmp/key.pub" "$tmp/ram/root/.ssh/authorized_keys"
dropbearkey -t ed25519 -f "$tmp/ram/etc/dropbear/host_key" 2>/dev/null |
	sed -n 's/^\(ssh-ed25519 [^ ]*\).*/\1/p' >"$tmp/net.pub"
{
	cat "$image/ramdisk"
	(cd "$tmp/ram" && find root etc | sort | cpio --quiet -o -H newc -R 0:0 | gzip -n)
} >"$tmp/ramdisk.net"

# The folder that a diskless machine boots from, with its known-good system.
net_dir() { # net_dir NAME KIND
	local dir=$tmp/served/$1
	mkdir -p "$dir"
	cp "$image/xen" "$dir/good.xen"
	cp "$image/vmlinuz-good" "$dir/good.kernel"
	cp "$tmp/ramdisk.net" "$dir/good.ramdisk"
	if [ "$2" = netgrub ]; then
		# GRUB's own folder sends each machine to its own, by the address of its card.
		cp -a "$image/netgrub" "$dir.grub"
		mkdir "$dir.grub/$1"
		mv "$dir" "$dir.grub/" && ln -s "$1.grub/$1" "$dir"
		echo "configfile /$1/grub.cfg" >"$dir.grub/grub/grub.cfg-01-52-54-00-12-34-56"
		cat >"$tmp/$1.known-good" <<-'END'
			echo 'LAB boot known-good'
			multiboot2 ${config_directory}/good.xen xen dom0_mem=512M,max:512M console=com1 com1=115200
			module2 --nounzip ${config_directory}/good.kernel kernel console=hvc0 quiet rdinit=/init
			module2 --nounzip ${config_directory}/good.ramdisk ramdisk
			boot
		END
		cp "$tmp/$1.known-good" "$dir/grub.cfg"
	else
		cat >"$tmp/$1.known-good" <<-'END'
			#!ipxe
			echo LAB boot known-good
			kernel good.xen xen dom0_mem=512M,max:512M console=com1 com1=115200
			module good.kernel kernel console=hvc0 quiet rdinit=/init
			module good.ramdisk ramdisk
			boot
		END
		cp "$tmp/$1.known-good" "$dir/boot.ipxe"
	fi
}

# What is served over HTTP: by xbisect-web, whose address is then in $boot_url.
boot_url=
serve() {
	[ -z "$boot_url" ] || return 0
	mkdir -p "$tmp/served"
	printf '[daemon]\nstate_dir=%s\n[web]\nboot_dir=%s\nboot_listen=127.0.0.1:0\n' \
		"$tmp/web" "$tmp/served" >"$tmp/web.conf"
	"$bin/xbisect-web" --config "$tmp/web.conf" --listen 127.0.0.1:0 >"$tmp/web.out" 2>"$tmp/web.err" </dev/null &
	pids+=($!)
	for _ in $(seq 300); do
		boot_url=$(sed -n 2p "$tmp/web.out")
		[ -z "$boot_url" ] || return 0
		kill -0 $! 2>/dev/null || break
		sleep 0.1
	done
	sed 's/^/# /' "$tmp/web.err"
	echo "Bail out! no xbisect-web"
	exit 1
}

# machine NAME KIND: it is off; its addresses are in $NAME_ssh, ... Of these kinds:
#   disk   GRUB on its disk
#   net    iPXE, over HTTP from xbisect-web
#   tftp   iPXE, over TFTP from the emulator
#   netgrub  GRUB, over TFTP from the emulator
machine() {
	local name=$1 kind=$2 key
	declare -g "${name}_kind=$kind"
	mkdir -p "$tmp/$name"
	if [ "$kind" = disk ]; then
		set -- --disk "$image/disk.img" --seed "$tmp/seed.tar"
		key=$(cut -d' ' -f1,2 "$tmp/seed/etc/ssh/ssh_host_ed25519_key.pub")
	else
		net_dir "$name" "$kind"
		case $kind in
		net) serve && set -- --net "$tmp/served/$name" --bootfile "${boot_url/127.0.0.1/10.0.2.2}$name/boot.ipxe" ;;
		tftp) set -- --net "$tmp/served/$name" --bootfile boot.ipxe ;;
		netgrub) set -- --net "$tmp/served/$name.grub" --bootfile grub/i386-pc/core.0 ;;
		esac
		key=$(cat "$tmp/net.pub")
	fi
	"$lab/machine" run --dir "$tmp/$name" "$@" 2>"$tmp/$name/stderr" </dev/null &
	pids+=($!)
	for _ in $(seq 600); do
		[ -s "$tmp/$name/machine.json" ] && break
		kill -0 $! 2>/dev/null || break
		sleep 0.1
	done
	[ -s "$tmp/$name/machine.json" ] || { sed 's/^/# /' "$tmp/$name/stderr"; echo "Bail out! no machine"; exit 1; }
	for what in ssh console ipmi; do
		declare -g "${name}_$what=$(jq -r ".${what}_port" "$tmp/$name/machine.json")"
	done
	local port=${name}_ssh
	echo "[127.0.0.1]:${!port} $key" >>"$tmp/known_hosts"
}

ctl() { # ctl NAME WORD...
	"$lab/machine" ctl "$tmp/$1" "${@:2}"
}

on() { # on NAME SCRIPT: by ssh
	local port=${1}_ssh
	timeout 150 ssh -T -o BatchMode=yes -o ConnectTimeout=75 -o StrictHostKeyChecking=yes \
		-o UserKnownHostsFile="$tmp/known_hosts" -o LogLevel=ERROR -o IdentitiesOnly=yes \
		-i "$tmp/key" -p "${!port}" root@127.0.0.1 "$2" </dev/null
}

up() { # up NAME: wait for its known-good system
	local _
	for _ in $(seq 60); do
		on "$1" 'case $(cat /proc/cmdline) in *xbisect.nonce*) exit 1 ;; esac' 2>/dev/null && return 0
		sleep 2
	done
	return 1
}

# The settings of a machine as KEY=VALUE lines; durations end in s. LINEs take the place of ours.
settings() { # settings NAME [LINE...]
	all_settings "$@" | awk -F= '!($1 in line) { key[++n] = $1 } { line[$1] = $0 }
		END { for (i = 1; i <= n; i++) print line[key[i]] }'
}

# Seconds: so many times what a boot takes here, as learn_pace() found; LEAST where that is not known.
by_pace() { # by_pace TIMES LEAST
	echo $(($1 * ${pace:-0} > $2 ? $1 * ${pace:-0} : $2))
}

all_settings() {
	local kind=${1}_kind ssh=${1}_ssh console=${1}_console ipmi=${1}_ipmi
	cat <<-END
		driver=ssh
		address=127.0.0.1
		port=${!ssh}
		ssh_user=root
		ssh_key_file=$tmp/key
		known_hosts=$tmp/known_hosts
		xen_args=dom0_mem=512M,max:512M console=com1 com1=115200
		power_pause=1s
		boot_deadline=$(by_pace 4 400)s
		recover_deadline=$(by_pace 3 240)s
		silence=90s
		settle=1s
		ssh_deadline=$(by_pace 1 120)s
		deadline=$(by_pace 12 900)s
		xen=$image/xen.gz
	END
	if [ "${!kind}" = disk ]; then # the BMC's ways
		cat <<-END
			boot=grub
			root=disk
			initrd=$image/ramdisk
			kernel_args=console=hvc0 earlyprintk=xen quiet
			power=ipmi
			ipmi_address=127.0.0.1
			ipmi_port=${!ipmi}
			ipmi_user=lab
			ipmi_cipher=3
			ipmi_password_file=$tmp/$1/password
			console=${lab_console:-tcp}
			console_address=127.0.0.1:${!console}
			grub_known_good=known-good
		END
	else # a switch of commands
		cat <<-END
			boot=net
			root=initramfs
			net_dir=$tmp/served/$1
			net_loader=$([ "${!kind}" = netgrub ] && echo grub || echo ipxe)
			net_known_good=$tmp/$1.known-good
			power=command
			power_on=$lab/machine ctl $tmp/$1 power on
			power_off=$lab/machine ctl $tmp/$1 power off
			power_status=cat $tmp/$1/power
			console=unix
			console_path=$tmp/$1/console
		END
	fi
	[ $# -lt 2 ] || printf '%s\n' "${@:2}"
}

# ---- kernels ---------------------------------------------------------------------
kernel() { # kernel LABEL [KIND]: prints its directory
	local dir=$tmp/kernels/$1
	[ -d "$dir" ] || "$lab/variant" make "$image/kernel" "$1" "$dir" "${2-same}" || exit 1
	echo "$dir"
}

# ---- one boot by xbisect-run -------------------------------------------------------
# job ID NAME KERNEL-DIR [LINE...]: its job.json; lines are settings of the host.
job() {
	local dir=$tmp/runs/$1
	mkdir -p "$dir"
	settings "$2" "${@:4}" | jq -Rn --arg id "$1" --arg name "$2" --arg dir "$3" \
		--arg kind "${job_kind:-run}" --argjson deadline "${job_deadline:-$(by_pace 12 900)}" '
		(reduce inputs as $line ({}; ($line | capture("^(?<k>[^=]*)=(?<v>.*)$")) as $m |
			if ($m.v | test("^[0-9]+s$")) then .[$m.k + "_s"] = $m.v[:-1]
			else .[$m.k] = $m.v end) | del(.deadline_s) | .name = $name) as $host |
		{protocol: 1, kind: $kind, id: $id, boot: 0, deadline_s: $deadline, host: $host,
		 artifact: {variant: ($dir | split("/") | last), dir: $dir, kernel: "vmlinuz",
			vmlinux: "vmlinux", modules: ($dir + "/modules")},
		 workload: {name: "map-unmap", iterations: "2", warmup: "1",
			metrics: "unmap:s:lower;map:s:lower", params: {mib: "16", batch: "1024"}}}
		' >"$dir/job.json"
}

run_start() { # run_start ID: in the background; its pid in $run_pid
	local dir=$tmp/runs/$1
	(cd "$dir" && exec setsid "$bin/xbisect-run" <job.json >events.jsonl 2>stderr) &
	run_pid=$!
	echo "$run_pid" >"$dir/pid"
}

run_end() { # run_end ID: waits; sets $outcome and $detail
	wait "$run_pid" 2>/dev/null
	outcome=$(jq -rs 'map(select(.event == "done"))[0].outcome // "none"' "$tmp/runs/$1/events.jsonl")
	detail=$(jq -rs 'map(select(.event == "done"))[0].detail // ""' "$tmp/runs/$1/events.jsonl")
}

boot() { # boot ID NAME KERNEL-DIR [LINE...]
	job "$@"
	run_start "$1"
	run_end "$1"
	echo "# $1: $outcome: $(head -c 300 <<<"$detail") ($SECONDS s)"
}

evidence() { # evidence ID PATTERN: stands in the console that was kept
	grep -aqE -- "$2" "$tmp/runs/$1/console"
}

# On failure: what a person would look at.
explain() { # explain ID NAME
	tail -n 30 "$tmp/runs/$1/lab.log" 2>/dev/null | sed 's/^/# log: /'
	tail -c 1500 "$tmp/runs/$1/console" 2>/dev/null | tr -cd '\11\12\40-\176' | sed 's/^/# console: /'
	tail -n 5 "$tmp/runs/$1/stderr" "$tmp/$2/machine.log" 2>/dev/null | sed 's/^/# /'
}

# Forgets the next entry, once, as the machine reboots: what a power cut between
# grub-reboot and GRUB does on a disk that lies about its writes.
forget_entry() { # forget_entry NAME
	on "$1" 'rm -f /sbin/reboot
		printf "%s\n" "#!/bin/sh" "grub-editenv /boot/grub/grubenv unset next_entry" \
			"ln -sf /bin/busybox /sbin/reboot" sync "exec /sbin/reboot" >/sbin/reboot
		chmod 755 /sbin/reboot; sync'
}

no_samples() { ! grep -q '"sample"' "$tmp/runs/$1/events.jsonl"; }

# What a boot takes here, so that a deadline for one that hangs is not a guess: $pace,
# in seconds, of the machine's own from power to ssh.
learn_pace() { # learn_pace NAME
	local start=$SECONDS
	ctl "$1" power cycle >/dev/null
	up "$1" || return 1
	pace=$((SECONDS - start))
	echo "# $1: $pace s from power to ssh"
}

# ---- the daemon -------------------------------------------------------------------
# daemon NAME...: xbisectd with these machines as hosts; more settings of a host in
# $more_NAME. Its pid is in $daemon_pid.
daemon() {
	local name more
	{
		printf '[daemon]\nstate_dir=%s\nsocket=%s\n' "$state" "$XBISECT_SOCKET"
		for name; do
			more=more_$name
			printf '\n[host %s]\n' "$name"
			settings "$name" ${!more+"${!more}"}
		done
		cat <<-END

			[workload map-unmap]
			# many, for a machine that is not alone on its processors
			iterations=15
			warmup=1
			metrics=unmap:s:lower;map:s:lower
			param.mib=32
			param.batch=1024
		END
	} >"$conf"
	"$bin/xbisectd" --config "$conf" 2>>"$tmp/daemon.log" </dev/null &
	daemon_pid=$!
	pids+=("$daemon_pid")
	for _ in $(seq 200); do
		"$bin/xbisect" list >/dev/null 2>&1 && return 0
		kill -0 "$daemon_pid" 2>/dev/null || break
		sleep 0.2
	done
	sed 's/^/# /' "$tmp/daemon.log"
	echo "Bail out! no daemon"
	exit 1
}

daemon_end() {
	kill "$daemon_pid" 2>/dev/null
	wait "$daemon_pid" 2>/dev/null
}

# The kernels of a search, slow ones last: good/bzImage and bad/bzImage of the directory
# LAB_KERNELS, which make-kernels makes of the demo's range.
# Packaged kernels will not do: they hardly differ in what the workload measures. Each gets a
# tail of its own, so that all are different images. Prints the list for --images.
images() { # images GOOD BAD: how many of each
	local i from
	for i in $(seq $(($1 + $2))); do
		mkdir -p "$tmp/images/$i"
		from=$LAB_KERNELS/$([ "$i" -le "$1" ] && echo good || echo bad)/bzImage
		{ cat "$from"; printf '%512s' "image $i"; } >"$tmp/images/$i/vmlinuz"
		echo "$tmp/images/$i/vmlinuz image-$i"
	done
}
need_kernels() {
	[ -f "${LAB_KERNELS-}/good/bzImage" ] && [ -f "$LAB_KERNELS/bad/bzImage" ] && return
	echo "1..0 # SKIP LAB_KERNELS names no directory with good/bzImage and bad/bzImage"
	exit 0
}
