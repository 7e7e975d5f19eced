#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What makes a variant the same: a repository that moved, a compiler that changed, a trust label.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

echo gcc-12 >"$tmp/toolchain"
builder_options="--toolchain $tmp/toolchain"
config "
[repo fork]
path=$tmp/fork
trust=fork"
linear repo 6 3
linear fork 4 2 1.0 1.2
start_daemon

# ---- a repository that moved ---------------------------------------------------------
x bisect --wait --json --repo "$tmp/repo" c0..c6
is "a repository where it was first: exit 0" "$status" 0
git -C "$tmp/repo" tag -f old c6 >/dev/null
linear more 8 3
git -C "$tmp/more" fetch -q "$tmp/repo" old
x bisect --json --repo "$tmp/more" c0..c8
x cancel "$(j .id)"
mv "$tmp/more" "$tmp/moved"
x bisect --wait --json --repo "$tmp/moved" c0..c8
is "moved before all was built: exit 0" "$status" 0
is "moved: the culprit" "$(j '.verdict.commits[0].id')" "$(sha c3 "$tmp/moved")"

# ---- a compiler that changes ------------------------------------------------------------
linear ab 3 2
echo gcc-13 >"$tmp/toolchain"
x ab --wait --json --repo "$tmp/ab" c0 c2
is "a compiler that changed while the daemon ran: exit 5" "$status" 5
json "it is said" '.detail // .reason // .error | test("compiler")'
job=$(j .id)
x retry --wait --json "$job"
is "queued again with the new compiler: exit 0" "$status" 0
json "and both sides were built by it" '.verdict.kind == "different"'

# ---- trust labels -------------------------------------------------------------------------
x bisect --wait --json --repo "$tmp/fork" c0..c4
is "a configured repository by its path: exit 0" "$status" 0
grep -lq '"trust": *"fork"' "$state"/runs/*/job.json
ok $? "its trust label holds"
cp -r "$tmp/fork" "$tmp/copy"
builds=$(logged_count "build start")
x bisect --wait --json --repo "$tmp/copy" c0..c4
is "the same commits elsewhere: exit 0" "$status" 0
[ "$(logged_count "build start")" -gt "$builds" ]
ok $? "what one label built is not another's"

finish
