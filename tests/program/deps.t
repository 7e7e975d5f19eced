#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make deps`: what it asks apt-get for, with an apt-get that only takes notes.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/bin"

# installed: packages; plan: what -s prints; lists: "old" until an update.
cat >"$tmp/bin/dpkg-query" <<'END'
#!/bin/sh
sed 's/$/ installed/' "$T/installed"
exit 1
END
cat >"$tmp/bin/apt-get" <<'END'
#!/bin/sh
echo "$*" >>"$T/calls"
case " $* " in
*" update "*) : >"$T/lists" ;;
*" -s "*) grep -q old "$T/lists" && { echo "E: Unable to locate package"; exit 100; }; cat "$T/plan" ;;
*) grep -q gone "$T/lists" && exit 100; exit 0 ;;
esac
END
cat >"$tmp/bin/id" <<'END'
#!/bin/sh
cat "$T/id"
END
chmod +x "$tmp"/bin/*

setup() { # installed... ; the rest by default
	printf '%s\n' "$@" >"$tmp/installed"
	: >"$tmp/calls"
	: >"$tmp/lists"
	echo "Inst jq" >"$tmp/plan"
	echo 0 >"$tmp/id"
}
deps() {
	T=$tmp PATH=$tmp/bin:/usr/bin:/bin "$top/tests/install/deps" "$@" >"$tmp/out" 2>&1
}
n=0
ok() { # NAME CONDITION...
	n=$((n + 1))
	if "${@:2}"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$tmp/out" "$tmp/calls"
	fi
}
calls() { [ "$(grep -vc -- '-s' "$tmp/calls")" -eq "$1" ]; }

setup gcc jq
deps gcc jq
ok "nothing is missing: apt-get is not run" test $? -eq 0 -a ! -s "$tmp/calls"

setup gcc
deps gcc jq
ok "a missing package is installed" test $? -eq 0
ok "... alone, without recommended ones" grep -q -- '--no-install-recommends .*install jq$' "$tmp/calls"
ok "... without reading the lists again" calls 1

setup gcc
echo old >"$tmp/lists"
deps gcc jq
ok "empty lists are read first" test $? -eq 0 -a "$(grep -c ' update$' "$tmp/calls")" -eq 1

setup gcc
echo gone >"$tmp/lists"
deps gcc jq
ok "a file that is gone: lists are read again, and a second try" test $? -eq 0 -a "$(grep -vc -- -s "$tmp/calls")" -eq 3

setup gcc
printf 'Inst jq\nInst linux-image-6.1.0-1-amd64 (6.1)\n' >"$tmp/plan"
deps gcc jq
ok "a plan with a kernel in it is refused" test $? -eq 1
ok "... and nothing is installed" calls 0

setup gcc
echo "Inst xen-hypervisor-4.17-amd64 (4.17)" >"$tmp/plan"
deps gcc jq
ok "a plan with a hypervisor in it is refused" test $? -eq 1

setup gcc
echo "Inst grub-efi-amd64-signed (2.06)" >"$tmp/plan"
deps gcc jq
ok "a plan with a boot loader in it is refused" test $? -eq 1
setup gcc
printf 'Inst grub2-common (2.06)\nInst grub-common (2.06)\n' >"$tmp/plan"
deps gcc jq
ok "GRUB's tools alone boot nothing" test $? -eq 0

setup gcc
echo 1000 >"$tmp/id"
if [ -x /usr/bin/sudo ] || [ -x /bin/sudo ]; then
	n=$((n + 1))
	echo "ok $n # SKIP sudo is here"
else
	deps gcc jq
	ok "without root and sudo the command to run is shown" grep -q 'run as root: apt-get install .*jq' "$tmp/out"
fi
echo "1..$n"
