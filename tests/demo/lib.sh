# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - what the demo and the benchmark share: a private daemon over the
# demo's range. Sourced; the caller sets $bin (absolute) and $dir (absolute,
# private, made anew here).

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
daemon_pid=

say() {
	echo "demo: $*" >&2
}

# range SEED: sets repo, good, bad, culprit, subject, commits.
range() {
	local line truth=
	repo='' good='' bad='' culprit='' subject='' commits=''
	while IFS= read -r line; do
		case $line in
		repo=*) repo=${line#*=} ;;
		good=*) good=${line#*=} ;;
		bad=*) bad=${line#*=} ;;
		truth=*) truth=${line#*=} ;;
		esac
	done < <("$top/tests/demo/make-range" --seed "$1")
	[ -n "$truth" ] || return 1
	while IFS= read -r line; do
		case $line in
		culprit=*) culprit=${line#*=} ;;
		subject=*) subject=${line#*=} ;;
		commits=*) commits=${line#*=} ;;
		esac
	done <"$truth"
	[ -n "$culprit" ]
}

# configure CCACHE_DIR: $dir, afresh unless $keep is yes, with xbisectd.conf; sets config, socket.
configure() {
	local xen
	xen=$("$top/runner/fetch-debian.sh" xen)
	[ "${keep:-no}" = yes ] || rm -rf "$dir"
	mkdir -p "$dir" "$1"
	config=$dir/xbisectd.conf
	socket=$dir/socket
	# A socket's name has at most 107 bytes.
	if [ ${#socket} -gt 100 ]; then socket=$(mktemp -d)/socket; fi
	cat >"$config" <<-END
		# The demo's private daemon: written by tests/demo.
		[daemon]
		state_dir=$dir/state
		socket=$socket

		[builder]
		command=$bin/xbisect-build
		kconfig=$top/configs/kernel/dom0-minimal.config
		ccache_dir=$1

		[host qemu]
		driver=qemu
		xen=$xen
	END
	export XBISECT_SOCKET=$socket
}

start_daemon() {
	local i
	"$bin/xbisectd" --config "$config" --check >&2
	# A session of its own: Ctrl-C is for the client.
	setsid "$bin/xbisectd" --config "$config" >"$dir/xbisectd.log" 2>&1 </dev/null &
	daemon_pid=$!
	for ((i = 0; i < 300; i++)); do
		if "$bin/xbisect" list >/dev/null 2>&1; then return 0; fi
		kill -0 "$daemon_pid" 2>/dev/null || break
		sleep 0.1
	done
	tail -n 20 "$dir/xbisectd.log" >&2
	say "xbisectd did not start: see $dir/xbisectd.log"
	return 1
}

# Nothing is left running: work that is under way is cancelled first, since the
# daemon alone would leave it for its successor.
stop_daemon() {
	local id i
	[ -n "$daemon_pid" ] || return 0
	for id in $("$bin/xbisect" list --json 2>/dev/null |
		jq -r '.jobs[]? | select(.state == "running" or .state == "queued") | .id'); do
		"$bin/xbisect" cancel "$id" >/dev/null 2>&1 || true
	done
	kill "$daemon_pid" 2>/dev/null || true
	for ((i = 0; i < 100; i++)); do
		kill -0 "$daemon_pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$daemon_pid" 2>/dev/null || true
	wait "$daemon_pid" 2>/dev/null || true
	daemon_pid=
}
