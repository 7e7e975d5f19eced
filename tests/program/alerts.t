#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Alerts of the daemon: made with the verdict, told once, kept until told.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/program/lib/daemon.sh
. "$here/lib/daemon.sh"

peers=()
end_peers() {
	[ ${#peers[@]} -eq 0 ] || kill "${peers[@]}" 2>/dev/null
	cleanup
}
trap end_peers EXIT

peer() { # peer NAME PROGRAM ARGS...: $port
	mkdir -p "$tmp/$1"
	"$here/lib/$2" "$tmp/$1" "${@:3}" 2>"$tmp/$1.err" &
	peers+=($!)
	for _ in $(seq 1200); do
		[ -s "$tmp/$1/port" ] && break
		sleep 0.05
	done
	port=$(cat "$tmp/$1/port") || { echo "Bail out! no peer $1"; exit 1; }
}
requests() { # requests PATH: how many
	[ -e "$tmp/hook/requests" ] || { echo 0; return; }
	jq -r .path "$tmp/hook/requests" | grep -cx -- "$1"
}
body() { # body PATH JQ: of the last request there
	jq -r --arg path "$1" 'select(.path == $path).body' "$tmp/hook/requests" | tail -1 | jq -r "$2"
}
told() { # told ID TARGET STATE: as the alert's delivery says
	"$bin/xbisect" alerts --json >"$tmp/alerts" 2>/dev/null &&
		jq -e --argjson id "$1" --arg target "$2" --arg state "$3" '.alerts[] | select(.id == $id)
			.deliveries[] | select(.target == $target and .state == $state)' \
			"$tmp/alerts" >/dev/null
}
bisect() { # bisect REPO ARGS...
	x bisect --repo "$tmp/$1" --wait --json "${@:2}"
}

peer mail mail-sink --busy 1
mail_port=$port
peer hook hook-sink
hook="kind=webhook
url=http://127.0.0.1:$port"
mail_group="[alert team]
kind=smtp
server=smtp://127.0.0.1:$mail_port
tls=none
from=xbisect@lab.example.org
to=dev@example.org
retry=1s
link=http://results.example.org/x"

linear repo 16 9 1.0 1.1
linear other 12 5 1.0 1.2
linear better 10 4 1.2 1.0
config "$mail_group

[alert chat]
$hook/busy/1/1
template=slack
retry=1s

[alert big-only]
$hook/big-only
min_effect=50%

[workload second]
iterations=3
metrics=unmap:s:lower"
start_daemon

# ---- once ------------------------------------------------------------------------
bisect repo c0..c16
is "a culprit is found" "$status $(j .verdict.kind)" "0 culprit"
wait_until 20 told 1 team delivered
ok $? "it is mailed, although the server was busy at first"
wait_until 20 told 1 chat delivered
ok $? "and posted, although the chat was busy at first"
is "after two attempts each" "$(jq -c '[.alerts[0].deliveries[] | .attempts]' "$tmp/alerts")" "[2,2]"
is "a mail was taken once" "$(find "$tmp/mail" -name '*.eml' | wc -l)" 1
is "it was offered twice" "$(grep -c to=dev@example.org "$tmp/mail/log")" 2
is "the chat saw the one message twice" \
	"$(jq -r 'select(.path == "/busy/1/1") | .headers["Idempotency-Key"]' "$tmp/hook/requests" | sort | uniq -c | awk '{print $1}')" 2
has "the mail's parts" mail/0.eml '^Content-Type: multipart/mixed'
has "a plot" mail/0.eml 'filename="boots.svg"'
is "a change below the floor is told to nobody" "$(requests /big-only)" 0
is "the text says what and where" "$(body /busy/1/1 .text | sed -E 's/since .*//')" \
	"REGRESSION: unmap of map-unmap +10.0% (from 1.0000 s to 1.1000 s) "
/usr/bin/python3 -c '
import email, email.policy, sys
print(email.message_from_file(open(sys.argv[1]), policy=email.policy.default).get_body(("plain",)).get_content())
' "$tmp/mail/0.eml" >"$tmp/text"
has "the mail says where to read on" text 'http://results.example.org/x/job/1'
has "and how to acknowledge" text 'xbisect alerts ack 1'

x retry --wait 1
is "the same culprit once more" "$status" 0
bisect repo c2..c14
is "and by another range" "$status $(j .verdict.kind)" "0 culprit"
x alerts --json
json "is still one alert" '.alerts | length == 1'
x alerts
has "xbisect alerts lists it" out '^ *1 +open +1 .* unmap +\+10.0% .*team delivered'
bisect repo --workload second c0..c16
is "and by another workload" "$status $(j .verdict.kind)" "0 culprit"
x alerts --json
json "is still one alert" '.alerts | length == 1'
json "with two findings" '[.alerts[0].findings[] | [.workload, .metric, .ratio > 1.09]] ==
	[["map-unmap", "unmap", true], ["second", "unmap", true]]'
x alerts
has "xbisect alerts counts them" out ' unmap \+1 +\+10.0% '
is "no further message" "$(find "$tmp/mail" -name '*.eml' | wc -l) $(requests /busy/1/1)" "1 2"
bisect better c0..c10
is "an improvement is a culprit" "$status $(j .verdict.kind)" "0 culprit"
x alerts --json
json "of which nobody hears unasked" '.alerts[0].deliveries == []'

# ---- through a crash ---------------------------------------------------------------
touch "$tmp/hook/hold"
fresh_state
config "[alert held]
$hook/hold
retry=1s

[alert gone]
$hook/gone
retry=1s"
start_daemon
bisect other c0..c12
is "found while the chat does not answer" "$status" 0
wait_until 20 told 1 held sending
ok $? "the message is being sent"
wait_until 20 test "$(requests /hold)" -ge 1
kill_daemon
start_daemon
x list
is "a daemon that was killed and comes back" "$status" 0
rm "$tmp/hook/hold"
wait_until 20 told 1 held delivered
ok $? "finds the message that was under way"
sleep 2
is "and does not send it twice" "$(requests /hold)" 1
wait_until 20 told 1 gone waiting
ok $? "a refusal is kept, too"
x alerts
has "with what was answered" out 'gone waiting \(attempts: 1, HTTP 404: no such hook\)'

# ---- snoozed, acknowledged -----------------------------------------------------------
fresh_state
config "[alert chat]
$hook/busy/1000
retry=1s"
start_daemon
bisect other c0..c12
wait_until 20 test -s "$tmp/hook/requests"
x alerts snooze 1 2h
is "snoozed" "$status $(cat "$tmp/out")" "0 alert 1 is snoozed"
wait_until 20 told 1 chat waiting
n=$(requests /busy/1000)
sleep 4
is "nothing is sent meanwhile" "$(requests /busy/1000)" "$n"
x alerts snooze 1 0s
wait_until 20 eval '[ "$(requests /busy/1000)" -gt "$n" ]'
ok $? "no longer snoozed: it is tried again"
wait_until 20 told 1 chat waiting
x alerts ack 1
is "acknowledged" "$status $(cat "$tmp/out")" "0 alert 1 is acknowledged"
told 1 chat dropped || told 1 chat sending
ok $? "nothing more is told of it"
x alerts ack 99
is "no such alert" "$status" 1
has "says so" err 'no alert 99'
x alerts snooze 1 soon
is "no such time" "$status" 1
x alerts polish 1
is "no such action" "$status" 1
x alerts snooze 1
is "too few arguments" "$status" 1

# The daemon is stopped: what waits has waited a day longer when it starts again.
a_day_later() {
	/usr/bin/python3 - "$state/xbisect.db" <<'END'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("UPDATE delivery SET due_ms = due_ms - 86400000, created_ms = created_ms - 86400000")
END
}

# ---- digest ----------------------------------------------------------------------------
fresh_state
config "[alert daily]
$hook/ok
digest=1d
events=culprit;range;fixed
improvements=yes"
start_daemon
bisect repo c0..c16
bisect other c0..c12
bisect better c0..c10
x alerts --json
is "a digest waits for its time" "$(j '[.alerts[].deliveries[].state] | unique | tostring')" '["waiting"]'
is "of all at once" "$(j '[.alerts[].deliveries[].due] | unique | length')" 1
stop_daemon
a_day_later
start_daemon
wait_until 20 told 3 daily delivered
ok $? "a digest is delivered"
told 1 daily delivered
is "one message" "$(requests /ok)" 1
is "with all that was found" "$(body /ok '.alerts | length')" 3
is "and its event" "$(jq -r 'select(.path == "/ok").headers["X-Xbisect-Event"]' "$tmp/hook/requests")" digest

# ---- a digest of which a peer refuses a part --------------------------------------------
# picky KIND-OF-CHECK GROUP: of three findings the second is not wanted
picky() {
	fresh_state
	config "[alert daily]
$2
digest=1d
retry=1s
improvements=yes"
	start_daemon
	bisect repo c0..c16
	bisect other c0..c12
	bisect better c0..c10
	stop_daemon
	a_day_later
	start_daemon
	wait_until 20 eval 'told 1 daily delivered && told 3 daily delivered'
	ok $? "$1: what it takes is delivered"
	wait_until 20 told 2 daily waiting
	ok $? "$1: what it refuses waits"
	is "$1: once together, once alone" \
		"$(jq -c '[.alerts[] | .deliveries[].attempts]' "$tmp/alerts")" "[2,2,2]"
}
picky "a webhook that refuses one of a digest" "$hook/picky/$(sha c5 "$tmp/other")"
has "its answer is kept" alerts 'HTTP 422: no such things here'
is "one message with all, then one of each" \
	"$(jq -r 'select(.path | startswith("/picky/")).body' "$tmp/hook/requests" | jq -c '.alerts | length' | paste -sd' ')" "3 1 1 1"
peer fussy mail-sink --refuse-text "$(sha c5 "$tmp/other" | cut -c1-12)"
picky "a mail server that refuses one of a digest" "kind=smtp
server=smtp://127.0.0.1:$port
tls=none
from=xbisect@lab.example.org
to=dev@example.org"
is "the others are mailed once each" "$(find "$tmp/fussy" -name '*.eml' | wc -l)" 2

# ---- an alert that cannot be read ---------------------------------------------------------
stop_daemon
/usr/bin/python3 - "$state/xbisect.db" <<'END'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db: # as if none had been sent, and the first were damaged
    db.execute("UPDATE alert SET subject = CAST(x'ff' AS TEXT) WHERE id = 1")
    db.execute("UPDATE delivery SET state = 'waiting', batch = 0, due_ms = 0, finished_ms = NULL WHERE alert_id <> 2")
END
start_daemon
state_of() { # state_of ALERT: of its delivery
	/usr/bin/python3 -c 'import sqlite3, sys
print(sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True).execute(
    "SELECT state, detail FROM delivery WHERE alert_id = ?", (sys.argv[2],)).fetchone())' "$state/xbisect.db" "$1"
}
wait_until 20 eval 'state_of 3 | grep -q delivered'
ok $? "it keeps no other of its digest from being told"
is "and is given up, with the reason" "$(state_of 1)" "('dropped', 'alert 1 cannot be shown')"

# ---- one of several recipients is told to wait -------------------------------------------
fresh_state
peer greylist mail-sink --later-rcpt late@example.org
config "[alert list]
kind=smtp
server=smtp://127.0.0.1:$port
tls=none
from=xbisect@lab.example.org
to=first@example.org;late@example.org
retry=1s"
start_daemon
bisect repo c0..c16
is "greylisting: a culprit is found" "$status" 0
wait_until 30 told 1 list delivered
ok $? "greylisting: it is delivered to all"
is "greylisting: to each once" "$(cut -d' ' -f2 "$tmp/greylist/log" | paste -sd' ')" \
	"to=first@example.org to=late@example.org"
is "greylisting: the same message" "$(cat "$tmp"/greylist/*.eml | grep -i '^Message-ID' | sort -u | wc -l)" 1

# ---- a test ------------------------------------------------------------------------------
fresh_state
peer strict mail-sink --auth me:other
printf 'geheim12\n' >"$tmp/password"
chmod 600 "$tmp/password"
config "$mail_group

[alert broken]
kind=smtp
server=smtp://127.0.0.1:$port
from=a@example.org
to=b@example.org
user=me
password_file=$tmp/password
tls=none

[alert chat]
$hook/gone"
start_daemon
x alerts test team
is "a test is delivered" "$status" 0
has "and says so" out '^delivered to team: '
x alerts test broken
is "one that fails" "$status" 5
has "shows the whole dialogue" out '^  < 220 '
hasnt "without the password" out 'geheim12|Z2VoZWltMTI'
has "and the end of it" out '^NOT delivered to broken: '
x alerts test chat
has "of a webhook, too" out '^  < HTTP/1.1 404'
x alerts test --json chat
json "as JSON" '.delivered == false and (.dialogue | length > 3)'
x alerts test nobody
is "a name that is not configured" "$status" 1
has "says so" err 'no alert "nobody" is configured'
x alerts --json
json "a test is no alert" '.alerts == [] and (.targets | map(.name) == ["team","broken","chat"])'

# ---- configuration -----------------------------------------------------------------------
bad() { # bad NAME PATTERN LINES
	printf '%s\n' "$3" >"$tmp/bad.conf"
	status=0
	"$bin/xbisectd" --config "$tmp/bad.conf" --check >"$tmp/out" 2>"$tmp/err" || status=$?
	is "$1: refused" "$status" 1
	has "$1: says why" err "$2"
}
chmod 644 "$tmp/password"
bad "a password for all to read" 'password_file: .* can be read by others' "[alert a]
kind=smtp
server=smtp://x
from=a@b
to=a@b
user=u
password_file=$tmp/password"
bad "no server" 'server: it is missing' "[alert a]
from=a@b
to=a@b"
bad "no address" 'to: "somebody" is no address' "[alert a]
server=smtp://x
from=a@b
to=a@b;somebody"
bad "a password in the open" 'there is no such key' "[alert a]
password=x"
bad "a webhook of files" 'does not begin with http' "[alert a]
kind=webhook
url=file:///etc/passwd"
bad "a key of the other kind" 'there is no such key for kind=webhook' "[alert a]
kind=webhook
url=http://x
to=a@b"
chmod 600 "$tmp/password"
bad "a password in the clear" 'tls: without it the password' "[alert a]
server=smtp://mail.example.org
tls=none
from=a@b
to=a@b
user=u
password_file=$tmp/password"
bad "an event that is none" '"weekend" is not culprit' "[alert a]
kind=webhook
url=http://x
events=culprit;weekend"
finish
