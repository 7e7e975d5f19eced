#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The load test of the pages, in small: nobody is turned away, viewers are told, nothing stays behind.
# The full size is `make bench-web`. How fast the pages are is printed, and depends on the machine.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

small=("$here/../bench/web" --bin "$bin" --dir "$tmp/bench" --jobs 40 --measurements 2000
	--requests 800 --idle 1000 --limit 0)
status=0
"${small[@]}" >"$tmp/out" 2>"$tmp/err" || status=$?
is "300 viewers, 800 requests, 1,000 idle connections" "$status" 0
of() { jq -sr "map(select(.$1 != null))[0] | $2" "$tmp/out"; }
is "no request failed under load" "$(of viewers '[.requests, .failed] | tostring')" '[800,0]'
is "each viewer was told" "$(of viewers '.events_min >= 2')" true
is "none failed beside idle connections" "$(of idle '[.idle, .refused, .failed] | tostring')" '[1000,0,0]'
grep -E '"(viewers|idle)"' "$tmp/out" | sed 's/^/# /'

# killed without a word it leaves nothing behind
"${small[@]}" >"$tmp/killed.out" 2>/dev/null &
load=$!
begun() { grep -q '"page"' "$tmp/killed.out"; }
wait_until 60 begun
children=$(pgrep -P "$load" | paste -sd' ')
kill -9 "$load"
wait "$load" 2>/dev/null
gone() {
	local pid
	for pid in $children; do
		# a zombie that nobody waits for is gone as well
		grep -q '^State:.*[RSD] ' "/proc/$pid/status" 2>/dev/null && return 1
	done
	return 0
}
is "the page and its clients run" "$(echo "$children" | wc -w)" 2
wait_until 20 gone
ok $? "a load test that is killed leaves no xbisect-web behind"
finish
