#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A range of 20,000 commits with merges: the verdict, and what the daemon needs.
# Limits are several times what it takes on a quiet machine.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

now() { date +%s%N; }
limit() { # limit NAME START_NS LIMIT_MS
	local ms=$((($(now) - $2) / 1000000))
	[ $ms -le "$3" ]
	ok $? "$1 within $3 ms" || echo "# $ms ms"
	echo "# $1: $ms ms"
}

"$here/lib/big-repo" "$tmp/big" 20000 13000
config
start_daemon
start=$(now)
x bisect --json --repo "$tmp/big" good..bad
limit "queueing 20,000 commits" "$start" 60000
json "all of them are in the range" '.commits_in_range >= 19990'
start=$(now)
x show 1
limit "showing a job of 20,000 commits" "$start" 20000
worst=0
while ! ended 1; do
	start=$(now)
	x hosts
	took=$((($(now) - start) / 1000000))
	worst=$((took > worst ? took : worst))
done
echo "# others waited $worst ms at the most"
[ $worst -lt 20000 ]
ok $? "while it plans, others are served"
echo "# others waited at most $worst ms"
x show --wait --json 1
is "exit 0" "$status" 0
is "the planted commit" "$(j '.verdict.commits[0].id')" "$(sha culprit big)"
# 14.3 bits, endpoints, confirmation
json "no more builds than a search needs" '.counts.builds <= 22'
rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$daemon/status")
echo "# resident: $rss KiB"
if ! nm -D "$bin/xbisectd" | grep -q __asan; then
	x list
	[ "$rss" -lt 60000 ]
	ok $? "its memory is given back"
fi

finish
