#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Searches among prebuilt kernels on lab machines, by the daemon and driver=ssh, up to the verdict:
# with GRUB on one machine; and over the network on a pool of two, where one kernel of ten hangs
# and one machine dies for good half-way. The machines boot nothing; all else is real.
# shellcheck source=tests/program/lib/lab-grub.sh
. "$(dirname "$0")/lib/lab-grub.sh"

export XBISECT_SOCKET=$work/control XBISECT_PATIENCE=60s
unset NO_COLOR XBISECT_CONFIG
machine "$work/first"
machine "$work/second"

# host NAME DIR: settings of all; more of them on stdin
host()
{
	cat <<-END
		[host $1]
		driver=ssh
		address=127.0.0.1
		port=$(cat "$2/ssh_port")
		ssh_user=$(id -un)
		ssh_key_file=$work/user_key
		known_hosts=$work/known_hosts
		power=command
		power_on=sh -c 'echo on >$2/power'
		power_off=sh -c 'echo off >$2/power'
		power_status=cat $2/power
		power_pause=0.3s
		power_deadline=20s
		console=tcp
		console_address=127.0.0.1:$(cat "$2/port")
		xen=$work/xen
		settle=0
		ssh_deadline=60s
		deadline=120s
		$(cat)
	END
}
{
	printf '[daemon]\nstate_dir=%s\nsocket=%s\n' "$work/daemon" "$XBISECT_SOCKET"
	printf '[workload w]\niterations=2\nmetrics=unmap:s:lower\n'
	host disk "$m" <<-END
		boot=grub
		grub_dir=$g
		boot_dir=$m/boot/xbisect
		work_dir=$m/lib
		dom0=$work/dom0
		boot_deadline=60s
		recover_deadline=60s
	END
	for name in first second; do
		host $name "$work/$name" <<-END
			boot=net
			net_dir=$work/$name/net
			silence=12s
			boot_deadline=60s
			recover_deadline=25s
			labels=kind=net
		END
	done
} >xbisectd.conf
"$bin/xbisectd" --config xbisectd.conf 2>daemon.log </dev/null &
daemon=$!
pids+=("$daemon")
for _ in $(seq 200); do ! "$bin/xbisect" list >/dev/null 2>&1 || break; sleep 0.1; done

# images N FIRST-SLOW [HANGS]: a list of N kernels
images()
{
	local i
	for i in $(seq "$1"); do
		kernel "kernel-$i" "$([ "$i" = "${3-}" ] && echo hang || echo ok)" \
			"$([ "$i" -lt "$2" ] && echo 0.0200 || echo 0.0400)"
		echo "$work/kernel-$i image-$i"
	done
}
search() # NAME ARG...: the verdict is in NAME.json
{
	timeout 900 "$bin/xbisect" bisect --wait --json --confidence 0.95 --images list "${@:2}" >"$1.json" 2>"$1.err"
}
of() { jq -r "$2" "$1.json"; } # of NAME EXPRESSION
told() # STATUS NAME TEXT
{
	ok "$1" "$3" || { tail -n 25 daemon.log; cut -c1-2000 "$2.json"; } | sed 's/^/# /'
}

# ---- by GRUB ------------------------------------------------------------------------
images 5 4 >list
search disk --host disk
told $? disk "a search by GRUB ends in a culprit"
[ "$(of disk '.verdict.kind + " " + .verdict.commits[0].subject')" = "culprit image-4" ]
told $? disk "which is the first slow kernel"
[ "$(of disk '.effect.ratio > 1.9 and .effect.ratio < 2.1')" = true ]
told $? disk "by as much as it is slower"
clean "the machine boots its known-good system again"

# ---- two machines, kernels that hang, one machine that dies --------------------------
images 10 8 5 >list
search net --label kind=net &
searching=$!
for _ in $(seq 1200); do
	"$bin/xbisect" show --json 2 2>/dev/null |
		jq -e '[.measurements[] | select(.outcome == "ok") | .host] | unique | length == 2' >/dev/null && break
	kill -0 $searching 2>/dev/null || break
	sleep 0.5
done
"$bin/xbisect" show --json 2 | jq -e '.state == "running"' >/dev/null
ok $? "both machines have measured, the search goes on"
touch "$work/second/dead"
echo off >"$work/second/power" # and switched on again, it shows nothing
wait $searching
told $? net "one machine dies for good, one kernel of ten hangs: the search ends in a culprit"
[ "$(of net '.verdict.kind + " " + .verdict.commits[0].subject')" = "culprit image-8" ]
told $? net "which is the first slow kernel"
[ "$(of net '[.measurements[] | select(.subject == "image-5" and .outcome == "ok")] | length')" = 0 ]
told $? net "the kernel that hangs was never measured"
for _ in $(seq 300); do
	condition=$("$bin/xbisect" hosts --json | jq -r '.hosts[] | select(.name == "second") | .condition')
	[ "$condition" != quarantined ] || break
	sleep 0.5
done
[ "$condition" = quarantined ]
told $? net "the dead machine is quarantined"
[ "$("$bin/xbisect" hosts --json | jq -r '.hosts[] | select(.name == "first") | .state')" = online ]
told $? net "the other one is well"
! grep -q 'xbisect boot' "$work/first/net/boot.ipxe" && [ -z "$(find "$work/first/net" -name 'xbisect-*')" ]
told $? net "and boots its known-good system again"
kill $daemon
wait $daemon
echo "1..$n"
