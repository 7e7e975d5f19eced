#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The demo's range from a tiny source package: the scripts are copied beside an
# apt-source that makes one.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cp -r "$top/tests/demo" "$tmp/demo"
export XDG_CACHE_HOME=$tmp/cache GIT_CONFIG_GLOBAL=/dev/null

# A tree with what a tar reader gets wrong: long names, links, modes, an empty
# file, and a name that git must quote.
src=$tmp/src/linux-9.9
file=arch/x86/include/asm/pgtable.h
long=$(printf 'directory-with-a-long-name/%.0s' 1 2 3 4 5)
mkdir -p "$src/$(dirname $file)" "$src/$long"
echo all: >"$src/Makefile"
echo '#!/bin/sh' >"$src/tool"
chmod 755 "$src/tool"
ln -s Makefile "$src/link"
: >"$src/empty"
printf 'a\0b' >"$src/$long/$(printf 'x%.0s' {1..120})"
echo q >"$src/with \"quotes\""
{
	for i in 1 2 3 4 5; do echo "/* line $i */"; done
	sed -n '/^diff/,$ { /^[-+ ][^-+]/p; /^[ +-]$/p }' "$tmp"/demo/patches/0001-* |
		sed -n 's/^[ -]//p'
	for i in 1 2 3 4 5; do echo "/* line $i */"; done
} >"$src/$file"

mkdir -p "$tmp/src/debian/patches"
for i in $(seq 12); do
	cat >"$tmp/src/debian/patches/p$i.patch" <<END
From: Author $i <a$i@example.org>
Date: Mon, $i Jan 2024 10:00:00 +0100
Subject: [PATCH $i/12] area: change $i

Body $i.
---
--- a/file$i
+++ b/file$i
@@ -0,0 +1 @@
+$i
END
done
cat >"$tmp/src/debian/patches/p5.patch" <<END
Description: a header without author and date

diff --git a/tool b/sub/tool
similarity index 100%
rename from tool
rename to sub/tool
END
{ echo "# comment"; for i in $(seq 12); do echo "p$i.patch"; done; echo; } >"$tmp/src/debian/patches/series"
cat >"$tmp/src/debian/changelog" <<END
linux (9.9-1) unstable; urgency=low

  * x

 -- Someone <s@example.org>  Tue, 02 Jan 2024 03:04:05 +0000
END
cat >"$tmp/demo/apt-source" <<'END'
#!/bin/sh
[ ! -e "$TEST_SRC/offline" ] || { echo "no network" >&2; exit 1; }
mkdir -p "$1"
tar -C "$TEST_SRC" -cJf "$1/linux_9.9.orig.tar.xz" linux-9.9
tar -C "$TEST_SRC" -cJf "$1/linux_9.9-1.debian.tar.xz" debian
echo 9.9-1
END
chmod +x "$tmp/demo/apt-source"
export TEST_SRC=$tmp/src

n=0
ok() {
	n=$((n + 1))
	if "${@:2}"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$tmp/out" "$tmp/err"
	fi
}
make_range() { "$tmp/demo/make-range" "$@" >"$tmp/out" 2>"$tmp/err"; }
value() { sed -n "s/^$1=//p" "${2-$tmp/out}"; }

make_range --seed 7
ok "a range is made" test $? -eq 0
repo=$(value repo) good=$(value good) bad=$(value bad) truth=$(value truth)
export GIT_DIR=$repo
ok "GOOD..BAD holds the patches and the planted commit" test "$(git rev-list --count "$good..$bad")" -eq 13
ok "the history is linear" test "$(git rev-list --merges --count "$bad")" -eq 0

(
	unset GIT_DIR
	cd "$src" && git init -q . && git add -Af . && git write-tree && rm -rf .git
) >"$tmp/tree"
ok "the tarball's tree is what git makes of the files" \
	test "$(git rev-parse "upstream^{tree}")" = "$(cat "$tmp/tree")"

culprit=$(value culprit "$truth")
ok "the culprit lies within the range" git merge-base --is-ancestor "$culprit" "$bad"
ok "it changes the planted file, and only that" \
	test "$(git diff-tree -r --no-commit-id --name-only "$culprit")" = "$file"
ok "after it the file is upstream's again" test "$(git rev-parse "$bad:$file")" = "$(git rev-parse "upstream:$file")"
ok "before it the file is GOOD's" test "$(git rev-parse "$culprit^:$file")" = "$(git rev-parse "$good:$file")"
ok "it stands neither first nor last" test "$(value position "$truth")" -gt 2 -a "$(value position "$truth")" -lt 12
ok "authors and dates are the patches'" \
	test "$(git log -1 --format='%an %ad' --date=short "$bad")" = "Author 12 2024-01-12"
ok "a patch may rename" git cat-file -e "$bad:sub/tool"
ok "the repository is sound" git fsck --strict --no-dangling

: >"$tmp/src/offline"
before=$bad
make_range --seed 7
ok "a second run needs no network and says the same" test $? -eq 0 -a "$(value bad)" = "$before"
make_range --seed 8
ok "another seed is added to the same repository" test $? -eq 0 -a "$(value repo)" = "$repo"
ok "from the same GOOD" test "$(value good)" = "$good" -a "$(value bad)" != "$before"
rm "$tmp/src/offline"
make_range --seed 7 --cache "$tmp/cache2"
ok "the same package and seed give the same ids elsewhere" test "$(value bad)" = "$before"
make_range --seed x
ok "a seed that is no number is refused" test $? -eq 1
echo "1..$n"
