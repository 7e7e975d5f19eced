#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xbisect-dom0 outside dom0: its command line, the workloads on its own memory
# (which need no Xen), and what those that do need it say here.
set -u
bin=$(cd "${XB_BIN:-build/bin}" && pwd)
dom0=$bin/xbisect-dom0
[ -x "$dom0" ] || dom0=$(cd "$(dirname "$0")/../.." && pwd)/build/bin/xbisect-dom0
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

n=0
ok()
{
	n=$((n + 1))
	[ "$1" -eq 0 ] && echo "ok $n - $2" || echo "not ok $n - $2"
}
# fails STATUS PATTERN ARGUMENT...
fails()
{
	local want=$1 pattern=$2
	shift 2
	"$dom0" "$@" >"$tmp/out" 2>"$tmp/err"
	[ $? -eq "$want" ] && grep -q -e "$pattern" "$tmp/err"
	ok $? "refused: $*" || sed 's/^/# /' "$tmp/err"
}
# samples COUNT METRIC: so many positive numbers of it
samples()
{
	[ "$(grep -cE "^$2 [0-9]+\.[0-9]*[1-9][0-9]* s$" "$tmp/out")" = "$1" ]
}

while read -r workload metrics; do
	"$dom0" "$workload" --mib 2 --iterations 3 --warmup 2 --metrics >"$tmp/out" 2>"$tmp/err"
	good=$?
	for metric in $metrics; do
		samples 3 "$metric" || good=1
	done
	[ "$(wc -l <"$tmp/out")" = 9 ] || good=1
	ok $good "$workload: a line for each sample that counts" || sed 's/^/# /' "$tmp"/{out,err}
	"$dom0" "$workload" --mib 1 --iterations 2 >"$tmp/out" 2>"$tmp/err" &&
		grep -q "^ $workload (2 runs):" "$tmp/out" && grep -qE '\+- [0-9.]+ s ' "$tmp/out"
	ok $? "$workload: a summary"
done <<'END'
mmap-unmap touch unmap total
mprotect protect unprotect total
mremap move back total
fork-exit fork exit total
END

"$dom0" mremap --mib 1 --iterations 1 --metrics and fork-exit --mib 1 --iterations 2 --metrics \
	and mremap --mib 1 --iterations 1 --metrics >"$tmp/out" 2>"$tmp/err"
ok $? "three workloads in one go"
samples 1 move && samples 2 fork-exit.fork && samples 1 mremap.move
ok $? "the metrics of those that follow carry their name" || sed 's/^/# /' "$tmp/out"

fails 1 "needs a workload after it" mremap --mib 1 --iterations 1 and
fails 1 "needs a workload after it" mremap --mib 1 --iterations 1 and and fork-exit
fails 1 "no workload 'sleep'" mremap --mib 1 --iterations 1 and sleep
fails 1 "no workload 'map-unmap' after" mremap --mib 1 --iterations 1 and map-unmap
fails 1 "unexpected argument '--pages'" mremap --pages 3
fails 1 "unexpected argument 'x'" mremap x
# pte-stress on this machine's kernel: the check itself has to be right.
if [ "$(getconf _NPROCESSORS_ONLN)" -ge 2 ]; then
	timeout 300 "$dom0" pte-stress --mib 1 --iterations 1 --warmup 0 --metrics >"$tmp/out" 2>"$tmp/err"
	ok $? "pte-stress: nothing is lost here" || sed 's/^/# /' "$tmp/err"
	[ "$(awk '$1 == "discarded" || $1 == "kept" { n += $2 } END { print n + 0 }' "$tmp/out")" = 256 ]
	ok $? "pte-stress: each page was discarded or kept" || sed 's/^/# /' "$tmp/out"
fi
fails 1 "needs a value" mremap --mib
fails 2 "bad value '-1'" mprotect --mib -1
fails 2 "bad value '0'" mprotect --mib 0
fails 2 "bad value '99999999999999999999'" fork-exit --mib 99999999999999999999
fails 2 "bad value '5x'" fork-exit --iterations 5x
fails 2 "bad value 'fast'" migrate-send --mode fast
fails 1 "precopy with --domid" migrate-send --domid 3
fails 1 "precopy with --domid" migrate-send --domid 3 --mode paused
fails 6 "can't be mapped\|no room" mremap --mib 1048576 --iterations 1
if [ ! -e /proc/xen/capabilities ]; then
	fails 4 "libxenctrl can't be opened" migrate-send --mib 1
	fails 4 "libxenctrl can't be opened" migrate-send --domid 3 --mode precopy
fi
for help in --help "migrate-send --help" "mremap --help"; do
	# shellcheck disable=SC2086
	"$dom0" $help >"$tmp/out" 2>"$tmp/err" && grep -q '^usage: xbisect-dom0' "$tmp/out" && [ ! -s "$tmp/err" ]
	ok $? "$help"
done

# Every description is one that the daemon takes, and names metrics that there are.
for conf in "$top"/configs/workload/*.conf; do
	name=$(basename "$conf" .conf)
	[ "$name" != own-program ] || continue
	mkdir -p "$tmp/repo"
	{ printf '[daemon]\nstate_dir=%s/state\nsocket=%s/s\n[builder]\nrepo=%s/repo\n[host h]\ndriver=null\n' \
		"$tmp" "$tmp" "$tmp"; cat "$conf"; } >"$tmp/xbisectd.conf"
	"$bin/xbisectd" --check --config "$tmp/xbisectd.conf" >"$tmp/out" 2>&1
	ok $? "configs/workload/$name.conf is taken" || sed 's/^/# /' "$tmp/out"
	builtin=$(sed -n 's/^builtin=//p' "$conf")
	case $builtin in
	mmap-unmap | mprotect | mremap | fork-exit)
		"$dom0" "$builtin" --mib 1 --iterations 1 --metrics >"$tmp/out"
		good=0
		for metric in $(sed -n 's/^metrics=//p' "$conf" | tr ';' '\n' | cut -d: -f1); do
			grep -q "^$metric " "$tmp/out" || good=1
		done
		ok $good "configs/workload/$name.conf: its metrics come"
		;;
	esac
done
echo "1..$n"
