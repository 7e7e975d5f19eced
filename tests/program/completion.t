#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What bash offers: the words as its line editor splits them, and what comes back.
set -u
here=$(cd "$(dirname "$0")" && pwd)
PATH=$(realpath "${XB_BIN:-build/bin}"):$PATH
tmp=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || kill "$daemon" 2>/dev/null; rm -rf "$tmp"' EXIT
export XBISECT_SOCKET=$tmp/control XBISECT_PATIENCE=15s
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
# shellcheck source=packaging/xbisect.bash
. "$here/../../packaging/xbisect.bash"
cd "$tmp" || exit 1
count=0

# offered NAME WANTED WORDS...: what completes the last word, one after the other. Bash makes a
# word of each colon, as it stands in COMP_WORDBREAKS; the word may be a part of what it follows.
offered() {
	local name=$1 wanted=$2 got
	shift 2
	COMP_WORDS=(xbisect "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_xbisect
	got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' ')
	count=$((count + 1))
	if [ "$got" = "$wanted" ]; then
		echo "ok $count - $name"
	else
		printf 'not ok %s - %s\n# got: %s\n# wanted: %s\n' $count "$name" "$got" "$wanted"
	fi
}

mkdir -p boot/modules
touch boot/vmlinuz-6.1 boot/vmlinuz-6.2 boot/System.map fix.patch
git init -q .
for tag in v1 v2; do
	git -c user.name=a -c user.email=a@b.c commit -q --allow-empty -m $tag
	git tag $tag
done
cat >script <<'END'
{"list": [[{"ok": true, "jobs": [{"id": 7, "kind": "bisect", "title": "a", "state": "running"},
                                 {"id": 12, "kind": "ab", "title": "b", "state": "done"}]}]],
 "hosts": [[{"ok": true, "hosts": [{"name": "qemu", "driver": "qemu", "state": "online"}]}]]}
END
/usr/bin/python3 "$here/fake-daemon.py" control script requests 2>/dev/null &
daemon=$!
for _ in $(seq 100); do
	[ -S control ] && break
	sleep 0.1
done

# ---- commands and options --------------------------------------------------------
commands=$(xbisect --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort | paste -sd ' ')
offered "every command of --help" "--help --json --socket --version $commands" ""
offered "a command by its beginning" "measure" me
offered "the command after an option with a value" "compare" --socket x comp
offered "options of a command, from its help" "--test-kconfig --test-patch" ab --test-
offered "of another" "--first-parent" bisect --fi
offered "formats of a report" "markdown mbox" report --format m
offered "states of a list" "running" list --state ru

# ---- what the daemon knows ----------------------------------------------------------
offered "ids of jobs" "12 7" show ""
offered "hosts for an option" "qemu" bisect --host q
offered "hosts: what is done with one" "offline online" hosts o
offered "hosts: which one" "qemu" hosts drain ""
offered "watch: what is done with one" "backfill" watch b
offered "alerts: what is done with one" "ack" alerts a

# ---- revisions and files ---------------------------------------------------------------
offered "revisions" "v1 v2" ab v
offered "the other end of a range" "v1..v1 v1..v2" bisect v1..v
offered "files for an option" "fix.patch" ab --test-patch fi
offered "directories for --repo" "boot" bisect --repo b
offered "the beginning of an image" "image:" ab im
offered "a range has no images" "" bisect im

# ---- words with a colon in them -----------------------------------------------------------
images="$tmp/boot/vmlinuz-6.1 $tmp/boot/vmlinuz-6.2"
for command in ab compare measure; do
	offered "$command: the file of an image" "$images" $command image : "$tmp/boot/vm"
done
offered "the second image of two" "$images" ab image : boot/vmlinuz-6.1 image : "$tmp/boot/vm"
offered "nothing after the colon yet" ".git boot control fix.patch requests script" ab image :
offered "the modules of an image" "boot/modules" ab image : boot/vmlinuz-6.1 : boot/mo
offered "a variant's patch" "fix.patch" compare --patch 2 : fi
offered "a variant's kernel config" "boot" compare --variant-kconfig 1 : bo
# with COMP_WORDBREAKS without a colon
offered "an image in one word" "image:boot/vmlinuz-6.1 image:boot/vmlinuz-6.2" ab image:boot/vm
offered "its modules in one word" "image:boot/vmlinuz-6.1:boot/modules" ab image:boot/vmlinuz-6.1:boot/mo
offered "a variant's patch in one word" "2:fix.patch" compare --patch 2:fi

# ---- the other programs ----------------------------------------------------------------------
other() { # other NAME WANTED FUNCTION WORDS...
	local function=$3
	_xbisect() { "$function"; }
	offered "$1" "$2" "${@:4}"
}
other "xbisectd: options" "--check --config" _xbisectd --c
other "xbisectd: a configuration" "script" _xbisectd --config scr
other "xbisect-web: options" "--listen" _xbisect_web --l
echo "1..$count"
