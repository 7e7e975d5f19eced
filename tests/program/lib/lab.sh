# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by the tests of driver=ssh: a machine that boots nothing, but has a real
# TCP console and a real sshd; its kernels are words.
set -u
bin=$(cd "${XB_BIN:-build/bin}" && pwd)
lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
pids=()
finish()
{
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1
export LC_ALL=C XDG_STATE_HOME=$work/state
PATH=$PATH:/usr/sbin:/sbin

n=0
ok()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		for f in out.jsonl err lab.log; do [ ! -e $f ] || tail -n 12 $f | sed "s/^/# $f: /"; done
	fi
}
has()
{
	grep -q -e "$1" out.jsonl
	ok $? "$2"
}

for program in sshd ssh-keygen ssh jq; do
	command -v $program >/dev/null || { echo "1..0 # SKIP no $program"; exit 0; }
done

# ---- machines ------------------------------------------------------------------
ssh-keygen -q -t ed25519 -N '' -f host_key && ssh-keygen -q -t ed25519 -N '' -f user_key || exit 1
cp user_key.pub authorized
ulimit -n 1024 # sshd closes all that it may have
sshd=$(command -v sshd)
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd

# What ssh reaches: this machine's sh, in which the paths of the other's are put.
ssh_shell() # DIR
{
	local m=$1
	cat <<SHELL
#!/bin/bash
[ -e $m/up ] || exit 255
read -r BOOT <$m/boot_id
export BOOT PATH=$m/bin:\$PATH MACHINE=$m
run()
{
	sed -e 's|/proc/sys/kernel/random/boot_id|$m/boot_id|g' -e 's|/proc/cmdline|$m/cmdline|g' \\
		-e 's|/proc/xen/capabilities|$m/capabilities|g' -e 's|/sys/hypervisor/type|$m/hypervisor|g' \\
		-e 's|/sys/kernel/notes|$m/notes|g' -e 's|/proc/sys/kernel/osrelease|$m/release|g' \\
		-e 's|/proc/sys/kernel/version|$m/version|g' -e 's|/dev/shm/xbisect|$m/shm|g' -e 's|/boot/xen|$m/boot/xen|g' -e 's|/proc/stat|$m/stat|g'
}
if [ "\$SSH_ORIGINAL_COMMAND" = "sh -s" ]; then
	script=\$(run)
	exec sh -c "\$script"
fi
exec sh -c "\$(printf '%s' "\$SSH_ORIGINAL_COMMAND" | run)"
SHELL
}

# machine DIR: it is off; its ports are then in DIR/ssh_port and DIR/port (its console's).
machine()
{
	local m=$1 port
	mkdir -p "$m/net" "$m/boot/grub" "$m/bin"
	echo off >"$m/power"
	echo 'cpu 0 0 0 0 0 0 0 0 0 0' >"$m/stat" # idle, however busy this machine is
	/usr/bin/python3 "$lib/lab-machine.py" "$m" 2>"$m.err" &
	pids+=($!)
	ssh_shell "$m" >"$m/ssh-shell"
	# A command of the system before does not outlive it.
	printf '#!/bin/sh\nread -r boot <%s/boot_id\n[ "$boot" != "$BOOT" ] || : >%s/reboot\n' "$m" "$m" >"$m/bin/reboot"
	printf '#!/bin/sh\n:\n' >"$m/bin/sync"
	chmod +x "$m/ssh-shell" "$m"/bin/*
	for _ in $(seq 20); do
		port=$((20000 + RANDOM % 30000))
		cat >"$m/sshd_config" <<CONFIG
Port $port
ListenAddress 127.0.0.1
HostKey $work/host_key
PidFile none
AuthorizedKeysFile $work/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
ForceCommand $m/ssh-shell
SetEnv HOME=$work
CONFIG
		"$sshd" -D -f "$m/sshd_config" -E "$m.sshd.log" &
		sleep 0.5
		if kill -0 $! 2>/dev/null; then
			pids+=($!)
			echo $! >"$m/sshd_pid"
			break
		fi
	done
	echo "$port" >"$m/ssh_port"
	echo "[127.0.0.1]:$port $(cat host_key.pub)" >>known_hosts
	for _ in $(seq 100); do [ ! -s "$m/port" ] || break; sleep 0.1; done
}
m=$work/machine
machine "$m"
ssh_port=$(cat "$m/ssh_port")
console_port=$(cat "$m/port")

# kernel NAME WORD [LEVEL]: a bzImage as far as its header says which release it is; what it
# measures is spread around LEVEL.
kernel()
{
	/usr/bin/python3 - "$@" <<'PY'
import sys
image = bytearray(0x1200)
image[0x202:0x206] = b"HdrS"
image[0x20e:0x210] = (0xe00 - 0x200).to_bytes(2, "little")
text = b"6.1.0-test (u@h) #1 SMP test\0"
image[0xe00:0xe00 + len(text)] = text
open(sys.argv[1], "wb").write(bytes(image) + b"DO=" + sys.argv[2].encode() + b"\0" +
                               b"".join(b"LEVEL=%s\0" % level.encode() for level in sys.argv[3:]))
PY
}
printf '\177ELF, or so it says' >xen

# A switch is on or off, also when the command that turns it is killed.
printf '#!/bin/sh\necho "$2" >"$1.new" && mv "$1.new" "$1"\n' >switch
chmod +x switch

# job KERNEL [HOST-MEMBERS] [KIND]: the members take the place of those here.
cat >host.json <<HOST
{"name": "lab1", "driver": "ssh", "address": "127.0.0.1", "port": "$ssh_port",
 "ssh_user": "$(id -un)", "ssh_key_file": "$work/user_key", "known_hosts": "$work/known_hosts",
 "power": "command", "power_on": "$work/switch {net_dir}/../power on",
 "power_off": "$work/switch {net_dir}/../power off", "power_status": "cat {net_dir}/../power",
 "power_pause_s": "0.3", "power_deadline_s": "5",
 "console": "tcp", "console_address": "127.0.0.1:$console_port",
 "boot": "net", "net_dir": "$m/net", "xen": "$work/xen", "settle_s": "1", "settle_deadline_s": "60",
 "ssh_deadline_s": "60", "boot_deadline_s": "12", "silence_s": "6", "recover_deadline_s": "30"}
HOST
# How much longer than on a quiet machine things take here now: by an ssh that is turned away. Deadlines
# of jobs are so many times what is written, or a busy machine would look like one that does not answer.
slowness()
{
	local start=${EPOCHREALTIME/./}
	ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$work/known_hosts" -o IdentitiesOnly=yes \
		-i "$work/none" -p "$ssh_port" "$(id -un)@127.0.0.1" true 2>/dev/null </dev/null
	echo $(((${EPOCHREALTIME/./} - start) / 300000 + 1))
}
job()
{
	printf '{%s}' "${2:-}" | jq -c --slurpfile host host.json --argjson slow "$(slowness)" \
		--arg kernel "$1" --arg kind "${3:-run}" --arg dir "$work" '
		{protocol: 1, kind: $kind, id: "r1", boot: 0, artifact: {dir: $dir, kernel: $kernel}, host: ($host[0] + .),
		 workload: {name: "w", metrics: "unmap:s:lower", iterations: "2"}, deadline_s: (300 * $slow)} |
		.host |= with_entries(if .key | test("^(boot|recover|ssh|power)_deadline_s$|^silence_s$")
			then .value |= "\(tonumber * $slow)" else . end)'
}
run()
{
	rm -f lab.log console
	kernel "kernel-$1" "$1"
	job "kernel-$1" "${2:-}" "${3:-}" | "$bin/xbisect-run" >out.jsonl 2>err
}
# way KERNEL-WORD MEMBERS [KIND]: a run whose power keys are those of MEMBERS alone.
way()
{
	rm -f lab.log console
	kernel "kernel-$1" "$1"
	job "kernel-$1" "" "${3:-}" | jq -c --argjson more "{$2}" \
		'.host |= (with_entries(select(.key | test("^power_(on|off|status)$") | not)) + $more)' |
		"$bin/xbisect-run" >out.jsonl 2>err
}
# reverted TEXT [SCRIPT]: the folder is as a machine that boots over the network should find it
reverted()
{
	! grep -q 'xbisect boot' "${2-$m/net/boot.ipxe}" && [ -z "$(find "$m/net" -name 'xbisect-*')" ] &&
		[ ! -e "$m/net/.xbisect-lock" ]
	ok $? "$1"
}
# Nothing of the machine's own runs: only its power switch can start it.
off()
{
	echo off >"$m/power"
	for _ in $(seq 100); do [ -e "$m/up" ] || break; sleep 0.1; done
}
# shellcheck disable=SC2034 # of the tests
soon='"recover_deadline_s":"2"' # for what does not come back
