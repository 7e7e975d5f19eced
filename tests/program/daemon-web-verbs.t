#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the control socket lets xbisect-web ask for.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

linear repo 12 7
linear other 6 3
config "[repo toy]
path=$tmp/repo"
start_daemon

ask '{"verb":"choices"}'
json "choices: repositories, hosts, workloads" '.ok and .repos == ["toy"] and .hosts == ["fake"] and
	.workloads[0].name == "map-unmap" and .workloads[0].metrics == ["unmap", "map"]'
ask '{"verb":"check","what":"bisect","repo":"toy","good":"c0","bad":"c12"}'
json "check: says what a bisect would cost" '.ok and .estimate.commits_in_range == 12 and
	.estimate.steps_left > 0 and .estimate.seconds_left > 0'
ask '{"verb":"check","what":"ab","repo":"toy","base":{"rev":"c0"},"test":{"rev":"c12"}}'
json "check: of an A/B: what it is about, and its cost" '.ok and .estimate.commits_in_range == 1 and
	[.estimate.sides[].name] == ["base", "test"] and .estimate.sides[1].commit == "'"$(sha c12)"'" and
	(.estimate | .builds == 2 and .boots == 6 and .boots_most == 80 and .steps_left == 8 and .seconds_left > 0)'
ask '{"verb":"check","what":"ab","repo":"toy","boots":4,"base":{"rev":"c0"},"variants":[{"rev":"c1"},{"rev":"c0","name":"again"}]}'
json "check: of several variants" '.estimate | [.sides[].name] == ["base", "v1", "again"] and .builds == 2 and
	.boots == 12 and .boots_most == 12'
ask '{"verb":"check","what":"measure","repo":"toy","rev":{"rev":"c0"}}'
json "check: of a measurement" '.estimate | .builds == 1 and .boots == 3 and .boots_most == 3'
ask '{"verb":"check","what":"bisect","repo":"toy","good":"c12","bad":"c0"}'
json "check: refuses what would be refused" '.ok == false and (.error | contains("GOOD"))'
ask '{"verb":"check","what":"destroy"}'
json "check: of nothing that exists" '.ok == false'
x list --json
json "check: queues nothing" '.jobs == []'

web='{"verb":"web"}'
for verb in list show log follow hosts host-check host-online host-offline watch-add; do
	ask "$web" "{\"verb\":\"$verb\",\"id\":1,\"name\":\"fake\"}"
	json "web: may not ask for $verb" '.ok == false'
done
ask "$web" "{\"verb\":\"bisect\",\"repo\":\"$tmp/other\",\"good\":\"c0\",\"bad\":\"c6\"}"
json "web: may not name a path" '.ok == false and (.error | contains("repo NAME"))'
ask "$web" "{\"verb\":\"bisect\",\"cwd\":\"$tmp/other\",\"good\":\"c0\",\"bad\":\"c6\"}"
json "web: may not name a directory" '.ok == false'
ask "$web" "{\"verb\":\"ab\",\"base\":{\"image\":{\"kernel\":\"/vmlinuz\"}},\"test\":{\"rev\":\"c6\"}}"
json "web: may not name an image" '.ok == false'
ask "$web" '{"verb":"bisect","repo":"toy","good":"c0","bad":"c12"}'
json "web: may queue a configured repository" '.ok and .id == 1'
wait_until 60 ended 1
x show --json 1
json "web: and that job finds its culprit" '.verdict.kind == "culprit"'
x bisect --json --wait --repo "$tmp/other" c0..c6
ask "$web" '{"verb":"bisect","like":2,"good":"c1","bad":"c4"}'
json "web: may go on with a job's repository" '.ok and .id == 3'
ask "$web" '{"verb":"bisect","like":99,"good":"c1","bad":"c4"}'
json "web: but not with that of none" '.ok == false'
wait_until 60 ended 3
ask "$web" '{"verb":"retry","id":2}'
json "web: may retry" '.ok and .id == 4'
ask "$web" '{"verb":"cancel","id":4}'
ask "$web" '{"verb":"cancel","id":1}'
json "web: cancels only what runs" '.ok == false and (.error | contains("ended already"))'
stop_daemon

config "[web]
user=$(id -un)"
"$bin/xbisectd" --config "$conf" >"$tmp/out" 2>&1
is "[web] user: not the daemon's own" $? 1
has "[web] user: says so" out "own user or root"
config "[web]
user=nobody-has-this-name"
"$bin/xbisectd" --config "$conf" >"$tmp/out" 2>&1
has "[web] user: must exist" out "there is no user"

# a peer that is this user need not say that it is the pages
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	fresh_state
	config "[web]
user=nobody"
	start_daemon
	chmod 711 "$tmp"
	as=(setpriv --reuid=nobody --regid=0 --clear-groups)
	ask '{"verb":"list"}'
	json "[web] user: limited to what pages may ask for" '.ok == false and (.error | contains("for xbisect-web"))'
	ask '{"verb":"choices"}'
	json "[web] user: and may ask for that" '.ok'
	as=(setpriv --reuid=daemon --regid=0 --clear-groups)
	ask '{"verb":"list"}'
	json "[web] user: others are not taken for it" '.ok'
	as=()
else
	for what in "limited to what pages may ask for" "and may ask for that" "others are not taken for it"; do
		skip "[web] user: $what" "root is needed to be another user"
	done
fi

finish
