#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts in trouble, killed workers, other hosts, and what is never done twice.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

# ---- a sick image is not a sick host ------------------------------------------------
printf 'level 1.0\nid known good\n' >"$tmp/known-good"
host_options="--trouble-while $tmp/no-power" \
	host_keys="known_good=image:$tmp/known-good" config
start_daemon
linear sick 8 4 1.0 1.1 "5:boot=host-trouble_no_answer"
x bisect --wait --json --repo "$tmp/sick" c0..c8
is "known-good kernel: a kernel that troubles its host does not stop the search: exit 0" "$status" 0
is "known-good kernel: found" "$(j '.verdict.commits[0].id')" "$(sha c4 sick)"
x bisect --wait --json --repo "$tmp/sick" c4..c5
is "known-good kernel: BAD that troubles its host: exit 5" "$status" 5
json "known-good kernel: it is the image, not the host" '.reason | contains("BAD") and contains("no answer")'
x hosts check fake
has "hosts check: names the known-good kernel" out known-good
touch "$tmp/no-power"
linear sick2 4 2 1.0 1.7
x bisect --wait --json --repo "$tmp/sick2" c0..c4
is "known-good kernel in trouble too: exit 5" "$status" 5
json "known-good kernel in trouble too: the host is offline" '.reason | contains("offline") and contains("no power")'
rm "$tmp/no-power"
x hosts online fake
x retry --wait --json 3
is "power is back, retry: exit 0" "$status" 0
is "power is back, retry: found" "$(j '.verdict.commits[0].id')" "$(sha c2 sick2)"

# ---- a host that a user takes away ------------------------------------------------------
# another one that was in the configuration once, online, is nobody to wait for
rm -f "$tmp/no-power"
stop_daemon
printf '\n[host gone]\ndriver=null\n' >>"$conf"
start_daemon
x hosts list
has "another host is configured" out '^ *gone +null +online'
stop_daemon
config
start_daemon
linear away 6 3 1.0 1.4
x bisect --json --repo "$tmp/away" c0..c6
away=$(j .id)
x hosts offline fake "new disk"
waits() { x show --json "$away"; [ "$(j .progress.phase)" = "waiting: fake is offline: new disk" ]; }
wait_until 20 waits
is "host taken offline: its job waits, and says for what" "$(j .progress.phase)" \
	"waiting: fake is offline: new disk"
x hosts online fake
x show --json "$away"
finished() { x show --json "$away"; [ "$(j .state)" = done ]; }
wait_until 60 finished
is "host is back: the job goes on to its verdict" "$(j '.verdict.commits[0].id')" "$(sha c3 away)"

# ---- workers that are killed ------------------------------------------------------------
fresh_state
host_keys='' builder_options="--die-once $tmp/die-build" \
	host_options="--delay 0.2 --die-once $tmp/die-boot" config
touch "$tmp/die-build" "$tmp/die-boot"
start_daemon
linear repo 8 5
"$bin/xbisect" bisect --wait --json --repo "$tmp/repo" c0..c8 >"$tmp/killed.json" 2>"$tmp/killed.err" &
waiter=$!
running_pid() { # of a run of that kind that is running
	local dir
	for dir in "$state"/runs/*/; do
		grep -q "\"kind\": \"$1\"" "$dir/job.json" 2>/dev/null || continue
		pid=$(<"$dir/pid")
		[ -n "$pid" ] && [ "/proc/$pid/cwd" -ef "$dir" ] && return 0
	done 2>/dev/null
	return 1
}
for n in 4 9; do
	several() { [ "$(logged_count '^boot end')" -ge $n ]; }
	wait_until 20 several
	wait_until 5 running_pid run && kill -9 "$pid"
done
wait $waiter
is "workers killed: exit 0" $? 0
is "workers killed: same verdict" "$(jq -r '.verdict.commits[0].id' "$tmp/killed.json")" "$(sha c5)"
x log 1
is "workers killed: the log says so" "$([ "$(grep -c 'killed by signal 9' "$tmp/out")" -ge 1 ] && echo yes)" yes
x hosts --json
json "workers killed: the host is online" '(.hosts // .)[0].state == "online"'

# ---- never twice ---------------------------------------------------------------------------
fresh_state
builder_options='' host_options='' config
start_daemon
{
	echo "d0 - level=1.0 id=0 -- start"
	for i in $(seq 1 9); do
		echo "d$i d$((i - 1)) README.txt=$i $([ "$i" = 5 ] && echo level=1.2) -- text $i"
	done
	echo "d10 d9 id=x -- change"
	echo "d11 d10 id=0 README.txt=9 -- and back"
} | toy docs
x bisect --wait --json --repo "$tmp/docs" d0..d9
is "texts only but one: exit 0" "$status" 0
is "texts only but one: found" "$(j '.verdict.commits[0].id')" "$(sha d5 docs)"
json "texts only but one: a few builds" '.counts.builds <= 6 and .can_matter <= 3'
before=$(logged_count '^build start')
x measure --wait --json --repo "$tmp/docs" d11
is "an identical tree is not built again" "$(logged_count '^build start')" "$before"
json "and shares its measurements" '.counts.builds == 0 and .counts.builds_reused == 1'

# An artifact that was evicted is built again when a boot needs it, once.
stop_daemon
builder_keys="slots=2
deadline=20s" daemon_keys="artifact_limit=1" config
start_daemon
x measure --wait --json --repo "$tmp/docs" d0
x hosts online fake # one more planning round
evicted() { [ -z "$(find "$state/artifacts" -name kernel)" ]; }
wait_until 5 evicted
ok $? "artifacts are bounded"
before=$(logged_count '^build start')
x measure --wait --json --boots 9 --repo "$tmp/docs" d0
is "an evicted artifact is needed: exit 0" "$status" 0
is "an evicted artifact is needed: built once more" $(($(logged_count '^build start') - before)) 1
x hosts online fake
wait_until 5 evicted
before=$(logged_count '^build start')
x bisect --wait --json --repo "$tmp/docs" d0..d9
is "a search over evicted artifacts: found" "$(j '.verdict.commits[0].id')" "$(sha d5 docs)"
ok $(($(logged_count '^build start') > before ? 0 : 1)) "a search over evicted artifacts: what it confirms with is built again"
is "a search over evicted artifacts: once each" \
	"$(grep '^build start' "$flog" | tail -n +$((before + 1)) | cut -d' ' -f4,5 | sort | uniq -d)" ""
builder_keys="deadline=20s" daemon_keys=''

# ---- a commit that kills its builder ----------------------------------------------------------
linear killer 12 7 1.0 1.1 6:build=kill 3:build=kill
x bisect --wait --json --repo "$tmp/killer" c0..c12
is "commits whose build dies: the search goes round them: exit 4 or 0" "$([ "$status" = 4 ] || [ "$status" = 0 ]; echo $?)" 0
json "commits whose build dies: the culprit is among those left" \
	"[.verdict.commits[].id] | index(\"$(sha c7 killer)\") != null"
linear allkiller 12 7 1.0 1.2 {1,2,3,4,5,6,7,8,9,10,11}:build=kill
x bisect --wait --json --repo "$tmp/allkiller" c0..c12
is "every build dies: exit 5" "$status" 5
json "every build dies: said so" '.reason | contains("9 times in a row for reasons of this machine")'

# ---- two hosts, two slots, two jobs ---------------------------------------------------------------
fresh_state
builder_keys="slots=2
deadline=20s" host_options="--delay 0.1" raw_host "
[host second]
driver=null"
start_daemon
"$bin/xbisect" bisect --wait --json --repo "$tmp/repo" c0..c8 >"$tmp/first.json" 2>/dev/null &
first=$!
x bisect --wait --json --priority 5 --repo "$tmp/repo" c0..c8
is "two jobs at once: the second: exit 0" "$status" 0
wait $first
is "two jobs at once: the first: exit 0" $? 0
is "two jobs at once: one verdict" "$(jq -r '.verdict.commits[0].id' "$tmp/first.json")" "$(j '.verdict.commits[0].id')"
is "two jobs at once: both hosts work" "$(j '[.measurements[].host] | unique | join(" ")')" "fake second"
is "two jobs at once: nothing is built twice" \
	"$(grep '^build start' "$flog" | cut -d' ' -f4,5 | sort | uniq -d)" ""
builder_keys="deadline=20s"

# ---- which slot builds what ---------------------------------------------------------------------
fresh_state
touch "$tmp/hang"
builder_keys="slots=2
deadline=20s" builder_options="--hang-while $tmp/hang" host_options='' config
start_daemon
linear near 3 2
slot_of() { # slot_of COMMIT: where it was built
	jq -r --arg commit "$(sha "$1" near)" 'select(.commit == $commit) | .work_dir' "$state"/runs/*/job.json
}
both() { logged "build start .* $(sha "$1" near)" && logged "build start .* $(sha "$2" near)"; }
x ab --json --repo "$tmp/near" c3 c0
id=$(j .id)
wait_until 10 both c3 c0
rm "$tmp/hang"
x show --wait --json "$id"
is "two slots: two builds at once: exit 0" "$status" 0
is "two slots: each has a work tree of its own" \
	"$(slot_of c3 | sed 's/.*slots//') $(slot_of c0 | sed 's/.*slots//')" "/default/0 /default/1"
touch "$tmp/hang"
x compare --json --repo "$tmp/near" c0 c1 c2 c3
id=$(j .id)
wait_until 10 both c1 c2
rm "$tmp/hang"
x show --wait --json "$id"
is "two slots: four variants, of which two are built: exit 0" "$status" 0
is "two slots: each build goes where its neighbour was built" "$(slot_of c1) $(slot_of c2)" \
	"$(slot_of c0) $(slot_of c3)"
builder_keys="deadline=20s" builder_options=''

# ---- another host in the place of the old -----------------------------------------------------
fresh_state
host_options="--delay 0.1" raw_host
start_daemon
x bisect --json --repo "$tmp/repo" c0..c8
boots_of() { # boots_of COMMIT: how many were started
	jq -r --arg commit "$(sha "$1")" 'select(.kind == "run" and .artifact.commit == $commit) | .kind' \
		"$state"/runs/*/job.json | grep -c run
}
several() { [ "$(logged_count '^boot end')" -ge 3 ]; } # the endpoints, and one more
wait_until 20 several
ok $? "three boots are done"
stop_daemon
good=$(boots_of c0) bad=$(boots_of c8)
ok $((good && bad ? 0 : 1)) "GOOD and BAD were booted"
# the other host is slower by half
echo 1.5 >"$tmp/drift"
host_options="--delay 0.1 --fingerprint 2 --drift $tmp/drift" raw_host
start_daemon
x show --wait --json 1
is "a new fingerprint in the middle: exit 0" "$status" 0
is "a new fingerprint in the middle: found" "$(j '.verdict.commits[0].id')" "$(sha c5)"
json "a new fingerprint in the middle: the levels are those of the new host" '.effect |
	(.base - 1.5 | fabs) < 0.001 and (.test - 1.65 | fabs) < 0.001 and (.ratio - 1.1 | fabs) < 0.001'
json "a new fingerprint in the middle: no boot of the old one counts" \
	'[.measurements[].samples[]] | length > 0 and all(. > 1.4)'
is "a new fingerprint in the middle: GOOD and BAD are booted again" \
	"$(($(boots_of c0) > good)) $(($(boots_of c8) > bad))" "1 1"
x log 1
has "a new fingerprint in the middle: said so" out 'earlier boots are left aside'
x report 1
has "a new fingerprint in the middle: the report says so" out 'warning +the host, .* first boots: [0-9]+ boots? made on another host class (was|were) left aside and the endpoints'
fresh_state
host_options="--no-probe" raw_host
start_daemon
x bisect --wait --json --repo "$tmp/repo" c0..c8
is "a host that tells its fingerprint only when it runs: exit 0" "$status" 0

finish
