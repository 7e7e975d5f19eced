#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xbisect-notify against real peers: a mail server and a receiver of webhooks, with faults.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=$(realpath "${XB_BIN:-build/bin}")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/xbisect-notify.XXXXXX")
pids=()
count=0
cleanup() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT

ok() { # ok STATUS NAME
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		head -c 4000 "$tmp/events" 2>/dev/null | sed 's/^/# /'
	fi
}
has() { # has NAME FILE PATTERN
	grep -qaE -- "$3" "$tmp/$2"
	ok $? "$1"
}
hasnt() {
	! grep -qaE -- "$3" "$tmp/$2"
	ok $? "$1"
}
is() { # is NAME GOT WANTED
	[ "$2" = "$3" ]
	ok $? "$1" || true
	[ "$2" = "$3" ] || printf '# got: %s\n# wanted: %s\n' "$2" "$3"
}
peer() { # peer NAME PROGRAM ARGS...: $port
	mkdir -p "$tmp/$1"
	rm -f "$tmp/$1"/*
	"$here/lib/$2" "$tmp/$1" "${@:3}" 2>"$tmp/$1.err" &
	pids+=($!)
	for _ in $(seq 1200); do
		[ -s "$tmp/$1/port" ] && break
		sleep 0.05
	done
	port=$(cat "$tmp/$1/port") || { echo "Bail out! no peer $1"; exit 1; }
}
notify() { # notify TARGET-JSON [JQ-CHANGE]: events in events, exit status in $status
	jq -n --argjson target "$1" --slurpfile job "$tmp/job" \
		'{protocol: 1, kind: "notify", id: "n1", key: "k123", created: 1700000192,
		  target: $target, job: $job[0],
		  alerts: [{id: 5, event: "found", kind: "culprit", job_id: 7,
			commit: "1111111111111111111111111111111111111111", subject: "mm: café <!channel> @all",
			workload: "map-unmap", metric: "unmap", unit: "s", lower_is_better: true,
			base: 0.0224, test: 0.0428, ratio: 1.9107, confidence: 0.9998,
			link: "http://localhost:1/job/7"}]}'" | ${2-.}" >"$tmp/job.json"
	status=0
	timeout 100 "$bin/xbisect-notify" <"$tmp/job.json" >"$tmp/events" 2>"$tmp/err" || status=$?
}
outcome() {
	jq -r 'select(.event == "done").outcome' "$tmp/events"
}
answer() { # answer MEMBER
	jq -r "select(.event == \"answer\").$1" "$tmp/events"
}
cat >"$tmp/job" <<'E2'
{"id":7,"kind":"bisect","state":"done","title":"v1..v2","workload":"map-unmap","metric":"unmap",
 "unit":"s","confidence_asked":0.99,"finished":1700000192,
 "verdict":{"kind":"culprit","confidence":0.9998,"commits":[{"id":"1111111111111111111111111111111111111111","subject":"x","probability":0.9998}]},
 "effect":{"metric":"unmap","base":0.0224,"test":0.0428,"ratio":1.9107,"ci_low":1.91,"ci_high":1.92,"unit":"s"},
 "culprit":{"commit":"1111111111111111111111111111111111111111","subject":"mm: café <b>","author":"José","email":"j@example.org","message":"mm: café <b>\n\n<script>alert(1)</script> \u202e","date":1},
 "measurements":[{"commit":"2222222222222222222222222222222222222222","node":3,"image":"normal","outcome":"ok","samples":[0.0224]},
 {"commit":"1111111111111111111111111111111111111111","node":4,"image":"normal","outcome":"ok","samples":[0.0428,0.0429]}]}
E2

# ---- mail ------------------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -keyout "$tmp/key" -out "$tmp/cert" 2>/dev/null
cat "$tmp/key" "$tmp/cert" >"$tmp/both.pem"
printf 'hunter2secret\n' >"$tmp/password"
chmod 600 "$tmp/password"

peer mail mail-sink --tls "$tmp/both.pem" --auth 'bot:hunter2secret'
mail() { # mail TLS PASSWORD-FILE
	echo "{\"name\":\"team\",\"kind\":\"smtp\",\"server\":\"smtp://localhost:$port\",\"tls\":\"$1\",
	\"user\":\"bot\",\"password_file\":\"$2\",\"ca_file\":\"$tmp/cert\",
	\"from\":\"Xbisect <xb@lab.example.org>\",\"to\":[\"a@example.org\",\"Bö B <b@example.org>\"]}"
}
notify "$(mail starttls "$tmp/password")"
is "a mail is delivered: STARTTLS, AUTH" "$status $(outcome) $(answer code)" "0 ok 250"
has "to all its recipients, encrypted" mail/log "^from=xb@lab.example.org to=a@example.org,b@example.org tls=True auth=True$"
/usr/bin/python3 - "$tmp/mail/0.eml" >"$tmp/parsed" <<'E2'
import sys, email, email.policy
raw = open(sys.argv[1], "rb").read()
mail = email.message_from_bytes(raw, policy=email.policy.default)
print("subject", mail["Subject"])
print("date", mail["Date"])
print("id", mail["Message-ID"])
print("to", mail["To"])
print("defects", len(mail.defects), sum(len(p.defects) for p in mail.walk()))
print("types", *[p.get_content_type() for p in mail.walk()])
print("longest", max(len(l) for l in raw.split(b"\r\n")), b"\n" in raw.replace(b"\r\n", b""))
parts = {p.get_content_type(): p for p in mail.walk()}
open(sys.argv[1] + ".txt", "w").write(parts["text/plain"].get_content())
open(sys.argv[1] + ".html", "w").write(parts["text/html"].get_content())
svg = parts["image/svg+xml"]
print("file", svg.get_filename())
import xml.dom.minidom
document = xml.dom.minidom.parseString(svg.get_content())
print("dots", len(document.getElementsByTagName("circle")))
E2
has "subject, decoded" parsed '^subject \[REGRESSION\] mm: café <!channel> @all: unmap \+91'
has "date" parsed '^date Tue, 14 Nov 2023 22:16:32 \+0000$'
has "a Message-ID that is the same each time" parsed '^id <k123.xbisect@lab.example.org>$'
has "recipients, decoded" parsed '^to a@example.org, Bö B <b@example.org>$'
has "no defect" parsed '^defects 0 0$'
has "text, HTML and plot" parsed '^types multipart/mixed multipart/alternative text/plain text/html image/svg\+xml$'
has "lines are short and end with CRLF" parsed '^longest [0-9]{1,2} False$'
has "the plot is well-formed, one dot a boot" parsed '^dots 2$'
has "the text is the report" mail/0.eml.txt 'First bad commit'
has "and says how to acknowledge" mail/0.eml.txt 'xbisect alerts ack 5'
hasnt "markup of a commit is none in the HTML" mail/0.eml.html '<script|<b>alert|‮'
has "it is text there" mail/0.eml.html '&lt;script&gt;'

printf 'wrong4secret\n' >"$tmp/wrong"
chmod 600 "$tmp/wrong"
notify "$(mail starttls "$tmp/wrong")"
is "a wrong password: not delivered" "$status $(outcome) $(answer delivered)" "1 host-trouble false"
has "the whole dialogue is shown" events '"< 535'
hasnt "no password in it" events "wrong4secret|$(printf '\0bot\0wrong4secret' | base64)|$(printf wrong4secret | base64)"
notify "$(mail starttls "$tmp/password")" '.dialogue = true'
hasnt "nor when it is right" events "hunter2secret|$(printf '\0bot\0hunter2secret' | base64)"
has "the dialogue on request" events '"> EHLO'
chmod 644 "$tmp/wrong"
notify "$(mail starttls "$tmp/wrong")"
has "a password that others can read is refused" events 'chmod 600'
chmod 600 "$tmp/wrong"
notify "$(mail starttls "$tmp/missing")"
has "one that is not there, too" events 'cannot be read'
notify "$(mail starttls "$tmp/password")" 'del(.target.ca_file)'
is "a certificate that nobody vouches for: not delivered" "$(outcome)" host-trouble

peer plain mail-sink --busy 1 --refuse-rcpt b@example.org
plain() {
	echo "{\"name\":\"team\",\"kind\":\"smtp\",\"server\":\"smtp://127.0.0.1:$port\",\"tls\":\"${1-none}\",
	\"from\":\"xb@example.org\",\"to\":[\"a@example.org\",\"b@example.org\"],\"timeout_s\":5}"
}
notify "$(plain)"
is "451 is no refusal for ever" "$(answer delivered) $(answer permanent) $(answer code)" "false false 451"
notify "$(plain)"
is "a recipient who is refused does not keep the others from it" "$(answer delivered)" true
has "and is told of" events 'not for all.*no such user'
notify "$(plain starttls)"
is "a server without STARTTLS gets no mail that wants it" "$(answer delivered)" false
notify "$(plain)" '.alerts[0].subject = "x\r\nBcc: evil@example.org\r\n\r\nbody" | .target.to = ["a@example.org\r\nRCPT TO:<evil@example.org>", "a@example.org"]'
is "hostile text" "$(answer delivered)" true
has "adds no recipient" plain/log 'to=a@example.org tls'
hasnt "nor a header" plain/1.eml '^Bcc'

peer refuse mail-sink --refuse
notify "$(plain)"
is "a server that accepts nothing: refused for good" "$(answer delivered) $(answer permanent)" "false true"
has "with its reason" events 'this server accepts nothing'
is "the message, not who should get it" "$(answer content)" true
peer mute mail-sink --mute
notify "$(plain)"
is "a server that says nothing: given up in time" "$(answer delivered) $(answer permanent)" "false false"
peer garbage mail-sink --garbage
notify "$(plain)"
is "a server that says noise" "$(answer delivered)" false
hasnt "no escape sequence gets through" events '\\u001b|\\u0000'
peer broken mail-sink --replies '220 hi;250 hi;250 ok;550 no such user;250 ok;354 go;drop'
notify "$(plain)"
is "a connection that breaks is no refusal, though one recipient was refused before" \
	"$(answer delivered) $(answer permanent)" "false false"
peer mixed mail-sink --replies '220 hi;250 hi;250 ok;450 later;550 no such user;221 bye;drop'
notify "$(plain)"
is "nor are recipients of whom one may be let in later" "$(answer delivered) $(answer permanent)" "false false"
peer later mail-sink --later-rcpt b@example.org
notify "$(plain)"
is "a recipient who is told to wait does not keep the others from it" \
	"$(answer delivered) $(answer "rest | tostring")" 'true ["b@example.org"]'
notify "$(plain)" '.target.recipients = ["b@example.org"]'
is "and gets it alone" "$(answer delivered) $(answer "rest | tostring") $(tail -1 "$tmp/later/log" | cut -d' ' -f2)" \
	'true [] to=b@example.org'
is "the same mail, to all by its header" "$(sort "$tmp/later/0.eml" | md5sum)" "$(sort "$tmp/later/1.eml" | md5sum)"
has "which names them all" later/1.eml '^To: .*a@example.org'
peer half mail-sink --replies '220 hi;250 hi;250 ok;250 ok;450 later;354 go;drop'
notify "$(plain)"
is "nobody has a mail that was not taken" "$(answer delivered) $(answer "rest | tostring")" 'false []'
peer asking mail-sink --replies '220 hi;250 AUTH LOGIN;334 <VXNlcm5hbWU6>;334 <UGFzc3dvcmQ6>;535 no;221 bye;drop'
notify "$(plain)" ".target.user = \"bot\" | .target.password_file = \"$tmp/password\""
is "a server that refuses the password, not the message" \
	"$(answer delivered) $(answer permanent) $(answer content)" "false true false"
hasnt "however it asks, the password is not shown" events "$(printf hunter2secret | base64)|hunter2"
port=1
notify "$(plain)"
is "no server" "$(answer delivered) $(answer permanent)" "false false"

# ---- webhooks --------------------------------------------------------------------
peer hook hook-sink
printf 'sesame-secret\n' >"$tmp/secret"
chmod 600 "$tmp/secret"
hook() { # hook PATH [MORE]
	echo "{\"name\":\"chat\",\"kind\":\"webhook\",\"url\":\"http://127.0.0.1:$port$1\",\"timeout_s\":5${2-}}"
}
last() { # last JQ: of the last request
	tail -1 "$tmp/hook/requests" | jq -r "$1"
}
notify "$(hook /ok ",\"secret_file\":\"$tmp/secret\"")"
is "a webhook is delivered" "$status $(outcome) $(answer code)" "0 ok 200"
is "its signature is that of the body" \
	"$(last '.headers["X-Xbisect-Signature-256"]')" \
	"sha256=$(last .body | tr -d '\n' | openssl dgst -sha256 -hmac sesame-secret | sed 's/.* //')"
is "its key is that of the message" "$(last '.headers["Idempotency-Key"]')" k123
is "its event" "$(last '.headers["X-Xbisect-Event"]')" found
is "the body is JSON with the alert and the job" \
	"$(last '.body | fromjson | [.alerts[0].id, .job.id, .job.measurements] | tostring')" '[5,7,null]'
first=$(last .body)
notify "$(hook /ok ",\"secret_file\":\"$tmp/secret\"")"
is "sent again it is the same to the byte" "$(last .body)" "$first"
for template in slack googlechat mattermost discord teams; do
	notify "$(hook /ok ",\"template\":\"$template\"")"
	calls='<!channel>|@all' # a plain @ calls nobody in these two
	case $template in
	slack | googlechat) calls='<!channel>' ;;
	esac
	case $template in
	teams) text='.attachments[0].content.body[0].text' ;;
	discord) text=.content ;;
	*) text=.text ;;
	esac
	is "$template: one line about it" \
		"$(last ".body | fromjson | $text | test(\"unmap\") and test(\"111111111111\")")" true
	is "$template: a subject calls nobody" \
		"$(last ".body | fromjson | $text | test(\"$calls\")")" false
done
notify "$(hook /busy/1/77)"
is "503 with Retry-After" "$(answer delivered) $(answer permanent) $(answer retry_after_s | cut -d. -f1)" "false false 77"
hasnt "escape sequences of an answer are shown as text" events '\\u001b'
notify "$(hook /busy/9/999999999)"
is "a Retry-After of years is not believed" "$(answer retry_after_s | cut -d. -f1)" 86400
notify "$(hook /gone)"
is "404 is for good, whatever the message" "$(answer delivered) $(answer permanent) $(answer content)" "false true false"
notify "$(hook /picky/unmap)"
is "422 is about the message" "$(answer delivered) $(answer permanent) $(answer content)" "false true true"
notify "$(hook /redirect)"
is "a redirection is not followed" "$(answer delivered) $(last .path)" "false /redirect"
notify "$(hook /big)"
is "an answer of 10 MB is cut off, and counts" "$(answer delivered)" true
start=$(date +%s)
notify "$(hook /slow)"
is "an answer that takes 60 s does not count" "$(answer delivered) $(answer permanent)" "false false"
[ $(($(date +%s) - start)) -lt 50 ]
ok $? "and is not waited for"
notify "$(hook /drip)"
is "nor one a byte at a time" "$(answer delivered)" false
notify "$(hook /garbage)"
is "noise" "$(answer delivered)" false
notify "$(hook /close)"
is "no answer at all" "$(answer delivered) $(answer permanent)" "false false"
printf 'http://127.0.0.1:%s/gone/T0KEN/xyzzy\n' "$port" >"$tmp/url"
chmod 600 "$tmp/url"
notify "{\"name\":\"chat\",\"kind\":\"webhook\",\"url_file\":\"$tmp/url\"}"
is "an address from a file" "$(last .path) $(answer code)" "/gone/T0KEN/xyzzy 404"
hasnt "stays out of the dialogue" events 'T0KEN|xyzzy'
notify '{"name":"chat","kind":"webhook","url":"file:///etc/passwd"}'
is "only HTTP is spoken" "$(answer delivered)" false
notify '{"name":"team","kind":"smtp","server":"gopher://127.0.0.1:1/"}'
is "only SMTP is" "$(answer delivered)" false

# ---- the job -----------------------------------------------------------------------
for bad in '{}' '{"protocol":1,"kind":"notify"}' 'x' '{"protocol":1,"kind":"build"}' \
	'{"protocol":1,"kind":"notify","key":"k","target":{},"alerts":[]}' \
	'{"protocol":1,"kind":"notify","key":"k","target":{},"alerts":[{}]}' \
	'{"protocol":1,"kind":"notify","key":"k","target":{"kind":"smtp"},"alerts":[{}],"job":[]}'; do
	status=0
	"$bin/xbisect-notify" <<<"$bad" >"$tmp/events" 2>"$tmp/err" || status=$?
	is "refused: $bad" "$status $(outcome) $(wc -c <"$tmp/err")" "1 host-trouble 0"
done
echo "1..$count"
