#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The database is migrated while pages are open: they say so, and go on afterwards.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

web='' reader=''
stop_all() {
	local pid
	for pid in $reader $web; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
}
trap 'stop_all; cleanup' EXIT

config ""
mkdir -p "$state"
# the database as the version before this one made it, with enough in it to take a moment
/usr/bin/python3 - "$here/../../db/schema.h" "$state/xbisect.db" <<'END'
import re, sqlite3, sys
text = re.sub(r"/\*.*?\*/", "", open(sys.argv[1]).read(), flags=re.S)
text = text[text.index("xb_migrations[] = {"):text.index("};")]
migrations = [""]
for literal, comma in re.findall(r'"((?:[^"\\]|\\.)*)"|(,)', text):
    if comma:
        migrations.append("")
    else:
        migrations[-1] += literal.encode().decode("unicode_escape")
migrations = [m for m in migrations if m.strip()]
db = sqlite3.connect(sys.argv[2])
db.execute("PRAGMA journal_mode = WAL")
for m in migrations[:-1]:
    db.executescript(m)
db.execute("PRAGMA application_id = %d" % 0x78626973)
db.execute("PRAGMA user_version = %d" % (len(migrations) - 1))
db.execute("INSERT INTO job (kind, state, uid, spec, created_ms) VALUES ('measure', 'done', 0,"
           " '{\"good\":\"v1\",\"workload\":\"map-unmap\",\"metric\":\"unmap\"}', 1700000000000)")
db.execute("INSERT INTO variant (key, source, state) VALUES ('k', '{}', 'unbuilt')")
db.execute("INSERT INTO job_commit (job_id, node, label, tree, subject, parents, variant_id)"
           " VALUES (1, 0, 'c', 't', 'the only one', '[]', 1)")
db.executemany("INSERT INTO journal (job_id, time_ms, text) VALUES (1, 1700000000000, ?)",
               (("line %d " % i * 20,) for i in range(60000)))
db.commit()
END
is "an older database is made" "$?" 0

"$bin/xbisect-web" --config "$conf" --listen 127.0.0.1:0 >"$tmp/address" 2>"$tmp/web.log" &
web=$!
wait_until 20 test -s "$tmp/address"
status=$(curl -s -o "$tmp/out" -w '%{http_code}' "$(cat "$tmp/address")job/1")
is "before the migration: 503" "$status" 503
has "before the migration: says what to do" out "start xbisectd once"

# readers that never pause, and streams; they end when each address answered for two seconds
/usr/bin/python3 - "$(cat "$tmp/address")" "$tmp/seen" >"$tmp/readers" 2>"$tmp/err" <<'END' &
import http.client, socket, sys, threading, time
from urllib.parse import urlparse
where = urlparse(sys.argv[1])
seen, lock, ends = {}, threading.Lock(), time.time() + 120
def read(path):
    good_since = 0
    while time.time() < ends and not (good_since and time.time() - good_since > 2):
        try:
            c = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
            c.request("GET", path)
            answer = c.getresponse()
            answer.read()
            what = answer.status
        except OSError as problem:
            what = type(problem).__name__
        with lock:
            seen[what] = seen.get(what, 0) + 1
            if what == 503:
                open(sys.argv[2], "w").close()
        good_since = (good_since or time.time()) if what == 200 else 0
    with lock:
        seen["settled"] = seen.get("settled", 0) + bool(good_since)
stream = socket.create_connection((where.hostname, where.port), 60)
stream.sendall(b"GET /live?page=/job/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
paths = ["/", "/jobs", "/job/1", "/job/1/log", "/alerts", "/api/v1/jobs/1"]
threads = [threading.Thread(target=read, args=(p,)) for p in paths]
for t in threads: t.start()
for t in threads: t.join()
stream.settimeout(30)
got = b""
while b"event: page" not in got:
    got += stream.recv(65536)
print(" ".join("%s" % k for k in sorted(map(str, seen))), seen["settled"], "told")
END
reader=$!
wait_until 60 test -e "$tmp/seen"
start_daemon
wait "$reader"
reader=
is "while it runs: answers or 503, nothing else; then all answer, and the open page is told" \
	"$(cat "$tmp/readers")" "200 503 settled 6 told" || cat "$tmp/err"
curl -s -o "$tmp/out" "$(cat "$tmp/address")job/1"
has "what was there is there" out "the only one"
is "the old database was copied first" "$(find "$state" -name 'xbisect.db.v*.backup' | wc -l)" 1
kill -0 "$web"
ok $? "the page's process lives"
stop_all
web=
finish
