#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fetch-debian xen|kernel - take Debian's newest hypervisor or kernel out of
# its package, without installing it (installing the hypervisor would make Xen
# this machine's default boot entry). No privileges needed.
#
#   fetch-debian xen      prints the path of xen-VERSION.gz; beside it, as
#                         xen-VERSION.map, its symbols where they can be had
#   fetch-debian kernel   prints the path of vmlinuz, and on a second line that
#                         of its modules directory
#
# Everything is kept in ${XDG_CACHE_HOME:-~/.cache}/xbisect and published by
# rename; what is there already is not fetched again, and serves when the
# package archive can't be reached. The system's package lists are used when
# they know the package, else private ones in the same cache.
set -eu
umask 022
export LC_ALL=C

die()
{
	echo "fetch-debian: $*" >&2
	exit 1
}

cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/xbisect
arch=$(dpkg --print-architecture) || die "dpkg is not here: this needs a Debian system"
private=$cache/apt
lists=system

# apt NAME ARGS: apt-cache or apt-get with the lists in use.
apt()
{
	apt_program=$1
	shift
	if [ "$lists" = private ]; then
		"$apt_program" -qq -o "Dir::State=$private/state" -o "Dir::Cache=$private/cache" \
			-o "Dir::State::lists=$private/state/lists" \
			-o Dir::State::status=/var/lib/dpkg/status \
			-o "APT::Sandbox::User=$(id -un)" "$@"
	else
		"$apt_program" -qq -o "APT::Sandbox::User=$(id -un)" "$@"
	fi
}

use_private_lists()
{
	lists=private
	mkdir -p "$private/state/lists/partial" "$private/cache/archives/partial"
	echo "fetch-debian: reading the package lists" >&2
	apt apt-get update >&2
}

# newest REGEX EXCLUDE: the package with the highest version in its name.
newest()
{
	apt apt-cache --names-only search "$1" | awk '{ print $1 }' |
		grep -Ev -e "$2" | sort -V | tail -n 1
}

candidate()
{
	apt apt-cache --no-all-versions show "$1" | sed -n 's/^Version: //p' | head -n 1
}

# find REGEX EXCLUDE: sets package and version, empty when there is none.
find_package()
{
	package=$(newest "$1" "$2")
	version=
	[ -z "$package" ] || version=$(candidate "$package")
}

# Fetch $package into $work/deb; with fresh private lists when the system's
# are so old that the file is gone from the archive.
download()
{
	mkdir -p "$work/deb"
	echo "fetch-debian: fetching $package $version" >&2
	if ! (cd "$work/deb" && apt apt-get download "$package" >&2); then
		[ "$lists" = system ] || die "$package can't be fetched"
		use_private_lists
		find_package "$pattern" "$exclude"
		[ -n "$version" ] || die "no package matches $pattern"
		(cd "$work/deb" && apt apt-get download "$package" >&2) || die "$package can't be fetched"
	fi
	deb=$(echo "$work"/deb/*.deb)
	[ -f "$deb" ] || die "apt-get download left no package"
}

# An epoch's colon and a plus sign are awkward in file names.
file_version()
{
	echo "$version" | tr -c 'A-Za-z0-9.~+\n-' '_'
}

fetch_xen()
{
	target=$cache/xen/xen-$(file_version).gz
	if [ ! -f "$target" ]; then
		download
		target=$cache/xen/xen-$(file_version).gz
		dpkg-deb -x "$deb" "$work/root"
		image=$(find "$work/root/boot" -name 'xen-*.gz' -type f | sort -V | tail -n 1)
		[ -n "$image" ] || die "$package has no boot/xen-*.gz"
		mkdir -p "$cache/xen"
		mv -f "$image" "$target"
	fi
	[ -f "${target%.gz}.map" ] || [ -f "${target%.gz}.no-map" ] || fetch_symbols
	echo "$target"
}

# Names for what a profile finds in Xen. Only the map is taken, and only of the
# same version; without it a profile just has no names there. Asked for once:
# remove the file *.no-map to ask again.
fetch_symbols()
{
	mkdir -p "$work/dbg" "$work/symbols"
	echo "fetch-debian: fetching $package-dbg $version" >&2
	if (cd "$work/dbg" && apt apt-get download "$package-dbg=$version" >&2) &&
		dpkg-deb --fsys-tarfile "$work"/dbg/*.deb |
		tar -x -C "$work/symbols" --wildcards './usr/lib/debug/boot/xen-syms-*.map'; then
		map=$(find "$work/symbols" -name 'xen-syms-*.map' -type f | head -n 1)
		[ -z "$map" ] || mv -f "$map" "${target%.gz}.map"
	else
		echo "fetch-debian: $package-dbg can't be had: profiles have no names in Xen" >&2
		: >"${target%.gz}.no-map"
	fi
}

fetch_kernel()
{
	target=$cache/kernel/$package-$(file_version)
	if [ ! -d "$target" ]; then
		download
		target=$cache/kernel/$package-$(file_version)
		mkdir -p "$work/root" "$cache/kernel"
		# The whole package is 400 MB unpacked; dom0 needs Xen's drivers.
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/root" --wildcards \
			'./boot/*' './*lib/modules/*/modules.*' './*lib/modules/*/kernel/drivers/xen'
		[ -d "$work/root/usr/lib/modules" ] && mv "$work/root/usr/lib" "$work/root/lib"
		grep -q '^CONFIG_XEN_DOM0=y' "$work"/root/boot/config-* ||
			die "$package has no CONFIG_XEN_DOM0"
		mv -T "$work/root" "$target" 2>/dev/null || [ -d "$target" ] ||
			die "$target can't be made"
	fi
	print_kernel "$target"
}

print_kernel()
{
	ls -d "$1"/boot/vmlinuz-* | tail -n 1
	ls -d "$1"/lib/modules/* | tail -n 1
}

# What an earlier call left, for a machine without package lists or archive.
cached()
{
	case $what in
	xen) ls -d "$cache"/xen/xen-*.gz 2>/dev/null | sort -V | tail -n 1 ;;
	kernel) ls -d "$cache"/kernel/linux-image-* 2>/dev/null | sort -V | tail -n 1 ;;
	esac
}

[ $# -eq 1 ] || die "usage: fetch-debian xen|kernel"
what=$1
case $what in
xen)
	pattern="^xen-hypervisor-[0-9].*-$arch\$"
	exclude='-dbg'
	;;
kernel)
	pattern="^linux-image-[0-9].*-$arch\$"
	exclude='-cloud-|-rt-|-dbg|-unsigned'
	;;
-h | --help)
	sed -n '4,/^set/s/^# \{0,1\}//p' "$0"
	exit 0
	;;
*) die "usage: fetch-debian xen|kernel" ;;
esac

mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

find_package "$pattern" "$exclude"
if [ -z "$version" ]; then
	have=$(cached)
	if [ -n "$have" ]; then
		[ "$what" = xen ] && echo "$have" || print_kernel "$have"
		exit 0
	fi
	use_private_lists
	find_package "$pattern" "$exclude"
	[ -n "$version" ] || die "no package matches $pattern; does the archive have $arch?"
fi
"fetch_$what"
