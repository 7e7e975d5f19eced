#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bisections from the command line to the verdict, with fake builder and host.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

linear repo 12 7
config
sed -i "s|^ccache_dir=none|ccache_dir=$tmp/ccache|" "$conf"
start_daemon

# ---- the planted commit ------------------------------------------------------
x bisect --wait --json --repo "$tmp/repo" c0..c12
is "culprit: exit 0" "$status" 0
is "culprit: it is the planted commit" "$(j '.verdict.commits[0].id')" "$(sha c7)"
json "culprit: the contract's members" '
	(.id | type) == "number" and .kind == "bisect" and .state == "done" and
	.verdict.kind == "culprit" and .verdict.confidence >= 0.99 and .verdict.confidence <= 1 and
	(.verdict.commits | length >= 1 and all(has("id") and has("subject") and has("probability"))) and
	(.effect | has("metric") and has("base") and has("test") and has("ratio") and
		has("ci_low") and has("ci_high") and has("unit")) and
	(.counts | has("builds") and has("builds_reused") and has("prebuilt") and has("boots") and
		has("skipped")) and
	(.measurements | length > 0 and all(has("commit") and has("variant") and has("boot") and
		has("outcome") and has("samples")))'
json "culprit: commits by falling probability" \
	'[.verdict.commits[].probability] as $p | $p == ($p | sort | reverse)'
json "culprit: effect" '.effect | .metric == "unmap" and .unit == "s" and
	(.ratio - 1.1 | fabs) < 0.001 and .ci_low <= .ratio and .ratio <= .ci_high'
json "culprit: subject" '.verdict.commits[0].subject == "change number 7"'
json "culprit: its facts" '.culprit.author == "Toy Author" and .culprit.email == "toy@example.org"
	and (.culprit.diffstat | length > 0)'
json "culprit: rebuilt clean and measured" '[.confirmation[] | select(.image == "clean" and .boots >= 3)] | length == 2'
json "culprit: the revert on the tip measured" '[.confirmation[] |
	select(.image == "revert" and .boots > 0 and (.level - 1.0 | fabs) < 0.001)] | length == 1'
json "culprit: all metrics of the workload, against the parent" '[.metrics[] | [.metric, .kind, .decides]] ==
	[["unmap", "different", true], ["map", "same", false]] and
	(.metrics[0] | (.ratio - 1.1 | fabs) < 0.001 and .base_boots >= 3 and .test_boots >= 3)'
# ceil(log2(12)) + 2, and the confirmation's three
is "culprit: no more builds than a search needs" "$([ "$(j '.counts.builds')" -le 9 ] && echo fine)" fine
cp out "$tmp/first.json"
is "culprit: the cache is only read by clean builds" \
	"$(jq -r 'select(.kind == "build") | "\(.clean) \(.ccache_readonly)"' "$state"/runs/*/job.json |
		sort -u | paste -sd ' ')" "false false true true"
x show 1
is "show: exit 0" "$status" 0
has "show: names the commit" out "$(sha c7 | cut -c1-12)"
for format in text markdown json mbox; do
	x report 1 --format "$format"
	[ "$status" -eq 0 ] && grep -q "$(sha c7 | cut -c1-12)" "$tmp/out"
	ok $? "report --format $format names the commit"
done
x log 1
has "log: says what was built and why" out 'build [0-9a-f]{12}'
has "log: says the verdict" out 'verdict: culprit'
x list --json
json "list: the job" '.jobs[0].id == 1 and .jobs[0].state == "done"'

# ---- what is known is not measured again --------------------------------------
builds=$(logged_count '^build start')
x bisect --wait --json --repo "$tmp/repo" c0..c12
is "the same range again: exit 0" "$status" 0
is "the same range again: nothing is built" "$(logged_count '^build start')" "$builds"
json "the same range again: said so" '.counts.builds == 0 and .counts.builds_reused > 0'
# nobody says of this host that one boot says what all say
own_confirmation='[.confirmation[] | select(.image == "clean") | .boots] |
	length == 2 and all(. >= 3)'
json "the same range again: confirmed by boots of its own" \
	"($own_confirmation) and ([.confirmation[] | select(.image == \"clean\") | .boots] | add) <= .counts.boots"

# ---- an improvement, and none ----------------------------------------------------
x bisect --wait --json --repo "$tmp/repo" c0..c6
is "none: exit 3" "$status" 3
json "none: verdict" '.verdict.kind == "none" and .counts.boots <= 60'
linear faster 9 4 2.0 1.5
x bisect --wait --json --repo "$tmp/faster" c0..c9
is "an improvement: exit 0" "$status" 0
is "an improvement: found" "$(j '.verdict.commits[0].id')" "$(sha c4 "$tmp/faster")"
linear small 9 4 1.0 1.004
x bisect --wait --json --repo "$tmp/small" c0..c9
is "an effect below --min-effect: exit 3" "$status" 3
x bisect --wait --json --repo "$tmp/small" --min-effect 0.1% c0..c9
is "the same with a smaller --min-effect: exit 0" "$status" 0

# ---- commits that do not build or boot --------------------------------------------
linear skips 12 7 1.0 1.1 2:build=fail 9:boot=boot-failed 10:boot=workload-failed
x bisect --wait --json --repo "$tmp/skips" c0..c12
is "failures away from the culprit: exit 0" "$status" 0
is "failures away from the culprit: found" "$(j '.verdict.commits[0].id')" "$(sha c7 "$tmp/skips")"
linear hole 12 7 1.0 1.1 5:build=fail 6:build=fail 7:build=fail 8:boot=boot-failed
x bisect --wait --json --repo "$tmp/hole" c0..c12
is "nothing builds or boots around the culprit: exit 4" "$status" 4
json "range: verdict" '.verdict.kind == "range" and .counts.skipped >= 3'
json "range: nothing is said of steps that boots can't tell" '.other_steps == 0'
is "range: the commits that are left, and no other" \
	"$(j '[.verdict.commits[].id] | sort | join(" ")')" \
	"$(for c in c5 c6 c7 c8 c9; do sha $c "$tmp/hole"; done | sort | paste -sd ' ')"
broken=()
for i in $(seq 3 42); do broken+=("$i:build=fail"); done
linear wide 45 20 1.0 1.1 "${broken[@]}"
x bisect --wait --json --repo "$tmp/wide" c0..c45
json "a range of more than 32: all are listed, and counted" '.verdict.kind == "range" and
	.verdict.range_size == 41 and (.verdict.commits | length == 41)'
x report "$(j .id)"
has "a range of more than 32: the report counts them" out 'range of 41 commits, most probably'
has "a range of more than 32: the report counts those that it leaves out" out 'and 21 more commits'

# ---- an incremental build that lies ---------------------------------------------------
for liar in 6 7; do # the parent as if it were bad, the culprit as if it were good
	linear "lie$liar" 12 7 1.0 1.1 "$liar:build=lie 1.$((7 - liar))"
	x bisect --wait --json --repo "$tmp/lie$liar" c0..c12
	is "c$liar lies: exit 0" "$status" 0
	is "c$liar lies: the commit that clean rebuilds name" "$(j '.verdict.commits[0].id')" \
		"$(sha c7 "$tmp/lie$liar")"
	json "c$liar lies: the reason says what was set aside" '.reason | contains("set aside")'
	json "c$liar lies: nor do the metrics count it" '.metrics[0] | .kind == "different" and
		(.base - 1.0 | fabs) < 0.001 and (.test - 1.1 | fabs) < 0.001'
done
# ---- several steps -----------------------------------------------------------------------
toy steps < <(for i in $(seq 0 24); do
	level=1.0
	[ "$i" -lt 8 ] || level=1.3
	[ "$i" -lt 17 ] || level=1.17
	echo "c$i $([ "$i" = 0 ] && echo - || echo "c$((i - 1))") level=$level id=$i -- change $i"
done)
x bisect --wait --json --all --repo "$tmp/steps" c0..c24
is "--all: exit 0" "$status" 0
is "--all: the verdict is the largest step" "$(j '.verdict.commits[0].id')" "$(sha c8 "$tmp/steps")"
is "--all: each step, the largest first" "$(j '[.steps[].id] | join(" ")')" \
	"$(sha c8 "$tmp/steps") $(sha c17 "$tmp/steps")"
json "--all: a regression and an improvement" '.steps[0].regression and (.steps[1].regression | not)
	and (.steps[0].effect.ratio - 1.3 | fabs) < 0.001 and (.steps[1].effect.ratio - 0.9 | fabs) < 0.001'
x report "$(j .id)"
has "--all: the report lists both" out 'improvement'
x bisect --wait --json --repo "$tmp/steps" c0..c24
is "without --all: the largest" "$(j '.verdict.commits[0].id')" "$(sha c8 "$tmp/steps")"
json "without --all: it is said that there are others" '.other_steps > 0.5 and (.steps | length == 1)'
x bisect --wait --repo "$tmp/steps" c0..c24
has "without --all: so says what --wait prints" out '^ +mind +the range holds another step .*--all'

# ---- jobs that fail -------------------------------------------------------------------
linear badgood 6 3 1.0 1.1 "0:build=fail kernel/x.c:7: error: no such thing"
x bisect --wait --json --repo "$tmp/badgood" c0..c6
is "GOOD does not build: exit 5" "$status" 5
json "GOOD does not build: failed, with the first error" '.state == "failed" and
	(.reason | contains("GOOD") and contains("kernel/x.c:7: error"))'
linear badbad 6 3 1.0 1.1 "6:boot=boot-failed Kernel panic"
x bisect --wait --json --repo "$tmp/badbad" c0..c6
is "BAD does not boot: exit 5" "$status" 5
json "BAD does not boot: failed, with the console's line" '.state == "failed" and
	(.reason | contains("BAD") and contains("Kernel panic"))'

# ---- a host that repeats itself -------------------------------------------------------------
fresh_state
host_keys="deterministic=yes" config
start_daemon
x bisect --wait --json --repo "$tmp/repo" c0..c12
is "a host that repeats itself: exit 0" "$status" 0
x bisect --wait --json --repo "$tmp/repo" c0..c12
is "the same range again: exit 0" "$status" 0
json "the same range again: nothing is booted, earlier boots confirm" \
	".counts.boots == 0 and ($own_confirmation)"

# ---- a host that is not deterministic -----------------------------------------------------
fresh_state
host_options="--noise 0.004" host_keys='' config
start_daemon
linear noisy 10 6 1.0 1.05
x bisect --wait --json --repo "$tmp/noisy" c0..c10
is "noise: exit 0" "$status" 0
is "noise: found" "$(j '.verdict.commits[0].id')" "$(sha c6 noisy)"
json "noise: the interval holds the truth" '.effect.ci_low < 1.05 and 1.05 < .effect.ci_high'
last_run=$(j '[.measurements[].run] | max')
x bisect --wait --json --repo "$tmp/noisy" c0..c10
is "noise, the same range again: found" "$(j '.verdict.commits[0].id')" "$(sha c6 noisy)"
json "noise, the same range again: three fresh boots a side at least confirm" "($own_confirmation) and
	([.measurements[] | select(.run > $last_run and .image != \"revert\") | .node] |
		(map(select(. == 5)) | length >= 3) and (map(select(. == 6)) | length >= 3))"
linear flat 10 99 1.01 1.0
x bisect --wait --json --repo "$tmp/flat" c0..c10
is "noise and no step: exit 3" "$status" 3
json "noise and no step: at most 60 boots" '.counts.boots <= 60'

finish
