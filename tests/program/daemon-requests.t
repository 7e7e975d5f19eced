#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be asked for besides a plain range, and what is refused: merges, images,
# A/B, measure, bad revisions, damaged repositories, hostile texts.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

config "
[repo toy]
path=$tmp/repo
[workload sweep]
param.batch=64,1024"
linear repo 6 3

# ---- no daemon -----------------------------------------------------------------
x bisect --repo "$tmp/repo" c0..c6
is "no daemon: exit 2" "$status" 2
has "no daemon: the command that starts it" err xbisectd
start_daemon

# ---- refused ---------------------------------------------------------------------
toy side <<END
a - level=1 id=a -- root
b a id=b -- one side
c a id=c -- other side
END
while IFS='|' read -r name pattern args; do
	# shellcheck disable=SC2086
	x $args
	[ "$status" -eq 1 ] && grep -qE -- "$pattern" "$tmp/err"
	ok $? "refused: $name" || printf '# pattern: %s\n' "$pattern"
done <<END
an unknown revision, naming the nearest|unknown revision "c6z".*did you mean.*c6|bisect --repo $tmp/repo c0..c6z
an option for a revision|-|bisect --repo $tmp/repo -- --upload-pack=touch..c6
a reversed range|reversed.*did you mean|bisect --repo $tmp/repo c6..c0
GOOD that is no ancestor, with the merge base|merge base $(sha a side | cut -c1-12)|bisect --repo $tmp/side b..c
an empty range|empty|bisect --repo $tmp/repo c3..c3
a directory without a repository|no git repository|bisect --repo $tmp/state c0..c6
a repository that is not configured|no git repository|bisect --repo nonesuch c0..c6
an unknown workload|no workload "x"|bisect --repo $tmp/repo --workload x c0..c6
an unknown metric|no metric "x"|bisect --repo $tmp/repo --metric x c0..c6
an unknown host|no host "x"|bisect --repo $tmp/repo --host x c0..c6
an unknown job|no job 4711|show 4711
an unknown job to cancel|no job 4711|cancel 4711
an unknown host to check|no host "x"|hosts check x
an unknown state|no state|list --state sleeping
END
x bisect --json --repo "$tmp/repo" c0..c6z
is "refused with --json: exit 1" "$status" 1
json "refused with --json: one object with the error" '.error | contains("c6z")'
x list --json
json "refused requests leave no job" '.jobs == []'

# ---- where the repository is -------------------------------------------------------
x bisect --json --repo toy c0..c6
is "a configured repository by name" "$(j .repo)" "$(realpath "$tmp/repo")"
mkdir -p "$tmp/repo/deep/er"
cd "$tmp/repo/deep/er" || exit 1
x bisect --wait --json c0..
is "the repository around the current directory: exit 0" "$status" 0
is "the same: found" "$(j '.verdict.commits[0].id')" "$(sha c3)"
cd "$tmp" || exit 1
git clone -q --bare "$tmp/repo" "$tmp/bare.git"
before=$(cd "$tmp/repo" && find . -type f -printf '%p %T@ %s\n' | sort | sha256sum)
x bisect --wait --json --repo "$tmp/bare.git" c0..c6
is "a bare repository: exit 0" "$status" 0
x bisect --wait --json --repo "$tmp/repo" c0..c6
is "the user's repository is not written" \
	"$(cd "$tmp/repo" && find . -type f -printf '%p %T@ %s\n' | sort | sha256sum)" "$before"

# ---- merges -----------------------------------------------------------------------------
toy merges <<END
m0 - level=1.0 id=m0 -- start
a1 m0 id=a1 -- main line
a2 a1 id=a2 -- main line
b1 m0 other=b1 -- topic
b2 b1 level=1.2 -- topic: the slow one
b3 b2 other=b3 -- topic
m1 a2,b3 level=1.2 other=b3 -- Merge topic
a3 m1 id=a3 -- main line
d1 a1 id2=d1 -- another topic
m2 a3,d1 id=m2 -- Merge another topic
a4 m2 id=a4 -- main line
END
x bisect --wait --json --repo "$tmp/merges" m0..a4
is "merges: exit 0" "$status" 0
is "merges: the commit on the side branch" "$(j '.verdict.commits[0].id')" "$(sha b2 merges)"
x bisect --wait --json --first-parent --repo "$tmp/merges" m0..a4
is "--first-parent: exit 0" "$status" 0
is "--first-parent: the merge" "$(j '.verdict.commits[0].id')" "$(sha m1 merges)"
json "--first-parent: only its chain" '.commits_in_range == 6'
x report "$(j .id)"
has "--first-parent: the report's command has it" out '^    xbisect bisect --repo .* --first-parent m0[.][.]a4$'

# ---- prebuilt images ----------------------------------------------------------------------
mkdir "$tmp/images"
for i in 1 2 3 4 5 6; do
	level=$([ $i -ge 5 ] && echo 1.3 || echo 1.0)
	printf 'level %s\nid image %d\n' "$level" $i >"$tmp/images/vmlinuz-$i"
	echo "images/vmlinuz-$i kernel number $i" >>"$tmp/list"
done
x bisect --wait --json --images "$tmp/list"
is "--images: exit 0" "$status" 0
is "--images: the first slow one" "$(j '.verdict.commits[0].id')" "$tmp/images/vmlinuz-5"
json "--images: nothing is built" '.counts.builds == 0 and .counts.boots >= 4'
x show "$(j .id)"
is "--images: show: exit 0" "$status" 0
x ab --wait --json "image:$tmp/images/vmlinuz-1" "image:$tmp/images/vmlinuz-6"
is "ab of images: exit 0" "$status" 0
x ab --wait --json "image:$tmp/images/vmlinuz-1" c0 --repo "$tmp/repo"
is "ab of an image and a revision: exit 3" "$status" 3

# ---- A/B --------------------------------------------------------------------------------------
x ab --wait --json --repo "$tmp/repo" c0 c6
is "ab: different: exit 0" "$status" 0
json "ab: the contract's members" '.kind == "ab" and .verdict.kind == "different" and
	.verdict.confidence >= 0.99 and (.effect.ratio - 1.1 | fabs) < 0.01 and
	.effect.ci_low <= .effect.ratio and .effect.ratio <= .effect.ci_high and
	(.measurements | length) >= 4'
x ab --wait --json --repo "$tmp/repo" c0 c1
is "ab: same: exit 3" "$status" 3
json "ab: same" '.verdict.kind == "same"'
x report "$(j .id)"
is "ab: report: exit 0" "$status" 0
git -C "$tmp/repo" diff c3 c2 -- level >"$tmp/undo.patch"
x ab --wait --json --repo "$tmp/repo" --test-patch "$tmp/undo.patch" c6 c6
is "ab with a patch: exit 0" "$status" 0
json "ab with a patch: its effect" '(.effect.ratio - 1 / 1.1 | fabs) < 0.01'
x ab --wait --json --repo "$tmp/repo" --base-patch "$tmp/undo.patch" --test-patch "$tmp/undo.patch" c6 c6
is "ab of one variant with itself: exit 3" "$status" 3
json "ab of one variant with itself: nothing was booted for it" '.counts.boots == 0'
x ab --wait --json --repo "$tmp/repo" --test-patch "$tmp/undo.patch" c0 c0
is "ab with a patch that does not apply: exit 5" "$status" 5
json "ab with a patch that does not apply: says so" '.reason | test("does not build.*level")'
echo CONFIG_LEVEL_FACTOR=1.5 >"$tmp/slow.config"
x ab --wait --json --repo "$tmp/repo" --test-kconfig "$tmp/slow.config" c0 c0
is "ab with two configs: exit 0" "$status" 0
json "ab with two configs: its effect" '(.effect.ratio - 1.5 | fabs) < 0.01'
x ab --wait --json --boots 2 --repo "$tmp/repo" c1 c5
json "ab --boots: exactly these" '.sides.base.boots == 2 and .sides.test.boots == 2 and
	(.measurements | length) == 4'
x ab --wait --json --resolve 15% --repo "$tmp/repo" c0 c6
is "ab --resolve: 10 % is not worth it: exit 3" "$status" 3
json "ab --resolve: the same within that" '.verdict.kind == "same" and (.reason | contains("within 15 %"))'
x ab --wait --json --workload sweep --repo "$tmp/repo" c0 c6
is "ab with a sweep over batch sizes: exit 0" "$status" 0
json "ab with a sweep over batch sizes: a row for each size" '.metrics | map([.metric, .kind]) ==
	[["unmap.b64", "different"], ["unmap.b1024", "different"], ["map.b64", "same"],
	["map.b1024", "same"], ["total.b64", "same"], ["total.b1024", "same"]]'
x report "$(j .id)"
has "ab with a sweep over batch sizes: report: a row for each size" out '^  unmap[.]b64 .* different'
has "ab with a sweep over batch sizes: report: of the last, too" out '^  total[.]b1024 .* same'
# ---- several variants --------------------------------------------------------------------------
x compare --wait --json --repo "$tmp/repo" --patch "2:$tmp/undo.patch" --name 1:slow --name 3:twin \
	--patch "3:$tmp/undo.patch" --patch "4:$tmp/undo.patch" --variant-kconfig "5:$tmp/slow.config" \
	c0 c6 c6 c6 c0 c0
is "compare: some differ: exit 0" "$status" 0
json "compare: a row for each variant, by its name" '.names == ["base", "slow", "v2", "twin", "v4", "v5"] and
	[.comparisons[].name] == .names[1:]'
json "compare: each is judged against the base" '[.comparisons[].kind] ==
	["different", "same", "same", "failed", "different"]'
json "compare: their effects" '(.comparisons[0].ratio - 1.1 | fabs) < 0.01 and
	(.comparisons[1].ratio - 1 | fabs) < 0.01 and (.comparisons[4].ratio - 1.5 | fabs) < 0.01'
json "compare: one image is booted once" '.comparisons[2].same_image_as == "v2" and
	.comparisons[2].ratio == .comparisons[1].ratio'
json "compare: what does not build is told, the others go on" \
	'.comparisons[3].reason | test("v4 .*does not build")'
json "compare: the level is divided by the number of variants" \
	'(.comparisons[0].confidence - (1 - 0.01 / 5) | fabs) < 1e-9 and .verdict.confidence == 0.99'
json "compare: the effect is that of the one that differs most" '.effect.variant == "v5"'
json "compare: metrics of each" 'all(.comparisons[] | select(.kind != "failed");
	[.metrics[].metric] == ["unmap", "map"])'
x report "$(j .id)"
is "compare: report: exit 0" "$status" 0
has "compare: report: the table" out 'twin .* the same image as v2'
x compare --wait --json --repo "$tmp/repo" c0 c1 c1
is "compare: nothing differs: exit 3" "$status" 3
x compare --wait --json --repo "$tmp/repo" --patch "0:$tmp/undo.patch" c0 c1 c6
is "compare: a base that does not build: exit 5" "$status" 5
x compare --wait --json --repo "$tmp/repo" --patch "1:$tmp/undo.patch" c0 c0 c1
is "compare: the same but for one that does not build: exit 4" "$status" 4
x compare --wait --json --repo "$tmp/repo" c0 c0 c0
is "compare: all are the base's own image: exit 3" "$status" 3
x compare --wait --json --repo "$tmp/repo" --patch "2:$tmp/undo.patch" c0 c0 c0
is "compare: the base's own image but for one that does not build: exit 4" "$status" 4
json "compare: the base's own image but for one that does not build: says both" '.verdict.kind == "unresolved" and
	[.comparisons[].kind] == ["same", "failed"] and (.reason |
	test("that can be measured build to the base.s own image; 1 could not be measured"))'
x compare --repo "$tmp/repo" --name 1:a --name 2:a c0 c1 c6
is "compare: two of one name: refused" "$status" 1
has "compare: two of one name: says so" err 'two variants are called a'
x compare --repo "$tmp/repo" --name '1:a b' c0 c1 c6
is "compare: a bad name: refused" "$status" 1
x compare --repo "$tmp/repo" --patch "3:$tmp/undo.patch" c0 c1 c6
is "compare: a variant that there is not: refused" "$status" 1
has "compare: a variant that there is not: says so" err '1 to 2 for the variants'
x compare --repo "$tmp/repo" c0 c1
is "compare: one variant is ab's: refused" "$status" 1

x ab --wait --json --repo "$tmp/repo" c0 c6
json "ab: a row for each metric, in the workload's order" '.metrics | map(.metric) == ["unmap", "map"]'
json "ab: the job's metric decides, as it was judged" '.metrics[0].decides and (.metrics[0].kind == .verdict.kind)
	and .metrics[0].ratio == .effect.ratio'
json "ab: the other one did not change" '.metrics[1] | .kind == "same" and .ratio == 1 and .base_boots >= 3'
x report "$(j .id)"
has "report: the metrics side by side, in perf stat's form" out '^  map +2\.0+ \+- .* \( \+- .*% \).* same$'
x measure --wait --json --boots 2 --repo "$tmp/repo" c0
json "measure: a level for each metric" '.metrics | map(.base_boots) == [2, 2]'
json "measure: where boots vary its own are shown, not those of other jobs" '.measurements | length == 2'

# ---- measure -----------------------------------------------------------------------------------
x measure --wait --json --boots 4 --repo "$tmp/repo" c4
is "measure: exit 0" "$status" 0
json "measure: boots and samples" '.state == "done" and (.measurements | length) >= 4 and
	(.sides.base.level - 1.1 | fabs) < 0.001'
x show "$(j .id)"
has "measure: show names the level" out '1[.]1'

# ---- cancel, retry, list -----------------------------------------------------------------------
touch "$tmp/hang"
stop_daemon
builder_options="--hang-while $tmp/hang" config
start_daemon
linear fresh 5 2 1.0 1.4
x bisect --json --repo "$tmp/fresh" c0..c5
id=$(j .id)
wait_until 10 logged "build start .* $(sha c0 fresh)"
x cancel "$id"
is "cancel: exit 0" "$status" 0
x cancel "$id"
is "cancel again: exit 1" "$status" 1
x show --wait --json "$id"
is "wait for a cancelled job: exit 5" "$status" 5
json "cancelled: state" '.state == "cancelled" and .verdict == null'
nobody() { [ -z "$(pgrep -f "$here/fake-builder --log $flog")" ]; }
wait_until 15 nobody
is "cancel: the running worker ends" $? 0
x list --json --state cancelled
json "list --state" ".jobs | length == 1 and .[0].id == $id"
rm "$tmp/hang"
x retry --wait --json "$id"
is "retry: exit 0" "$status" 0
is "retry: found" "$(j '.verdict.commits[0].id')" "$(sha c2 fresh)"

# ---- repositories in trouble ---------------------------------------------------------------------
touch "$tmp/hang"
linear gone 5 2 1.0 1.6
x bisect --json --repo "$tmp/gone" c0..c5
id=$(j .id)
wait_until 10 logged "build start .* $(sha c0 gone)"
mv "$tmp/gone" "$tmp/gone.away"
rm "$tmp/hang"
x show --wait --json "$id"
is "a repository that vanishes: exit 5" "$status" 5
json "a repository that vanishes: the job says it" '.reason | contains("/gone")'
x retry "$id"
is "a repository that has vanished: no second try" "$status" 1
has "a repository that has vanished: says what is missing" err 'cannot be built again: there is no git repository at .*/gone'
x list --json
json "a repository that has vanished: nothing is queued" '.jobs | all(.state != "queued" and .state != "running")'
linear gone 3 2 2.0 3.0
x retry "$id"
is "another repository in its place: no second try" "$status" 1
has "another repository in its place: names the commit" err 'cannot be built again: .*commit [0-9a-f]{40}'
rm -rf "$tmp/gone"
mv "$tmp/gone.away" "$tmp/gone"
x retry --wait --json "$id"
is "a repository that is back: the same again" "$status $(j '.verdict.commits[0].id')" "0 $(sha c2 gone)"
git clone -q --depth 2 "file://$tmp/repo" "$tmp/shallow"
x bisect --repo "$tmp/shallow" "$(sha c0)..HEAD"
is "a shallow clone without the range: exit 1" "$status" 1
has "a shallow clone without the range: says how to deepen it" err 'shallow|unshallow'
corrupt() { # corrupt OBJECT REPO: what it holds is no object any more
	local object file
	object=$(sha "$1" "$2")
	file=$tmp/$2/.git/objects/${object:0:2}/${object:2}
	chmod u+w "$file"
	echo garbage >"$file"
}
linear corrupt 5 2
corrupt c3 corrupt
x bisect --repo "$tmp/corrupt" c0..c5
is "a corrupt commit: exit 1" "$status" 1
has "a corrupt commit: names it" err "$(sha c3 corrupt | cut -c1-12)"
# Trees can be read, so it is found when the commit is built; by nobody before.
while read -r name node good bad; do
	linear "blob-$node" 5 2 "$good" "$bad"
	corrupt "$node:id" "blob-$node"
	x bisect --wait --json --repo "$tmp/blob-$node" c0..c5
	is "a corrupt file of $name: exit 5" "$status" 5
	json "a corrupt file of $name: the job says it" ".reason |
		test(\"building $name .* failed 3 times .* id of $(sha "$node" "blob-$node") cannot be read\")"
done <<'END'
GOOD c0 1.06 1.9
BAD c5 1.07 2.0
END
x hosts --json
json "a corrupt file: nothing counted against the host" '(.hosts // .)[0].state == "online"'
x list
is "the daemon is still there" "$status" 0

# ---- hostile texts -------------------------------------------------------------------------------
toy evil <<'END'
e0 - level=1 id=0 -- start
e1 e0 id=1 -- \x1b]0;owned\x07\x1b[2J erased
e2 e1 level=1.5 -- \xe2\x80\xaebidi\xe2\x80\xac \xff\xfe invalid <script>alert(1)</script> \x9b31m
e3 e2 id=3 build=fail_\x1b[31mred -- end
e4 e3 id=4 build= boot=boot-failed_\x1b[31mpanic\x07 -- end
e5 e4 id=5 boot= -- end
END
x bisect --wait --json --repo "$tmp/evil" e0..e5
is "hostile subjects: exit 0" "$status" 0
id=$(j .id)
clean() { # no control characters but newline and tab, no bidi marks, valid UTF-8
	iconv -f UTF-8 -t UTF-8 "$tmp/out" >/dev/null 2>&1 &&
		! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$tmp/out"
}
clean
ok $? "hostile subjects: --json is clean"
for command in "show $id" "log $id" "report $id" "report $id --format markdown" \
	"report $id --format mbox" "list" "show $id --json" "log $id --json"; do
	# shellcheck disable=SC2086
	x $command
	[ "$status" -eq 0 ] && clean
	ok $? "hostile subjects: $command is clean"
done

finish
