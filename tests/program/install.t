#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install and uninstall into a directory of their own; make help.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${XB_BIN:-$top/build/bin}/.." && pwd)
build=${build#"$top"/}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

n=0
check() {
	n=$((n + 1))
	if "${@:2}" >"$tmp/out" 2>&1; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$tmp/out"
	fi
}

# The build under test, whichever variables `make check` was given.
sanitize=
[ "$build" != build/sanitize ] || sanitize=SANITIZE=1
make_it() {
	MAKEFLAGS=$(sed -E 's/(^| )(-j[0-9]*|--jobserver[^ ]*)//g' <<<"${MAKEFLAGS-}") \
		make --no-print-directory -C "$top" ${sanitize:-BUILD="$build"} "$@"
}

prefix=$tmp/root/usr/local
installed() {
	local file
	for file in bin/xbisect bin/xbisectd bin/xbisect-build bin/xbisect-run bin/xbisect-web \
		bin/xbisect-fetch bin/xbisect-notify \
		libexec/xbisect/xbisect-dom0 libexec/xbisect/fetch-debian; do
		[ -x "$prefix/$file" ] || { echo "no $file"; return 1; }
	done
	for file in share/xbisect/kernel/dom0-minimal.config share/man/man1/xbisect.1 \
		share/man/man5/xbisectd.conf.5 share/man/man8/xbisectd.8 \
		share/bash-completion/completions/xbisect lib/systemd/user/xbisectd.service \
		share/man/man8/xbisect-web.8 share/xbisect/web/style.css share/xbisect/web/page.js \
		share/xbisect/web/openapi.json lib/systemd/user/xbisect-web.service; do
		[ -f "$prefix/$file" ] || { echo "no $file"; return 1; }
	done
}
# As they are installed, but for where systemd would look for the programs.
units_are_units() {
	local unit
	mkdir -p "$tmp/units"
	for unit in "$prefix"/lib/systemd/user/*.service; do
		sed "s|^ExecStart=|&$prefix/bin/|" "$unit" >"$tmp/units/${unit##*/}"
	done
	XDG_RUNTIME_DIR=$tmp/units systemd-analyze verify --user --man=no "$tmp"/units/*.service &&
		# and complains of what it does not know
		! (sed -i 's/^Restart=/Restrat=/' "$tmp/units/xbisectd.service" &&
			[ -z "$(XDG_RUNTIME_DIR=$tmp/units systemd-analyze verify --user --man=no \
				"$tmp/units/xbisectd.service" 2>&1)" ])
}
# As a new user has it: the example copied elsewhere, and a first kernel, which is
# configured to be a dom0 without a word about it.
example_as_copied() {
	mkdir -p "$tmp/home" && cp "$prefix/share/xbisect/xbisectd.conf.example" "$tmp/home/x.conf" &&
		"$prefix/bin/xbisectd" --check --config "$tmp/home/x.conf"
}
starts_without_configuration() {
	env -i HOME="$tmp/home" PATH="$prefix/bin:$PATH" xbisectd --check &&
		! env -i HOME="$tmp/home" PATH="$prefix/bin:$PATH" xbisectd --config "$tmp/none" --check
}
first_kernel_is_dom0() {
	local fakes=$top/tests/program pid status i socket=$tmp/control
	printf 'c0 - level=1\n' | "$fakes/lib/toy-repo" "$tmp/toy" || return 1
	cat >"$tmp/fake.conf" <<-END
		[daemon]
		state_dir=$tmp/state
		socket=$socket
		[builder]
		command=$fakes/fake-builder
		ccache_dir=none
		repo=$tmp/toy
		[host fake]
		driver=command
		command=$fakes/fake-host
		deterministic=yes
	END
	"$prefix/bin/xbisectd" --config "$tmp/fake.conf" &
	pid=$!
	for ((i = 0; i < 100; i++)); do [ -S "$socket" ] && break || sleep 0.1; done
	"$prefix/bin/xbisect" --socket "$socket" measure --wait c0
	status=$?
	kill "$pid"
	wait "$pid"
	[ $status -eq 0 ] && cmp "$top/configs/kernel/dom0-minimal.config" \
		"$(jq -er '.kconfig[0]' "$tmp/state/runs/1/job.json")"
}
nothing_left() {
	[ -z "$(find "$tmp/root" -type f -print)" ] || { find "$tmp/root" -type f; return 1; }
}
one_line_a_target() {
	make_it help >"$tmp/help" && grep -q '^make check ' "$tmp/help" && grep -q '^make demo ' "$tmp/help"
}

check "make install puts its files below DESTDIR" make_it install DESTDIR="$tmp/root"
check "programs, data, manual pages and completion are there" installed
check "an installed program runs" "$prefix/bin/xbisect" --version
check "a copy of the installed example is a good configuration" example_as_copied
check "without any configuration file the defaults are used" starts_without_configuration
check "without kconfig= a kernel is built as dom0" first_kernel_is_dom0
if command -v systemd-analyze >/dev/null; then
	check "systemd takes the units as they are" units_are_units
else
	n=$((n + 1))
	echo "ok $n - systemd takes the units as they are # SKIP no systemd-analyze"
fi
check "make uninstall" make_it uninstall DESTDIR="$tmp/root"
check "make uninstall leaves no file" nothing_left
check "make help lists the targets" one_line_a_target
echo "1..$n"
