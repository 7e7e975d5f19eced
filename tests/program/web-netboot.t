#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The folder that lab machines boot from, as xbisect-web serves it: boot_listen= and boot_dir=.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

served=$tmp/served
mkdir -p "$served/lab1" "$tmp/outside"
seq 100000 >"$served/lab1/kernel"
: >"$served/lab1/empty"
echo lock >"$served/lab1/.xbisect-lock"
echo secret >"$tmp/outside/secret"
ln -s "$tmp/outside/secret" "$served/lab1/absolute"
ln -s ../../outside/secret "$served/lab1/upwards"
ln -s kernel "$served/lab1/vmlinuz"
mkfifo "$served/lab1/pipe"
cat >"$conf" <<END
[daemon]
state_dir=$state
[web]
boot_listen=127.0.0.1:0
boot_dir=$served
END
"$bin/xbisect-web" --config "$conf" --listen 127.0.0.1:0 >"$tmp/addresses" 2>"$tmp/web.log" &
web=$!
trap 'kill $web 2>/dev/null; cleanup' EXIT
two_lines() { [ "$(wc -l <"$tmp/addresses")" = 2 ]; }
wait_until 20 two_lines
url=$(sed -n 2p "$tmp/addresses")
pages=$(sed -n 1p "$tmp/addresses")

get() { # get PATH [CURL-ARGS...]: body in out, headers in head, status in $status
	local path=$1
	shift
	status=$(curl -s -m 60 --path-as-is -o "$tmp/out" -D "$tmp/head" -w '%{http_code}' "$@" "$url$path")
}
header() { tr -d '\r' <"$tmp/head" | grep -qix "$1"; }

get lab1/kernel
is "a file: 200" "$status" 200
cmp -s "$tmp/out" "$served/lab1/kernel"
ok $? "as it is"
header "content-length: $(stat -c %s "$served/lab1/kernel")" && header 'accept-ranges: bytes'
ok $? "with its length, and that parts can be had"
get lab1/kernel -I
is "HEAD: 200" "$status" 200
header "content-length: $(stat -c %s "$served/lab1/kernel")"
ok $? "HEAD: the length"
get //lab1/kernel
is "one slash too many, as of GRUB: 200" "$status" 200
get lab1/kernel -r 500000-
is "the rest from a byte on, as GRUB asks for: 206" "$status" 206
tail -c +500001 "$served/lab1/kernel" | cmp -s - "$tmp/out"
ok $? "which is that rest"
get lab1/kernel -r 10-19
is "a part: its bytes" "$status $(stat -c %s "$tmp/out")" "206 10"
header "content-range: bytes 10-19/$(stat -c %s "$served/lab1/kernel")"
ok $? "a part: which"
get lab1/kernel -r 99999999-
is "behind the end: 416" "$status" 416
get lab1/kernel -H 'Range: bytes=0-1,5-6'
is "several parts: the whole file" "$status $(stat -c %s "$tmp/out")" "200 $(stat -c %s "$served/lab1/kernel")"
get lab1/empty
is "an empty file" "$status $(stat -c %s "$tmp/out")" "200 0"
get lab1/vmlinuz
is "a link inside of the folder is followed" "$status" 200
head -c 3000000 /dev/urandom >"$served/lab1/.new" && mv "$served/lab1/.new" "$served/lab1/kernel"
get lab1/kernel
cmp -s "$tmp/out" "$served/lab1/kernel"
ok $? "a file that took another's place is served at once"

for path in lab1/.xbisect-lock .. ../outside/secret %2e%2e/outside/secret lab1/../../outside/secret lab1/absolute \
	lab1/upwards lab1/pipe lab1 lab1/ '' lab1/none "lab1/$(printf 'a%.0s' {1..5000})"; do
	get "$path"
	is "not served: $(head -c 40 <<<"$path")" "$status" 404
	! grep -aq -e secret -e '^lock' "$tmp/out"
	ok $? "nothing of it"
done
get lab1/kernel -X POST -d x=y
is "POST: 405" "$status" 405
get lab1/kernel -X PUT -T "$conf"
[ "$status" != 200 ] && [ "$(stat -c %s "$served/lab1/kernel")" = 3000000 ]
ok $? "nothing can be written there"
get api/v1/jobs
is "the pages are not there" "$status" 404
is "nor the folder among the pages" "$(curl -s -m 60 -o /dev/null -w '%{http_code}' "${pages}lab1/kernel")" 404
# many that ask and do not read hold up nobody else
for _ in $(seq 20); do
	(exec 3<>"/dev/tcp/127.0.0.1/$(sed 's/.*:\([0-9]*\)\/$/\1/' <<<"$url")" && printf 'GET /lab1/kernel HTTP/1.1\r\nHost: x\r\n\r\n' >&3 && sleep 20) 2>/dev/null &
	idle+=($!)
done
is "the pages answer: no database yet" "$(curl -s -m 60 -o /dev/null -w '%{http_code}' "${pages}healthz")" 503
kill "${idle[@]}" 2>/dev/null
kill $web
wait $web
is "SIGTERM ends it" $? 0

printf '[web]\nboot_dir=%s\n' "$served" >"$conf"
"$bin/xbisect-web" --config "$conf" --listen 127.0.0.1:0 2>"$tmp/err"
is "a folder without an address is refused" $? 1
has "and says so" err 'boot_listen= and boot_dir= go together'
printf '[web]\nboot_dir=%s\nboot_listen=somewhere\n' "$served" >"$conf"
"$bin/xbisectd" --config "$conf" --check 2>"$tmp/err"
is "the daemon checks it, too" $? 1
has "and says so" err 'somewhere.*ADDRESS:PORT'
finish
