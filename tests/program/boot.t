#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The one real boot of `make check`: Debian's Xen and Debian's kernel, as
# their packages have them, run map-unmap under QEMU, then the other workloads.
set -u
bin=$(cd "${XB_BIN:-build/bin}" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

n=0
ok()
{
	n=$((n + 1))
	[ "$1" -eq 0 ] && echo "ok $n - $2" || echo "not ok $n - $2"
}
has()
{
	grep -q -e "$1" events.jsonl
	ok $? "$2"
}

xen=$("$top/runner/fetch-debian.sh" xen 2>err) && [ -f "$xen" ]
ok $? "Debian's Xen is fetched" || sed 's/^/# /' err
{ read -r kernel && read -r modules; } < <("$top/runner/fetch-debian.sh" kernel 2>err)
[ -f "${kernel:-}" ] && [ -d "${modules:-}" ]
ok $? "Debian's kernel is fetched"
sed 's/^/# /' err
again=$("$top/runner/fetch-debian.sh" xen 2>err)
[ "$again" = "$xen" ] && [ ! -s err ]
ok $? "what is there is not fetched again"

# icount_shift=3 takes half the time of the default.
cat >job.json <<END
{"protocol":1, "kind":"run", "id":"boot", "boot":0, "deadline_s":240,
 "host":{"name":"qemu", "driver":"qemu", "xen":"$xen", "icount_shift":"3", "silence_s":"120"},
 "artifact":{"variant":"debian", "dir":"${kernel%/*}", "kernel":"${kernel##*/}", "modules":"$modules"},
 "workload":{"name":"map-unmap", "iterations":"3", "warmup":"1",
	"metrics":"unmap:s:lower;map:s:lower;total:s:lower;migrate-send.total:s:lower",
	"params":{"mib":"32", "batch":"1024"}, "args":"--mib {mib} --batch {batch}
	  --iterations {iterations} --warmup {warmup}
	  and migrate-send --metrics --mib 16 --iterations 2
	  and migrate-send --metrics --mib 4 --mode precopy --iterations 1 --warmup 0
	  and mmap-unmap --metrics --mib 4 --iterations 1
	  and mprotect --metrics --mib 4 --iterations 1
	  and mremap --metrics --mib 4 --iterations 1
	  and fork-exit --metrics --mib 4 --iterations 1"}}
END
# A line break is no part of a JSON string.
sed -i -z 's/\n\t  and/ and/g; s/\n\t  --/ --/g' job.json
# Beside it another one: a PV target, in batches of two sizes.
mkdir pv
jq '.workload |= (.args = "--target pv --mib 4 --batch 64,1024 --iterations 2 --warmup 0 --metrics" |
	.metrics = "unmap.b64:s:lower;unmap.b1024:s:lower;map.b64:s:lower;map.b1024:s:lower")' \
	job.json >pv/job.json
(cd pv && exec "$bin/xbisect-run" <job.json >events.jsonl 2>err) &
pv=$!
"$bin/xbisect-run" <job.json >events.jsonl 2>err
ok $? "a boot of ${kernel##*/} ends well"
wait "$pv"
ok $? "so does one with a PV target" || cat pv/err pv/events.jsonl | cut -c 1-400 | sed 's/^/# /'
for metric in unmap.b64 unmap.b1024 map.b64 map.b1024; do
	[ "$(grep -c "\"metric\":\"$metric\",\"value\":0\\.[0-9]*[1-9]" pv/events.jsonl)" = 2 ]
	ok $? "two samples of $metric"
done
has '"event":"fingerprint"' "it says what was measured on"
for phase in prepare boot dom0 workload power-off; do
	has "\"phase\":\"$phase\"" "phase $phase"
done
for metric in map unmap total; do
	[ "$(grep -c "\"metric\":\"$metric\",\"value\":0\\.[0-9]*[1-9]" events.jsonl)" = 3 ]
	ok $? "three samples of $metric"
done
# migrate-send: live twice, then one pass that breaks off; its parts are within the whole.
sample()
{
	sed -nE "s/.*\"metric\":\"$1\",\"value\":([0-9.e-]+),.*/\1/p" events.jsonl
}
[ "$(sample migrate-send.total | wc -l)" = 3 ]
ok $? "a domain is sent live twice, and once in one pass only"
paste -d ' ' <(sample migrate-send.total) <(sample migrate-send.map) <(sample migrate-send.unmap) \
	<(sample migrate-send.copy) |
	awk '{ n++; if (!($2 > 0 && $3 > 0 && $4 > 0 && $2 + $3 + $4 < $1)) bad = 1 }
		END { exit n != 3 || bad }'
ok $? "mapping, unmapping and copying take time, and are less than the whole"
for metric in mmap-unmap.unmap mprotect.protect mremap.move fork-exit.fork; do
	[ "$(sample "$metric" | wc -l)" = 1 ]
	ok $? "a sample of $metric"
done
# One for each of 8192 pages, after the timed iterations and never in them.
for kind in ptwr-emulation hypercall lost-records; do
	has "\"event\":\"counter\",\"phase\":\"unmap\",\"name\":\"$kind\",.*\"per\":8192" \
		"$kind of the unmap phase is counted"
done
has '"name":"lost-records","iteration":0,"value":0.0' "no trace record was lost"
has '"metric":"unmap.ptwr-emulation","value":' "a count is a sample"
awk '/"event":"counter"/ { counted = 1 } /"metric":"unmap","/ && counted { late = 1 }
	END { exit late }' events.jsonl
ok $? "nothing is counted before the last timed iteration is over"
has '"event":"done","outcome":"ok"' "done ok"
grep -aq '(XEN) Xen version' console
ok $? "the console is kept"
grep -v '"sample"' events.jsonl | cut -c 1-400 | sed 's/^/# /'
sed 's/^/# /' err
[ -f console ] && tail -n 15 console | tr -cd '\11\12\40-\176' | sed 's/^/# /'
echo "1..$n"
