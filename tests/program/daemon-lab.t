#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts that are brought back after use: recover, health, quarantine, drain, labels; and a daemon
# that is killed at each of these.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/program/lib/daemon.sh
. "$here/lib/daemon.sh"

peer=
end_peer() {
	[ -z "$peer" ] || kill "$peer" 2>/dev/null
	cleanup
}
trap end_peer EXIT
mkdir -p "$tmp/hook"
"$here/lib/hook-sink" "$tmp/hook" 2>"$tmp/hook.err" &
peer=$!
hook_listens() { [ -s "$tmp/hook/port" ]; }
wait_until 20 hook_listens
alert_group="[alert ops]
kind=webhook
url=http://127.0.0.1:$(cat "$tmp/hook/port")/ok
retry=1s"
alerts_told() { # how many messages of that event were received
	[ -e "$tmp/hook/requests" ] || { echo 0; return; }
	jq -r '.body | fromjson? // . | .. | objects | select(.kind? == "host") | .event' \
		"$tmp/hook/requests" 2>/dev/null | grep -cx "$1"
}
of_host() { # of_host NAME EXPRESSION
	"$bin/xbisect" hosts --json 2>/dev/null |
		jq -r --arg name "$1" ".hosts[] | select(.name == \$name) | $2"
}
host_is() { [ "$(of_host "$1" "$2")" = "$3" ]; } # host_is NAME EXPRESSION VALUE
lab() { # lab OPTIONS [GROUPS]: one host "fake" that recovers; fake-host is the runner
	host_options="--lost-while $tmp/lost --recover-hangs-while $tmp/hold --trouble-while $tmp/trouble
 --drift $tmp/drift --dead $tmp/dead $1"
	host_options=${host_options//$'\n'/} raw_host "$alert_group
${2-}"
}
printf 'level 1.0\nid known good\nnoise 0.002\n' >"$tmp/known-good"
linear repo 8 5 1.0 1.2

# ---- a new host, and trouble ------------------------------------------------------------
host_keys="recover=yes
known_good=image:$tmp/known-good
labels=cpu=epyc;site=lab1" lab "--noise 0.002"
start_daemon
x hosts check fake
is "a new host is checked when its recovery is over: exit 0" "$status" 0
has "and it was tried" out '^ok +power status: on'
x measure --wait --json --boots 1 --repo "$tmp/repo" c0
is "a new host: exit 0" "$status" 0
is "a new host is recovered before its first boot" \
	"$(grep -oE '^(recover|check|boot) start' "$flog" | head -3 | tr '\n' ' ')" "recover start check start boot start "
x hosts show fake
has "hosts show: what it is made of" out 'cpu.microcode: +0x7|cpu.microcode.*0x7'
has "hosts show: labels" out 'cpu=epyc site=lab1'
has "hosts show: the recovery" out 'recover \(it is new here\): ok'
before=$(logged_count '^recover start')
touch "$tmp/trouble"
x measure --json --boots 1 --repo "$tmp/repo" c1
was_recovered() { [ "$(logged_count '^recover start')" -gt "$before" ]; }
wait_until 20 was_recovered
rm "$tmp/trouble"
wait_until 60 ended 2
x show --json 2
json "trouble, recovered, and on: the job is done" '.state == "done"'
grep -q "booting the known-good kernel: after trouble" "$tmp/daemon.log"
ok $? "after trouble the known-good kernel is booted"
is "and the host is ready" "$(of_host fake .condition)" ready
x hosts --json
json "its health is told" '.hosts[0].health.detail | contains("unmap")'

# ---- recovery fails twice ------------------------------------------------------------------
touch "$tmp/lost" "$tmp/trouble"
x measure --json --boots 1 --repo "$tmp/repo" c2
wait_until 30 host_is fake .condition quarantined
is "two failed recoveries: quarantined" "$(of_host fake .condition)" quarantined
is "two failed recoveries: offline, and says why" "$(of_host fake '.state + " " + .reason' | grep -c 'offline quarantined: .*no answer by ssh')" 1
told_once() { [ "$(alerts_told found)" -ge 1 ]; }
wait_until 20 told_once
kill_daemon
start_daemon
x hosts check fake
is "hosts check of a quarantined host: exit 5" "$status" 5
has "hosts check: what works" out '^ok +power status: on'
has "hosts check: what does not" out '^FAILED +known-good system: no answer by ssh'
has "hosts check: what to do" out 'what to do: switch it on'
is "a check does not put it back" "$(of_host fake .condition)" quarantined
is "told of once" "$(alerts_told found)" 1
x alerts
has "the alert names the host" out 'fake .*\(host\)'
rm "$tmp/lost" "$tmp/trouble"
x hosts online fake
wait_until 30 host_is fake .condition ready
is "put back: recovered, then ready" "$(of_host fake .condition)" ready
told_back() { [ "$(alerts_told fixed)" -ge 1 ]; }
wait_until 20 told_back
is "told that it is back" "$(alerts_told fixed)" 1
x hosts check fake
is "hosts check of a well host: exit 0" "$status" 0
has "hosts check: the known-good kernel" out '^ok +known-good kernel: boots'

# ---- kill -9 in each phase -------------------------------------------------------------------
touch "$tmp/hold"
x hosts drain fake
x hosts undrain fake # it is in doubt again
recovering() { host_is fake '.lock.kind' recover; }
wait_until 20 recovering
kill_daemon
start_daemon
wait_until 20 recovering
is "daemon killed while the host is recovered: that goes on" "$(of_host fake .lock.kind)" recover
kill_daemon
end_tasks() { # workers of hosts/
	local file pid
	for file in "$state"/hosts/*/pid; do
		pid=$(cat "$file")
		[ "$(readlink "/proc/$pid/cwd")" = "$(dirname "$file")" ] && kill -9 -- "-$pid"
	done 2>/dev/null
}
end_tasks
rm "$tmp/hold"
start_daemon
wait_until 30 host_is fake .condition ready
is "daemon and recovery killed: recovered again" "$(of_host fake .condition)" ready

touch "$tmp/hang"
stop_daemon
host_keys="recover=yes
known_good=image:$tmp/known-good
labels=cpu=epyc;site=lab1" lab "--noise 0.002 --hang-while $tmp/hang"
start_daemon
x measure --json --boots 1 --repo "$tmp/repo" c3
hung=$(j .id)
booting() { host_is fake '.lock.kind' boot; }
wait_until 30 booting
kill_daemon
end_workers
rm "$tmp/hang"
before=$(logged_count '^recover start')
start_daemon
wait_until 60 ended "$hung"
is "daemon and boot killed: recovered before the next boot" \
	"$([ "$(logged_count '^recover start')" -gt "$before" ] && echo yes)" yes
x show --json "$hung"
json "daemon and boot killed: the job is done" '.state == "done"'

# ---- drain and notes ---------------------------------------------------------------------------
stop_daemon
host_keys="recover=yes" lab "--delay 1.5"
start_daemon
x measure --json --boots 3 --repo "$tmp/repo" c4
drained=$(j .id)
wait_until 30 booting
x hosts drain fake "new disk"
has "drain: a boot goes on" out 'draining'
idle() { host_is fake .lock null; }
wait_until 30 idle
sleep 1
x show --json "$drained"
json "drained: the boot that ran has counted" '[.measurements[] | select(.outcome == "ok")] | length >= 1'
is "drained: its job waits, and says for what" "$(j .progress.phase)" "waiting: fake is drained: new disk"
x hosts note fake "disk swapped, serial 7"
has "note: shown" out 'disk swapped, serial 7'
x hosts list
has "list: drained" out 'drained'
x hosts undrain fake
wait_until 60 ended "$drained"
x show --json "$drained"
json "undrained: the job ends" '.state == "done"'
x log "$drained"

# ---- no known-good kernel: whose fault three troubles are --------------------------------------------
fresh_state
linear single 8 5 1.0 1.2 4:boot=host-trouble
host_keys="recover=yes" lab ""
start_daemon
x bisect --wait --json --repo "$tmp/single" c0..c8
json "one kernel that is trouble three times: set aside, the search goes on" '.state == "done" and .verdict.kind == "range"'
is "and the host, which came back each time, stays" "$(of_host fake .state)" online
fresh_state
linear double 8 5 1.0 1.2 3:boot=host-trouble 4:boot=host-trouble 5:boot=host-trouble 6:boot=host-trouble
lab ""
start_daemon
x bisect --json --repo "$tmp/double" c0..c8
gone() { host_is fake .state offline; }
wait_until 60 gone
is "two kernels in a row: the host goes offline" "$(of_host fake .reason | grep -c 'troubles in a row')" 1

# ---- health by the clock, and out of its limits --------------------------------------------------
fresh_state
host_keys="known_good=image:$tmp/known-good
health_every=0.2s" lab "--noise 0.002"
start_daemon
learnt() { of_host fake .health.detail | grep -q within; }
wait_until 60 learnt
ok $? "health by the clock: limits are learnt"
echo 1.3 >"$tmp/drift"
away() { host_is fake .state offline; }
wait_until 30 away
is "outside its limits: offline with the reason" "$(of_host fake .reason | grep -c 'not what it was, twice in a row: unmap .* is outside')" 1
kill_daemon
start_daemon
is "and still so after a crash" "$(of_host fake .state)" offline
x hosts online fake
wait_until 30 away
is "put back unchanged: offline again" "$(of_host fake .state)" offline
x hosts relearn fake
x hosts online fake
relearning() { of_host fake .health.detail | grep -q 'limits are learnt from'; }
wait_until 30 relearning
is "relearn: what it is now is the measure" "$(of_host fake .state)" online
rm "$tmp/drift"

# ---- labels, classes, a host that dies half-way, kernels that hang --------------------------------
fresh_state
linear big 24 15 1.0 1.2 5:boot=hang 10:boot=hang
host_deadline=4s
host_keys="recover=yes
known_good=image:$tmp/known-good
label.cpu=epyc" lab "--delay 0.1" "
[host second]
driver=null
recover=yes
known_good=image:$tmp/known-good
deadline=4s
labels=cpu=epyc
[host third]
driver=null
labels=cpu=atom"
start_daemon
x bisect --json --label cpu=risc --repo "$tmp/big" c0..c24
is "a label that no host has: exit 1" "$status" 1
x measure --wait --json --boots 2 --host label:cpu=atom --repo "$tmp/big" c0
is "--host label: only hosts with it" "$(j '[.measurements[].host] | unique | join(" ")')" third
x hosts drain fake # else it may find the culprit before the other one has measured anything
x bisect --json --label cpu=epyc --repo "$tmp/big" c1..c24
big=$(j .id)
some() { x show --json "$big"; [ "$(j '[.measurements[] | select(.host == "second" and .outcome == "ok")] | length')" -ge 1 ]; }
wait_until 60 some
ok $? "the host that is not drained works"
echo second >"$tmp/dead"
x hosts undrain fake
wait_until 60 ended "$big"
x show --json "$big"
json "one host dies for good, some kernels hang: done" '.state == "done"'
is "one host dies for good, some kernels hang: found" "$(j '.verdict.commits[0].id')" "$(sha c15 big)"
json "both hosts of the label have worked, and no other" '[.measurements[].host | select(. != null)] | unique == ["fake", "second"]'
wait_until 30 host_is second .condition quarantined
is "the dead one is quarantined" "$(of_host second .condition)" quarantined
is "the other one is well" "$(of_host fake .state)" online

finish
