#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated lab as a pool: two machines that boot over the network search together; one kernel
# of ten, in the middle, hangs, and one machine dies for good half-way.
#   LAB_KERNELS=DIR   kernels of which one is slower, see images() in lib.sh
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
need_kernels

for name in one two; do
	machine "$name" net
	declare "more_$name=labels=kind=emulated"
done
images 6 4 >"$tmp/images.list"
hangs=$(kernel lab-hang hang)
sed -i "5s|.*|$hangs/vmlinuz image-5|" "$tmp/images.list"
daemon one two
timeout "${LAB_PATIENCE:-5000}" "$bin/xbisect" bisect --wait --json --confidence 0.95 --min-effect 15% \
	--label kind=emulated --images "$tmp/images.list" >"$tmp/pool.json" 2>"$tmp/pool.err" &
searching=$!
both_measured() {
	"$bin/xbisect" show --json 1 2>/dev/null |
		jq -e '[.measurements[]? | select(.outcome == "ok") | .host] | unique | length == 2' >/dev/null
}
while kill -0 $searching 2>/dev/null && ! both_measured; do sleep 2; done
both_measured && kill -0 $searching 2>/dev/null
ok $? "both machines have measured, and the search goes on"
ctl two inject off >/dev/null
ctl two inject deaf >/dev/null
wait $searching
is "the search ends: exit 0" $? 0 || {
	tail -n 12 "$tmp/pool.err" "$tmp/daemon.log" | sed 's/^/# /'
	jq -c . "$tmp/pool.json" | cut -c1-3000 | sed 's/^/# /'
}
is "in the first slow kernel" "$(jq -r '.verdict.commits[0].subject' "$tmp/pool.json")" image-7
# Two machines at once may find a way around the kernel that hangs. Then it is asked for: the one
# that is left has to come back from it.
outcomes=$(jq -c '[.measurements[] | select(.subject == "image-5") | .outcome]' "$tmp/pool.json")
if [ "$outcomes" = '[]' ]; then
	echo "# the search went around the kernel that hangs"
	timeout "${LAB_PATIENCE:-2000}" "$bin/xbisect" measure --wait --json --boots 1 --label kind=emulated \
		"image:$hangs/vmlinuz" >"$tmp/hang.json" 2>"$tmp/hang.err"
	outcomes=$(jq -c '[.measurements[].outcome]' "$tmp/hang.json")
fi
jq -e 'index("boot-failed") and (index("ok") | not)' <<<"$outcomes" >/dev/null
ok $? "the kernel that hangs was booted, and is boot-failed" || echo "# $outcomes"
# host NAME FIELD WANTED: what is told of it, after ten minutes at the latest.
host() {
	local _ told
	for _ in $(seq 300); do
		told=$("$bin/xbisect" hosts --json | jq -r --arg name "$1" --arg field "$2" \
			'.hosts[] | select(.name == $name) | .[$field]')
		[ "$told" != "$3" ] || break
		sleep 2
	done
	echo "$told"
}
is "the machine that died is quarantined" "$(host two condition quarantined)" quarantined
is "the other one is well" "$(host one state online)" online
jq -c '{counts, effect}' "$tmp/pool.json" | sed 's/^/# /'
finish
