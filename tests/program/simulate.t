#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xbisect simulate: no daemon, equal seeds, a real graph, a terminal, what is refused.
set -u

xbisect=$(realpath "${XB_BIN:-build/bin}/xbisect")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# Nothing answers there.
export XBISECT_SOCKET=$tmp/control
count=0

ok() { # ok STATUS NAME
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# out: /' "$tmp/out" | head -40
		sed 's/^/# err: /' "$tmp/err" | head -40
	fi
}

run() { # run ARGS...: output in out and err, exit status in $status
	status=0
	timeout 300 "$xbisect" simulate "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
}

holds() { # holds NAME JQ-EXPRESSION
	[ "$status" -eq 0 ] && jq -e "$2" "$tmp/out" >/dev/null
	ok $? "$1"
}

small="--commits 16 --trials 5"

# shellcheck disable=SC2086 # words
run $small
grep -q '^  right ' "$tmp/out" && grep -q 'minutes in all' "$tmp/out" && [ ! -s "$tmp/err" ]
ok $? "it needs no daemon, and prints what came of the trials"

# shellcheck disable=SC2086
run $small --json --seed 3
holds "--json: the shares are all of the trials" \
	'(.shares | add | . > 0.999 and . < 1.001) and .trials == 5 and .seed == 3'
holds "--json: what was simulated, and what it costs" \
	'.world.commits == 16 and .minutes.p5 <= .minutes.median and .boots.max >= .boots.mean'
cp "$tmp/out" "$tmp/first"
# shellcheck disable=SC2086
run $small --json --seed 3
cmp -s "$tmp/out" "$tmp/first"
ok $? "equal seeds give equal output"
# shellcheck disable=SC2086
run $small --json --seed 4
! cmp -s "$tmp/out" "$tmp/first"
ok $? "other seeds give other trials"

run --commits 8 --trials 5 --boot-sd 0.2% --culprit none --json
holds "--culprit none: it is right to say so" '.world.culprit == false and .shares.right == 1'

run --commits 30 --trials 4 --shift=-5% --boot-sd 0.2% --outliers 5% --unbuildable 10% \
	--unbootable 5% --hosts 2 --build-cost 2m --boot-cost 10 --iterations 3 --run-sd 0.1% \
	--confidence 95% --min-effect 2% --json
holds "every option arrives" '.world == (.world + {"commits": 30, "shift": -0.05, "hosts": 2,
	"build_cost_s": 120, "boot_cost_s": 10, "iterations": 3, "unbuildable": 0.1,
	"unbootable": 0.05, "outliers": 0.05, "min_effect": 0.02}) and .confidence.asked == 0.95'

run --commits 8 --trials 2 --shift 0.5%
grep -q 'not above --min-effect' "$tmp/out"
ok $? "a shift below what matters is pointed out"

# ---- a real graph -----------------------------------------------------------
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b \
	GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git init -q "$tmp/repo"
commit() { git -C "$tmp/repo" commit -q --allow-empty -m "$1"; }
commit root
git -C "$tmp/repo" tag good
commit one
git -C "$tmp/repo" checkout -q -b side
commit two
commit three
git -C "$tmp/repo" checkout -q -
commit four
git -C "$tmp/repo" merge -q --no-ff -m merge side
commit five
git -C "$tmp/repo" tag bad
git -C "$tmp/repo" checkout -q good
commit elsewhere
git -C "$tmp/repo" tag elsewhere

run --repo "$tmp/repo" --range good..bad --trials 3 --json
holds "--range: commits and merges of the repository" '.world.commits == 6 and .world.merges == 1'
GIT_DIR=/nonexistent run --repo "$tmp/repo" --range good..bad --trials 1
[ "$status" -eq 0 ]
ok $? "git gets none of this environment"

while IFS='|' read -r name pattern args; do
	# shellcheck disable=SC2086
	run $args
	[ "$status" -eq 1 ] && grep -qE -- "$pattern" "$tmp/err"
	ok $? "refused: $name"
done <<END
a shift that is no number|--shift big|--shift big
a shift to below nothing|from -95%|--shift -200%
a confidence of one|--confidence 1 |--confidence 1
a spread that is negative|--boot-sd|--boot-sd -1%
a cost without sense|90s|--boot-cost never
no commit|--commits 0|--commits 0
too many commits|100000|--commits 1000000
no host|--hosts 0|--hosts 0
no trial|--trials 0|--trials 0
a culprit by name|each trial|--culprit abc
commits beside a range|--commits with|--commits 5 --repo $tmp/repo --range good..bad
a repository without a range|--range|--repo $tmp/repo
a revision that is none|names no commit|--repo $tmp/repo --range nothing..bad
an option for git|names no commit|--repo $tmp/repo --range=--all..bad
a range on two lines of history|no ancestor|--repo $tmp/repo --range elsewhere..bad
a range without commits|no commit|--repo $tmp/repo --range bad..bad
no repository|no-such-place|--repo $tmp/no-such-place --range good..bad
an argument|too many arguments|good..bad
END

# ---- a terminal ---------------------------------------------------------------
# A pseudo-terminal; the trials take longer than progress waits.
TERM=xterm timeout 300 script -qec "'$xbisect' simulate --commits 1000 --trials 1000" /dev/null \
	>"$tmp/typed" 2>"$tmp/err" </dev/null &
pid=$!
seen=1
for _ in $(seq 600); do
	if grep -aq 'simulated [0-9]* of 1000 trials, .* to go' "$tmp/typed" 2>/dev/null; then
		seen=0
		break
	fi
	kill -0 $pid 2>/dev/null || break
	sleep 0.2
done
ok $seen "a terminal sees how far it is"
kill $pid 2>/dev/null
wait $pid 2>/dev/null

echo "1..$count"
