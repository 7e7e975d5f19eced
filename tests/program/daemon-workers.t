#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Workers that misbehave: whatever one says, the daemon stays up and knows why.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

# One commit for each way to misbehave.
builds="garbage binary endless long-line half nothing no-artifact bad-kernel after-done kill"
boots="garbage binary endless endless-stderr long-line half nothing after-done bad-sample nan kill"
{
	echo "good - level=1.0 id=good -- good"
	for word in $builds; do echo "build-$word - level=1.0 id=b build=$word -- $word"; done
	echo "build-hang - level=1.0 build=hang -- hang"
	for word in $boots host-trouble build-failed no-metric hang; do
		echo "boot-$word - level=1.0 id=$word boot=$word -- $word"
	done
	echo "boot-unit - level=1000 id=unit boot=unit_ms -- unit"
	echo "level-0 - level=0 id=zero"
	echo "level-1 - level=-1 id=below"
} | toy misfits

builder_keys="deadline=1s
slots=2"
raw_host "
[host other]
driver=null"
start_daemon
# A builder that hangs, beside all that follows: it gets its deadline and 20 s.
x measure --json --host other --repo "$tmp/misfits" build-hang
hanging=$(j .id)
measure() { # measure COMMIT: host back online first
	x hosts online fake
	x measure --wait --json --host fake --repo "$tmp/misfits" --boots 1 "$1"
}
measure good
is "a worker that behaves: exit 0" "$status" 0

# ---- builders ------------------------------------------------------------------
for word in $builds; do
	measure "build-$word"
	[ "$status" -eq 5 ] && [ "$(j .state)" = failed ] &&
		[ "$(logged_count "^build start .* $(sha "build-$word" misfits)")" = 3 ] &&
		j .reason | grep -q '3 times for reasons of this machine'
	ok $? "builder: $word: host-trouble, three times, then the job fails"
done
x log "$(j .id)"
has "builder: a killed one: the signal is named" out 'killed by signal 9'
measure build-nothing
json "builder: the end of its stderr is in the reason, made safe" \
	'.reason | contains("exit status 3") and contains("I lost my way \\x1B[31m")'

# ---- hosts -----------------------------------------------------------------------
for word in $boots; do
	before=$(logged_count '^boot start')
	measure "boot-$word"
	[ "$status" -eq 5 ] && [ $(($(logged_count '^boot start') - before)) = 3 ] &&
		j .reason | grep -q 'offline: 3 troubles in a row'
	ok $? "host: $word: host-trouble, three times, then it is offline"
done
is "no file of an endless worker is kept whole" \
	"$(find "$state/runs" -size +70M | wc -l)" 0
find "$state/runs" -name stderr -size +100k | grep -q .
ok $? "but a part of it is"
x hosts --json
json "hosts: offline, with the reason" \
	'(.hosts // .)[0] | .state == "offline" and (.reason | contains("killed by signal 9"))'
x measure --json --host fake --repo "$tmp/misfits" good
is "no host online: refused with exit 1" "$status" 1
has "no host online: says how to put one back" err 'hosts online'
x hosts online fake
is "hosts online: exit 0" "$status" 0
x hosts offline fake "new cable"
x hosts
has "hosts offline: the reason is shown" out 'new cable'
measure boot-host-trouble
json "host-trouble by its own word: the detail is in the reason" '.reason | contains("Panic on CPU 0")'
measure boot-build-failed
is "host: a builder's word is host-trouble: exit 5" "$status" 5
for word in 0 1; do
	measure "level-$word"
	json "a sample that is not above zero: workload-failed (level -$word)" \
		'.state == "failed" and (.measurements | all(.outcome == "workload-failed")) and
			(.reason | contains("above zero"))'
done
measure boot-no-metric
json "host: ok without the metric is workload-failed, three times, and said so" \
	'.state == "failed" and .counts.boots == 3 and (.reason | contains("no sample of \"unmap\""))'
measure boot-unit
json "host: another unit than the workload's is workload-failed, said so" \
	'.state == "failed" and (.reason | contains("in \"ms\""))'
measure good
is "the daemon and the host still work: exit 0" "$status" 0
json "what was measured is reused" '.counts.boots == 0 or .counts.boots == 1'

# ---- deadlines ---------------------------------------------------------------------
killed() { "$bin/xbisect" log "$hanging" | grep -q 'killed after its deadline'; }
wait_until 25 killed
ok $? "builder: one that hangs is killed after its deadline"
x cancel "$hanging"
stop_daemon
host_deadline=1s config # by way of xbisect-run
start_daemon
x hosts online fake
measure boot-hang
json "host: a boot that hangs ends at its deadline" '.state == "failed" and
	(.reason | contains("not finished after 1 s"))'

finish
