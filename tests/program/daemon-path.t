#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the workload executes decides where a bisect looks first.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

# Twenty commits: most change a file of which nothing is executed, c7 an inline function of a header
# that an executed one calls, c9 a type, c3 a function that is not executed, c11, the culprit, one
# that is.
objects='xbisect-objects_1\np_hot.c\np_cold.c\np_all.h\np_use.c\no_hot.o_0\nr_0_2\nf_work_spare\no_cold.o_1\nr_1_2\nf_rest\no_use.o_3\nr_3_2\nf_entry\n'
toy range < <(
	echo "c0 - level=1.0 objects=$objects hot.c=0 cold.c=0 all.h=0 use.c=int_entry(void)_{_inner();_} -- first"
	for i in $(seq 20); do
		case $i in
		9) what="all.h=struct_s_{_int_a;_};" ;;
		3) what="hot.c=int_spare(void)_{_return_$i;_}" ;;
		11) what="level=1.1 hot.c=int_work(void)_{_return_$i;_}" ;;
		7) what="all.h=int_inner(void)_{_return_$i;_}" ;;
		15) what="id=$i" ;;
		*) what="cold.c=int_rest(void)_{_return_$i;_}" ;;
		esac
		echo "c$i c$((i - 1)) $what -- change number $i"
	done
)
printf 'user;work_[k] 10\nxen_[x] 5\nuser;entry_[k] 1\n' >"$tmp/folded"
host_options="--folded $tmp/folded"
host_keys=profile=flat
builder_options="--delay 0.3"
config
start_daemon

x bisect --wait --json --repo "$tmp/range" c0..c20
is "found: exit 0" "$status" 0
is "found: the commit" "$(j '.verdict.commits[0].id')" "$(sha c11 range)"
json "the functions that it touches are named" \
	'.verdict.commits[0].path | .kind == "executed" and .functions == ["work"]'
# c3 puts an idle function where no function was, c9 takes one out as well; of c15 nothing is known
json "the range by what its commits touch" \
	'.path | .phase == "unmap" and .objects == 2 and .executed == 3 and .shared == 1 and .idle == 15'
x log 1
has "log: GOOD was booted to count" out 'boot .*which functions the workload executes'
has "log: what came of it" out "by what boot [0-9]+ executed: 3 commits touch functions"
x report 1
has "report: says what the culprit touches" out 'touches 1 function on the measured path: work'
with=$(logged_count '^build start')

# ---- several variants, each explained ----------------------------------------------
x compare --wait --json --repo "$tmp/range" --name 1:slow --name 2:alike c0 c11 c5
json "compare: the one that differs is explained by a boot of each" \
	'.comparisons[0].explanation.profile | .phases[0].phase == "unmap" and .base_run != .test_run'
json "compare: the other is not" '(.comparisons[1] | has("explanation") | not) and (has("explanation") | not)'
job=$(j .id)
x report "$job"
has "compare: the report tells where its time goes" out 'Where the time goes in the base and in slow'
"$bin/xbisect-web" --config "$conf" --listen 127.0.0.1:0 >"$tmp/address" 2>"$tmp/web.log" &
web=$!
wait_until 20 test -s "$tmp/address"
page() { # page PATH: its status; its text in out
	curl -s -o "$tmp/out" -w '%{http_code}' "$(sed 's|/$||' "$tmp/address")$1"
}
is "compare: its page" "$(page "/job/$job")" 200
has "compare: the page tells it" out 'Where the time goes in slow'
hasnt "compare: and nothing of the other" out 'Where the time goes in alike'
is "compare: the graphs of a variant" "$(page "/job/$job/profile?node=1")" 200
has "compare: both sides by their names" out 'Folded stacks of the <a [^>]*>slow</a>'
is "compare: none of one that does not differ" "$(page "/job/$job/profile?node=2")" 404
is "compare: none of no variant" "$(page "/job/$job/profile?node=9")" 404
is "the range's page" "$(page /job/1)" 200
has "the range's page: what the culprit touches" out 'It touches 1 function on the measured path: work'
kill "$web"
wait "$web" 2>/dev/null

# ---- without ----------------------------------------------------------------------
fresh_state
config
start_daemon
x bisect --wait --json --no-path-prior --repo "$tmp/range" c0..c20
is "--no-path-prior: the same commit" "$(j '.verdict.commits[0].id')" "$(sha c11 range)"
json "--no-path-prior: nothing is said of paths" '(has("path") or (.verdict.commits[0] | has("path"))) | not'
x log 1
hasnt "--no-path-prior: no boot counts before the verdict" out 'which functions the workload executes'
without=$(logged_count '^build start')
[ "$with" -le "$without" ]
ok $? "with what is known no more is built than without ($with, $without)"

# ---- a culprit that nothing executes -------------------------------------------------
fresh_state
config
start_daemon
toy wrong < <(
	echo "c0 - level=1.0 objects=$objects hot.c=0 cold.c=0 all.h=0 -- first"
	for i in $(seq 20); do
		what="hot.c=int_work(void)_{_return_$i;_}"
		[ "$i" != 14 ] || what="level=1.1 cold.c=int_rest(void)_{_return_1;_}"
		echo "c$i c$((i - 1)) $what -- change number $i"
	done
)
x bisect --wait --json --repo "$tmp/wrong" c0..c20
is "a prior that is wrong: the commit is found all the same" "$(j '.verdict.commits[0].id')" "$(sha c14 wrong)"

# ---- lists and stacks that are of no use ----------------------------------------------
for damage in objects stacks; do
	fresh_state
	list=$objects
	case $damage in
	objects) list='xbisect-objects_1\no_bad\n' ;;
	stacks) echo "xen_[x] 5" >"$tmp/folded" ;;
	esac
	config
	start_daemon
	rm -rf "$tmp/damaged"
	toy damaged < <(
		echo "c0 - level=1.0 objects=$list -- first"
		for i in $(seq 20); do
			echo "c$i c$((i - 1)) id=$i $([ "$i" != 9 ] || echo level=1.1) -- change number $i"
		done
	)
	x bisect --wait --json --repo "$tmp/damaged" c0..c20
	is "damaged $damage: found" "$(j '.verdict.commits[0].id')" "$(sha c9 damaged)"
	x log 1
	has "damaged $damage: the log says so" out 'which commits touch what is executed is not known'
done

finish
