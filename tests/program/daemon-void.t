#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots that come up and bring no number of the metric: made again, but not for ever.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

linear repo 12 7
linear mute 6 3 1.0 1.1 "6:boot=no-metric"
outcomes='[.measurements[].outcome] | map(select(. == "workload-failed")) | length'

# ---- every third boot of a kernel ------------------------------------------------
for at in 0 1; do
	fresh_state
	host_options="--void-at $at" config
	start_daemon
	x bisect --wait --json --repo "$tmp/repo" c0..c12
	is "bisect, from boot $at on: exit 0" "$status" 0
	is "bisect, from boot $at on: found" "$(j '.verdict.commits[0].id')" "$(sha c7)"
	json "bisect, from boot $at on: boots lacked it, and three confirm" "($outcomes) >= 2 and
		([.confirmation[] | select(.image == \"clean\") | .boots] | length == 2 and all(. >= 3)) and
		(.effect.ratio - 1.1 | fabs) < 0.001"
	x ab --wait --json --repo "$tmp/repo" c0 c12
	is "ab, from boot $at on: exit 0" "$status" 0
	json "ab, from boot $at on: different, and void boots do not count" ".verdict.kind == \"different\" and
		(.effect.ratio - 1.1 | fabs) < 0.01 and .sides.base.boots >= 3 and
		.metrics[0].base_boots == .sides.base.boots and .metrics[0].void_boots >= 2 and
		.counts.boots == .sides.base.boots + .sides.test.boots + .metrics[0].void_boots"
	x measure --wait --json --boots 4 --repo "$tmp/repo" c3
	is "measure, from boot $at on: exit 0" "$status" 0
	json "measure, from boot $at on: as many boots as asked for have a number" \
		'.sides.base.boots == 4 and .counts.boots > 4 and .counts.boots <= 6'
	x compare --wait --json --boots 3 --repo "$tmp/repo" c0 c8 c12
	json "compare, from boot $at on: three boots each with a number" \
		'.comparisons | length == 2 and all(.base_boots == 3 and .test_boots == 3)'
done

# ---- every boot ------------------------------------------------------------------------
x bisect --wait --json --repo "$tmp/mute" c0..c6
is "BAD never gives it: exit 5" "$status" 5
json "BAD never gives it: said so after three boots" ".state == \"failed\" and
	([.measurements[] | select(.node == 6)] | length == 3 and all(.outcome == \"workload-failed\")) and
	(.reason | contains(\"BAD\") and contains(\"no sample of \\\"unmap\\\"\"))"
x ab --wait --json --repo "$tmp/mute" c0 c6
is "the test side never gives it: exit 5" "$status" 5
json "the test side never gives it: said so" '.reason | contains("test") and contains("no sample of \"unmap\"")'
linear middle 12 7 1.0 1.1 {4,5,8,9}:boot=no-metric
x bisect --wait --json --repo "$tmp/middle" c0..c12
is "commits around the culprit never give it: the search goes round them" \
	"$(j '.verdict.kind') $(j '.verdict.commits[0].id')" "culprit $(sha c7 middle)"

# ---- a host that repeats itself ------------------------------------------------------------
fresh_state
host_options="--void-at 2" host_keys="deterministic=yes" config
start_daemon
x bisect --wait --json --repo "$tmp/repo" c0..c12
is "a host that repeats itself, third boots lack it: found" "$(j '.verdict.commits[0].id')" "$(sha c7)"
x bisect --wait --json --repo "$tmp/mute" c0..c6
is "a host that repeats itself, BAD never gives it: exit 5" "$status" 5
json "a host that repeats itself, BAD never gives it: one boot says so" \
	'[.measurements[] | select(.node == 6)] | length == 1'

finish
