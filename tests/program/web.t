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
	/usr/bin/python3 - "${url#http://}" "$@" >"$tmp/out" 2>"$tmp/err" <<'END'
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

# post NAME STATUS PATH [BODY]: to the API; request and answer are what the document says of
# PATH ("/jobs/{1}/retry": the number stands for its id).
post() {
	local place address body=(-d '') misfits=
	place=$(sed 's/{[0-9]*}/{id}/' <<<"$3")
	address=$(tr -d '{}' <<<"$3")
	if [ $# -gt 3 ]; then
		body=(-H "Content-Type: application/json" -d "$4")
		misfits=$("$here/lib/openapi-fits" "$tmp/openapi.json" POST "$place" request <<<"$4")
	fi
	get "/api/v1$address" -H "Authorization: Bearer ${token-none}" "${body[@]}"
	is "$1: $2" "$status" "$2"
	misfits+=$("$here/lib/openapi-fits" "$tmp/openapi.json" POST "$place" "$status" <"$tmp/out")
	is "$1: as described" "$misfits" ""
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
x hosts --json
jq -S '.hosts | map(del(.driver, .fingerprint, .held, .health.every))' "$tmp/out" >"$tmp/shown"
get /api/v1/hosts
jq -S .hosts "$tmp/out" | cmp -s - "$tmp/shown"
ok $? "the API: hosts, too, but for what only the daemon knows" || diff "$tmp/shown" <(jq -S .hosts "$tmp/out")
cp "$here/../../web/assets/openapi.json" "$tmp"
post "the API: a measurement" 200 /jobs '{"verb":"measure","repo":"toy","rev":{"rev":"c3"}}'
json "the API: a job queued" '.ok and .id == 2'
post "the API: no paths" 400 /jobs '{"verb":"bisect","repo":"'"$tmp/repo"'","good":"c0","bad":"c3"}'
get /api/v1/jobs -H "Authorization: Bearer $token" -d '{"verb":"host-offline","name":"fake"}'
is "the API: no other verbs" "$status" 400
get /api/v1/jobs -H "Authorization: Bearer $token" -d '{"verb":"bisect"'
is "the API: no half an object" "$status" 400
post "the API: a check of a bisect" 200 /check '{"verb":"bisect","repo":"toy","good":"c0","bad":"c12",
	"first_parent":true,"all":false,"confidence":0.95,"min_effect":0.02,"host":"fake","priority":1}'
post "the API: a check of an A/B" 200 /check '{"verb":"ab","repo":"toy","base":{"rev":"c0"},"resolve":0.02,
	"test":{"rev":"c0","kconfig":[{"name":"a","content":"CONFIG_LEVEL_FACTOR=1.5\n"}]},"boots":3}'
post "the API: a check of several variants" 200 /check '{"verb":"ab","repo":"toy","base":{"rev":"c0"},
	"variants":[{"rev":"c7"},{"rev":"c12","name":"tip","patches":[{"content":"x"}]}]}'
post "the API: a check that is refused" 400 /check '{"verb":"bisect","repo":"toy","good":"c12","bad":"c0"}'
post "the API: many boots" 200 /jobs '{"verb":"measure","repo":"toy","rev":{"rev":"c4"},"boots":1000}'
long=$(j .id)
post "the API: no second try of what has not ended" 400 "/jobs/{$long}/retry"
post "the API: cancelling" 200 "/jobs/{$long}/cancel"
json "the API: it is cancelled" '.job.state == "cancelled"'
post "the API: cancelling what has ended" 400 "/jobs/{$long}/cancel"
post "the API: a second try" 200 "/jobs/{$long}/retry"
post "the API: which ends like the first" 200 "/jobs/{$(j .id)}/cancel"
post "the API: an alert is acknowledged" 200 '/alerts/{1}/ack'
json "the API: an alert is acknowledged" '.alert.state == "acknowledged"'
post "the API: an alert is snoozed" 200 '/alerts/{1}/snooze' '{"seconds":3600}'
get /api/v1/alerts/1/snooze -H "Authorization: Bearer $token" -d '{"seconds":"a while"}'
is "the API: no other time" "$status" 400
post "the API: no such alert" 400 '/alerts/{99}/ack'
token=none post "the API: not the token" 403 '/alerts/{1}/ack'
# ---- several variants from the form, one of them a patch as browsers send it ------------------
git -C "$tmp/repo" diff c7 c6 -- level | sed 's/$/\r/' >"$tmp/undo.patch"
variants=(-b "$tmp/jar" -H "Origin: $url" -d "what=ab&repo=toy&good=c0&bad=c12&workload=map-unmap/unmap"
	-d "v2_name=undone&v2_rev=c12" --data-urlencode "v2_patch@$tmp/undo.patch")
get /queue/check "${variants[@]}"
has "several variants: the check names them" out '<th scope="row">undone</th><td><code>'"$(sha c12 | cut -c1-12)"
get /queue "${variants[@]}"
is "several variants: queued" "$status" 303
id=$(sed -n 's|^Location: /job/\([0-9]*\).*|\1|p' "$tmp/head")
wait_until 60 ended "$id"
get "/api/v1/jobs/$id"
json "several variants: the patch was applied" '[.comparisons[] | .name, .kind] == ["v1", "different", "undone", "same"]'
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
/usr/bin/python3 - "${url#http://}" "$tmp/idle-ready" >"$tmp/out" 2>"$tmp/err" <<'END' &
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
post "the daemon is down" 502 '/jobs/{2}/retry'
get /job/2/retry -X POST -H "Authorization: Bearer $token"
is "the daemon is down: changes are refused" "$status" 502
has "the daemon is down: says so" out "xbisectd cannot be reached"
/usr/bin/python3 -c 'import sqlite3, sys
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
