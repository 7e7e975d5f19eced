#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xbisect-web as a process: its socket, its daemon, and clients that misbehave.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

web=
url=
start_web() {
	"$bin/xbisect-web" --config "$conf" --listen 127.0.0.1:0 >"$tmp/address" 2>>"$tmp/web.log" &
	web=$!
	wait_until 20 test -s "$tmp/address"
	url=$(cat "$tmp/address")
	url=${url%/}
}

stop_web() {
	[ -z "$web" ] || kill "$web" 2>/dev/null
	[ -z "$web" ] || wait "$web" 2>/dev/null
	web=
}
trap 'stop_web; cleanup' EXIT

get() { # get PATH [CURL-ARGS...]: body in out, headers in head, status in $status
	local path=$1
	shift
	status=$(curl -s -m 60 -o "$tmp/out" -D "$tmp/head" -w '%{http_code}' "$@" "$url$path")
}

# raw TEXT...: sends the lines as they are (\r\n between), the answer in out
raw() {
	python3 - "${url#http://}" "$@" >"$tmp/out" 2>"$tmp/err" <<'END'
import socket, sys
host, port = sys.argv[1].split(":")
s = socket.create_connection((host, int(port)), 30)
s.settimeout(30)
s.sendall("\r\n".join(sys.argv[2:]).encode("latin-1", "replace"))
data = b""
try:
    while chunk := s.recv(65536):
        data += chunk
except OSError:
    pass
sys.stdout.buffer.write(data)
END
}

linear repo 12 7
config "[repo toy]
path=$tmp/repo
[web]
names=dev.example
assets=$(dirname "$here")/../web/assets"

# ---- before there is a database ------------------------------------------------
start_web
get /
is "no database yet: 503" "$status" 503
has "no database yet: says what to do" out "xbisectd makes it"
has "no database yet: when to come again" head "^Retry-After:"
start_daemon
get /
is "the daemon has made it: 200" "$status" 200

# ---- what each answer carries ------------------------------------------------------
has "headers: a strict policy" head "^Content-Security-Policy: default-src 'none'; script-src 'self'"
hasnt "headers: nothing inline" head "unsafe-inline"
has "headers: types are not guessed" head "^X-Content-Type-Options: nosniff"
hasnt "pages: no inline script or style" out "<script>|<style|style=|onclick"
hasnt "pages: nothing from elsewhere" out "(src|href)=\"(https?:)?//"
tag=$(sed -n 's/^ETag: //p' "$tmp/head" | tr -d '\r')
get / -H "If-None-Match: $tag"
is "a page that is known already: 304" "$status" 304
get /static/style.css
is "the style" "$status" 200
get / -I
is "HEAD" "$status" 200
get / -H "Host: rebound.example"
is "another name of this address: refused" "$status" 421
get / -H "Host: dev.example"
is "a configured name" "$status" 200
get /healthz
is "healthz" "$(cat "$tmp/out")" ok

# ---- requests that are not what they seem -------------------------------------------
raw "GET / HTTP/1.1" "Host: localhost" "Content-Length: 3" "Content-Length: 4" "" "abcd"
has "two lengths: refused" out "^HTTP/1.1 400|^$"
raw "POST /queue HTTP/1.1" "Host: localhost" "Content-Length: 4" "Transfer-Encoding: chunked" "" "0" "" "GET /hosts HTTP/1.1" "Host: localhost" "" ""
has "a length and chunks: refused" out "^HTTP/1.1 400"
hasnt "a length and chunks: nothing after it is served" out "<h1>Hosts"
raw "POST /queue HTTP/1.1" "Host: localhost" "Transfer-Encoding: chunked" "Transfer-Encoding: chunked" "" "0" "" ""
has "chunks twice: refused" out "^HTTP/1.1 400"
raw "GET /$(printf 'a%.0s' $(seq 20000)) HTTP/1.1" "Host: localhost" "" ""
hasnt "an endless address: no page" out "^HTTP/1.1 200"
raw "GET / HTTP/1.1" "Host: localhost" "X: $(printf 'a%.0s' $(seq 40000))" "" ""
hasnt "an endless header: no page" out "^HTTP/1.1 200"
raw "G<T / HTTP/1.1" "" ""
raw "GET /job/%00 HTTP/1.1" "Host: localhost" "Connection: close" "" ""
has "a zero byte: refused" out "^HTTP/1.1 400"
raw "GET /../../../etc/passwd HTTP/1.1" "Host: localhost" "Connection: close" "" ""
has "dots: not found" out "^HTTP/1.1 404"
head -c 9000000 /dev/zero >"$tmp/big"
get /login -X POST --data-binary "@$tmp/big"
is "a body of 9 MB: 413" "$status" 413
get /
is "after all that it answers" "$status" 200

# ---- the token -----------------------------------------------------------------------
get /job/1/cancel -X POST
is "no token at all: 403" "$status" 403
"$bin/xbisect-web" --config "$conf" --new-token >"$tmp/token"
is "--new-token: mode 0600" "$(stat -c %a "$state/web.token")" 600
is "--new-token: prints it" "$(cat "$tmp/token")" "$(cat "$state/web.token")"
token=$(cat "$tmp/token")
get /login -X POST -c "$tmp/jar" -H "Origin: $url" -d "token=$token"
is "login: 303" "$status" 303
has "login: a cookie that scripts cannot read" head "^Set-Cookie: xbisect=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict"
get /queue -b "$tmp/jar"
is "the form" "$status" 200
has "the form: the configured repository" out '<option value="toy">'
form="what=bisect&repo=toy&good=c0&bad=c12&workload=map-unmap/unmap"
get /queue/check -b "$tmp/jar" -H "Origin: $url" -d "$form"
has "the check: how many commits" out "<dd>12</dd>"
get /queue -b "$tmp/jar" -H "Origin: http://evil.example" -d "$form"
is "from another site: 403" "$status" 403
get /queue -b "$tmp/jar" -H "Origin: $url" -d "${form/c12/nonesuch}"
is "an unknown revision: 400" "$status" 400
has "an unknown revision: says so" out "unknown revision"

# ---- a job from the form to its verdict, followed live ------------------------------------
get /queue -b "$tmp/jar" -H "Origin: $url" -d "$form"
is "queued: 303" "$status" 303
has "queued: to the job" head "^Location: /job/1"
curl -sN -m 60 "$url/live?page=/job/1" >"$tmp/events" 2>/dev/null &
stream=$!
wait_until 60 ended 1
get /job/1
has "the page: its culprit" out "culprit</span> <code>$(sha c7 | cut -c1-12)"
page_tag=$(sed -n 's/^ETag: "\(.*\)"/\1/p' "$tmp/head" | tr -d '\r')
wait_until 20 grep -q "$page_tag" "$tmp/events"
ok $? "the stream: says which page is the latest"
kill "$stream" 2>/dev/null
wait "$stream" 2>/dev/null
get /api/v1/jobs/1
json "the API: the object of --json" '.verdict.kind == "culprit" and (.measurements | length > 0)'
x show --json 1
jq -S 'del(.progress)' "$tmp/out" >"$tmp/shown"
get /api/v1/jobs/1
jq -S 'del(.progress)' "$tmp/out" | cmp -s - "$tmp/shown"
ok $? "the API: the same object as the command line's"
get /api/v1/jobs -H "Authorization: Bearer $token" -d '{"verb":"measure","repo":"toy","rev":{"rev":"c3"}}'
json "the API: a job queued" '.ok and .id == 2'
get /api/v1/jobs -H "Authorization: Bearer $token" -d '{"verb":"bisect","repo":"'"$tmp/repo"'","good":"c0","bad":"c3"}'
is "the API: no paths" "$status" 400
get /api/v1/jobs -H "Authorization: Bearer $token" -d '{"verb":"host-offline","name":"fake"}'
is "the API: no other verbs" "$status" 400
get /api/v1/openapi.json
json "the API: described" '.openapi == "3.1.0" and (.paths | length > 8)'
missing=
for path in $(jq -r '.paths | to_entries[] | select(.value.get) | .key' "$tmp/out"); do
	path=${path//\{id\}/1}
	get "/api/v1${path//\{name\}/none}"
	! grep -q "no such page" "$tmp/out" || missing+=" $path"
done
is "the API: what is described is there" "$missing" ""
wait_until 60 ended 2
get /run/2/bundle.tar
tar -tf "$tmp/out" >"$tmp/list" 2>&1
has "the bundle: a tar archive" list "^xbisect-run-2/job.json$"
get "/run/2/raw?name=../../web.token"
is "files: not by path" "$status" 404

# ---- many clients that do nothing --------------------------------------------------------
python3 - "${url#http://}" "$tmp/idle-ready" >"$tmp/out" 2>"$tmp/err" <<'END' &
import resource, socket, sys, time
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
n = min(10000, hard - 200)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, n + 100), hard))
host, port = sys.argv[1].split(":")
held = []
for i in range(n):
    try:
        s = socket.create_connection((host, int(port)), 5)
    except OSError:
        break
    try:
        if i % 2:
            s.sendall(b"GET / HTTP/1.1\r\nHost: loc")
    except OSError:
        pass
    held.append(s)
open(sys.argv[2], "w").write(str(len(held)))
time.sleep(60)
END
idle=$!
wait_until 60 test -s "$tmp/idle-ready"
printf '# %s idle connections\n' "$(cat "$tmp/idle-ready")"
get /job/1
is "10,000 idle connections: others are answered" "$status" 200
kill "$idle" 2>/dev/null
wait "$idle" 2>/dev/null

# ---- without the daemon, and with another schema ------------------------------------------
stop_daemon
get /job/1
is "the daemon is down: pages stay" "$status" 200
get /job/2/retry -X POST -H "Authorization: Bearer $token"
is "the daemon is down: changes are refused" "$status" 502
has "the daemon is down: says so" out "xbisectd cannot be reached"
python3 -c 'import sqlite3, sys
d = sqlite3.connect(sys.argv[1]); d.execute("PRAGMA user_version = 4711"); d.commit()' "$state/xbisect.db"
get /job/1
is "a newer schema: 503" "$status" 503
has "a newer schema: says so" out "newer xbisect"

stop_web
"$bin/xbisect-web" --listen nowhere >"$tmp/out" 2>&1
is "--listen nowhere: exit 1" $? 1
"$bin/xbisect-web" --nonsense >"$tmp/out" 2>&1
is "an unknown option: exit 1" $? 1
"$bin/xbisect-web" --version >"$tmp/out"
has "--version" out "^xbisect-web [0-9]"
! grep -aE 'Sanitizer|runtime error:|CRITICAL|assertion' "$tmp/web.log" >"$tmp/web-reports"
ok $? "the pages: no sanitizer report" || sed 's/^/# /' "$tmp/web-reports"
finish
