#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated lab's core: each operation by `hosts check`, a search through both boot
# ways, and the failures that every lab sees. ONLY=REGEX runs the parts whose names match.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

part() { [[ $1 =~ ${ONLY-} ]]; }

machine disk disk
machine net net

# ---- by the runner alone: how a boot may end ------------------------------------------
good=$(kernel lab-good old)
if part ok; then
	boot ok-net net "$good"
	is "network boot: ok" "$outcome" ok || explain ok-net net
	is "network boot: two samples of unmap" \
		"$(grep -c '"metric":"unmap",' "$tmp/runs/ok-net/events.jsonl")" 2
	cmp -s "$tmp/net.known-good" "$tmp/net.net/boot.ipxe"
	ok $? "network boot: the known-good entry is back"
	[ -z "$(find "$tmp/net.net" -name 'xbisect-*')" ]
	ok $? "network boot: its files are gone from the folder"
	boot ok-disk disk "$good"
	is "GRUB: ok" "$outcome" ok || explain ok-disk disk
	is "GRUB: two samples of unmap" \
		"$(grep -c '"metric":"unmap",' "$tmp/runs/ok-disk/events.jsonl")" 2
fi
for name in net disk; do
	if part panic; then
		boot "panic-$name" "$name" "$(kernel lab-panic old panic)"
		is "$name: a kernel that panics is boot-failed" "$outcome" boot-failed ||
			explain "panic-$name" "$name"
		evidence "panic-$name" 'Kernel panic'
		ok $? "$name: the panic is in the console that is kept"
	fi
	if part hang; then
		boot "hang-$name" "$name" "$(kernel lab-hang old hang)"
		is "$name: a kernel that hangs is boot-failed" "$outcome" boot-failed ||
			explain "hang-$name" "$name"
	fi
done
if part fallback; then
	# The entry is forgotten before GRUB looks at it: what comes up is the known-good kernel.
	job fallback disk "$good"
	ctl disk when 'SeaBIOS' run "sed -i s/next_entry=xbisect/next_entry=nothing/ '$tmp/disk/disk'" >/dev/null
	run_start fallback
	run_end fallback
	ctl disk calm >/dev/null
	echo "# fallback: $outcome: $detail"
	is "a machine that fell back is boot-failed, not measured" "$outcome" boot-failed || explain fallback disk
	is "a machine that fell back gives no sample" "$(grep -c '"sample"' "$tmp/runs/fallback/events.jsonl")" 0
fi
if part kill; then
	for name in net disk; do
		job "killed-$name" "$name" "$good"
		run_start "killed-$name"
		for _ in $(seq 1200); do
			grep -q '"phase":"boot"' "$tmp/runs/killed-$name/events.jsonl" 2>/dev/null && break
			kill -0 "$run_pid" 2>/dev/null || break
			sleep 0.5
		done
		kill -9 -- "-$run_pid" 2>/dev/null
		run_end "killed-$name"
		is "$name: controller killed in a boot: no outcome" "$outcome" none
		job_kind=recover boot "recover-$name" "$name" "$good"
		is "$name: the next controller finds the machine and brings it back" "$outcome" ok ||
			explain "recover-$name" "$name"
		up "$name"
		ok $? "$name: the known-good system answers"
	done
fi

# ---- by the daemon: onboarding, and a search among packaged kernels --------------------
if part daemon; then
	cat >"$conf" <<-END
		[daemon]
		state_dir=$state
		socket=$XBISECT_SOCKET

		[host disk]
		$(settings disk)

		[host net]
		$(settings net)

		[workload map-unmap]
		iterations=2
		metrics=unmap:s:lower;map:s:lower
		param.mib=16
		param.batch=1024
	END
	"$bin/xbisectd" --config "$conf" 2>"$tmp/daemon.log" </dev/null &
	pids+=($!)
	for _ in $(seq 200); do
		"$bin/xbisect" list >/dev/null 2>&1 && break
		sleep 0.2
	done
	for name in disk net; do
		text=$("$bin/xbisect" hosts check "$name" 2>&1)
		ok $? "hosts check $name: all operations work" || sed 's/^/# /' <<<"$text"
	done
	for i in 1 2 3 4 5; do
		echo "$(kernel "lab-$i" "$([ "$i" -le 3 ] && echo old || echo new)")/vmlinuz:$tmp/kernels/lab-$i/modules lab-$i"
	done >"$tmp/images"
	for name in disk net; do
		timeout 1800 "$bin/xbisect" bisect --wait --json --host "$name" --images "$tmp/images" \
			>"$tmp/bisect-$name.json" 2>"$tmp/bisect-$name.err" &
		declare "waits_$name=$!"
	done
	for name in disk net; do
		waits=waits_$name
		wait "${!waits}"
		is "bisect on $name: exit 0" $? 0 || {
			tail -5 "$tmp/bisect-$name.err" "$tmp/daemon.log" | sed 's/^/# /'
			jq -c 'del(.measurements)' "$tmp/bisect-$name.json" | cut -c1-1500 | sed 's/^/# /'
		}
		is "bisect on $name: the first slow kernel is found" \
			"$(jq -r '.verdict.commits[0].id' "$tmp/bisect-$name.json")" lab-4
		jq -c .counts "$tmp/bisect-$name.json" | sed 's/^/# /'
	done
fi
finish
