#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon killed at any moment: what it does is in the database and in its
# workers, so it goes on to the same verdict and does nothing twice.
# XB_KILLS: how often it is killed (8).
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

sql() { # sql STATEMENT: on the database of the daemon that is not there
	/usr/bin/python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for row in db.execute(sys.argv[2]): print(*row)
db.commit()' "$state/xbisect.db" "$1"
}

# ---- one daemon for one state -----------------------------------------------------
builder_options="--delay 0.15" host_options="--delay 0.15" config
start_daemon
"$bin/xbisectd" --config "$conf" >"$tmp/out" 2>"$tmp/err"
is "a second daemon on the state directory: exit 1" $? 1
has "a second daemon: says why" err 'another xbisectd'
x list
is "the first is not disturbed" "$status" 0

# ---- killed while a job runs ----------------------------------------------------------
linear repo 10 6
"$bin/xbisect" bisect --wait --json --repo "$tmp/repo" c0..c10 >"$tmp/killed.json" 2>"$tmp/killed.err" &
waiter=$!
queued() { x list && grep -q bisect "$tmp/out"; }
wait_until 20 queued
RANDOM=${XB_SEED:-$$}
echo "# seed ${XB_SEED:-$$}"
kills=0
while [ $kills -lt "${XB_KILLS:-8}" ] && ! ended 1; do
	sleep "0.$((RANDOM % 45 + 10))"
	kill_daemon
	kills=$((kills + 1))
	sleep "0.$((RANDOM % 25))"
	start_daemon
done
wait $waiter
is "killed $kills times: --wait comes back and exits 0" $? 0
is "killed: the same verdict" "$(jq -r '.verdict.commits[0].id' "$tmp/killed.json")" "$(sha c6)"
is "killed: no unit of work was started twice" \
	"$(grep ' start ' "$flog" | cut -d' ' -f3 | sort | uniq -d)" ""
is "killed: no variant was built twice" \
	"$(grep '^build start' "$flog" | cut -d' ' -f4,5 | grep -v '^$' | sort | uniq -d)" ""
is "killed: no boot and its perturbation was repeated" "$(jq -r '.measurements[] |
	select(.outcome == "ok") | "\(.variant) \(.image) \(.perturb)"' "$tmp/killed.json" | sort | uniq -d)" ""
is "killed: every boot of the job gave all its samples" "$(jq -r '.measurements[] |
	select(.outcome == "ok") | .samples | length' "$tmp/killed.json" | sort -u)" 3
x hosts --json
json "killed: nothing counted against the host" '(.hosts // .)[0] | .state == "online"'
kill_daemon
is "killed: nothing is left active" "$(sql "SELECT count(*) FROM run WHERE state <> 'done'")" 0

# ---- ended between the row and its worker ---------------------------------------------
sql "INSERT INTO job (kind, state, uid, created_ms, spec) SELECT kind, 'running', uid, created_ms + 1, spec FROM job WHERE id = 1"
sql "INSERT INTO job_commit SELECT 2, node, label, parents, tree, subject, variant_id, files FROM job_commit WHERE job_id = 1"
for i in 1 2 3 4; do
	sql "INSERT INTO run (kind, job_id, node, variant_id, place, state, dir, started_ms, deadline_ms)
		SELECT 'boot', 2, 3, variant_id, 'fake', 'starting', '$state/runs/900$i', 1, 99999999999999
		FROM job_commit WHERE job_id = 2 AND node = 3"
done
start_daemon
x show --wait --json 2
is "rows without a worker: exit 0" "$status" 0
is "rows without a worker: they count against nobody" "$(j '[.measurements[] |
	select(.outcome == "host-trouble")] | length')" 0
x hosts --json
json "rows without a worker: nor against the host" '(.hosts // .)[0] | .state == "online"'

# ---- cancelled while nobody could end the worker ------------------------------------------
stop_daemon
touch "$tmp/hang"
builder_options="--hang-while $tmp/hang" config
start_daemon
linear other 4 2 1.01 1.3
x bisect --json --repo "$tmp/other" c0..c4
id=$(j .id)
running() { logged "build start .* $(sha c0 other)"; }
wait_until 10 running
kill_daemon
worker=$(sql "SELECT pid FROM run WHERE state = 'running' AND kind = 'build'")
kill -0 "$worker"
ok $? "the worker outlives the daemon"
: >"$tmp/daemon.log"
start_daemon
grep -q 'still running, adopted' "$tmp/daemon.log"
ok $? "the next daemon adopts it"
x show --json "$id"
json "and shows it running" '.progress.running | length >= 1'
kill_daemon
sql "UPDATE job SET state = 'cancelled' WHERE id = $id"
start_daemon
gone() { ! kill -0 "$worker" 2>/dev/null; }
wait_until 15 gone
ok $? "a worker of a cancelled job is ended by the next daemon"

# ---- the worker ends, well or badly, while the daemon is away --------------------------------
rm "$tmp/hang"
stop_daemon
builder_options="--delay 0.6" host_options="--delay 0.3" config
start_daemon
linear away 4 2 1.02 1.45
x bisect --json --repo "$tmp/away" c0..c4
id=$(j .id)
running() { logged "build start .* $(sha c0 away)"; }
wait_until 10 running
kill_daemon
built() { logged "build end .* $(sha c0 away)"; }
wait_until 10 built
# it must not end by itself before it is killed
touch "$tmp/hang"
host_options="--hang-while $tmp/hang" config
start_daemon
boot_pid() { sql "SELECT pid FROM run WHERE state = 'running' AND kind = 'boot'"; }
booting() { [ -n "$(boot_pid)" ]; }
wait_until 10 booting
kill_daemon
kill -9 -- "-$(boot_pid)"
rm "$tmp/hang"
start_daemon
x show --wait --json "$id"
is "workers that ended meanwhile: exit 0" "$status" 0
is "workers that ended meanwhile: found" "$(j '.verdict.commits[0].id')" "$(sha c2 away)"
is "a build that ended meanwhile is not repeated" \
	"$(logged_count "build start .* $(sha c0 away) normal")" 1
json "a boot that was killed meanwhile is host-trouble, and repeated" \
	'[.measurements[] | select(.outcome == "host-trouble")] | length == 1'

# A worker is killed meanwhile, but a child of it lives on and holds the run's lock.
stop_daemon
builder_options="--delay 30" config
start_daemon
linear orphan 3 2 1.03 1.5
x bisect --json --repo "$tmp/orphan" c0..c3
id=$(j .id)
running() { logged "build start .* $(sha c0 orphan)" && pgrep -f 'sleep 30' >/dev/null; }
wait_until 10 running
kill_daemon
worker=$(sql "SELECT pid FROM run WHERE state = 'running' AND kind = 'build'")
kill -9 "$worker"
pgrep -g "$worker" >/dev/null
ok $? "a killed builder leaves a child"
builder_options='' config
start_daemon
x show --wait --json "$id"
is "a killed builder that left a child: exit 0" "$status" 0
gone() { # what is left of it is dead, whether or not somebody has reaped it
	! ps -eo pgid=,stat= | awk -v group="$worker" '$1 == group && $2 !~ /^Z/' | grep -q .
}
wait_until 5 gone
ok $? "the child was ended"

# ---- children in process groups of their own, without the lock ------------------------------
orphans() { # of the worker: not in its group, and alive
	ps -eo sess=,pgid=,stat= | awk -v worker="$worker" '$1 == worker && $2 != worker && $3 !~ /^Z/' | grep -q .
}
no_orphans() { ! orphans; }
for when in "with the daemon there" "while the daemon is away"; do
	stop_daemon
	touch "$tmp/hang"
	builder_options="--orphan 300 --hang-while $tmp/hang" config
	start_daemon
	[ "$when" = "with the daemon there" ] && level=1.04 || level=1.05
	linear "group$level" 3 2 $level 1.5
	x bisect --json --repo "$tmp/group$level" c0..c3
	id=$(j .id)
	left() { # the worker and what it will leave
		worker=$(sql "SELECT pid FROM run WHERE job_id = $id AND state = 'running' AND kind = 'build'")
		[ -n "$worker" ] && orphans
	}
	wait_until 10 left
	ok $? "killed $when: a builder has a child in a group of its own"
	[ "$when" = "with the daemon there" ] || kill_daemon
	kill -9 "$worker"
	if [ "$when" != "with the daemon there" ]; then
		orphans
		ok $? "killed $when: the child lives on"
		start_daemon
	fi
	wait_until 10 no_orphans
	ok $? "killed $when: the child was ended"
	rm "$tmp/hang"
	x show --wait --json "$id"
	is "killed $when: exit 0" "$status" 0
done
builder_options='' config

# ---- SIGTERM ------------------------------------------------------------------------------------
kill "$daemon"
wait "$daemon"
is "SIGTERM: exit 0" $? 0
daemon=
[ ! -e "$XBISECT_SOCKET" ]
ok $? "SIGTERM: the socket is removed"

finish
