#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the noise of earlier boots lets expect of a bisection is told before it starts.
# shellcheck source=tests/program/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

hang=$tmp/hang # as long as it is there the worker does not tell its fingerprints
linear noisy 10 6 1.0 1.05
host_options="--noise 0.004 --probe-hangs-while $hang"
raw_host
search=(bisect --json --min-effect 0.1% --repo "$tmp/noisy" c0..c5)

warned() { # warned NAME: by the last command, of a job that has not begun
	json "$1: is warned of before it starts" '(.warnings | length == 1) and .state == "queued"'
	has "$1: cost and what would help" err 'warning: .*boots and .* minutes.*--min-effect'
}

begun() { # begun ID; where enough earlier boots tell, the verdict comes first
	"$bin/xbisect" log "$1" | grep -qE '(build|boot) [0-9a-f]{12}|verdict:'
}

restart() {
	stop_daemon
	start_daemon
}

# ---- without earlier boots ----------------------------------------------------------------
touch "$hang"
start_daemon
before=$SECONDS
x "${search[@]}"
is "no earlier boots: exit 0" "$status" 0
json "no earlier boots: no warning" '.id == 1 and .warnings == null'
[ $((SECONDS - before)) -lt 8 ]
ok $? "no earlier boots: nothing is waited for"
rm "$hang"
x cancel 1

# ---- with them --------------------------------------------------------------------------------
x measure --wait --json --boots 8 --repo "$tmp/noisy" c0
x "${search[@]}"
warned "a search"
job=$(j .id)
wait_until 20 begun "$job"
ok $? "and then it starts"
x log "$job"
is "the log: first the warning" "$(grep -oE 'warning:|build |boot ' "$tmp/out" | head -n 1)" warning:
x cancel "$job"
x retry --json "$job"
warned "its retry"
x cancel "$(j .id)"
request="\"repo\":\"$tmp/noisy\",\"good\":\"c0\",\"bad\":\"c5\",\"min_effect\""
ask "{\"verb\":\"check\",\"what\":\"bisect\",$request:0.001}"
json "a check: is warned of, too" '(.warnings | length == 1) and .estimate.commits_in_range == 5'
ask "{\"verb\":\"check\",\"what\":\"bisect\",$request:0.1}"
json "a check: not where the effect is large" '.warnings == []'

# ---- the first after a start --------------------------------------------------------------------
restart
x "${search[@]}"
warned "the first search after a start"
x cancel "$(j .id)"

# ---- fingerprints that do not come -----------------------------------------------------------------
touch "$hang"
restart
x "${search[@]}"
json "a worker that is silent: is not waited for" '.warnings == null and .state == "queued"'
job=$(j .id)
rm "$hang"
late() { "$bin/xbisect" show --json "$job" | jq -e '.warnings | length == 1' >/dev/null; }
wait_until 20 late
ok $? "a worker that is silent: the report has the warning later"
x cancel "$job"

# ---- the daemon ends meanwhile ----------------------------------------------------------------------
touch "$hang"
restart
"$bin/xbisect" "${search[@]}" >"$tmp/held.json" 2>"$tmp/err" &
client=$!
held() { "$bin/xbisect" list --json | jq -e ".jobs[0] | .id > $job and .state == \"queued\"" >/dev/null; }
wait_until 20 held
stop_daemon
wait $client
is "the daemon ends: the client hears of its job" "$?" 0
job=$(jq .id "$tmp/held.json")
rm "$hang"
start_daemon
wait_until 20 begun "$job"
ok $? "the next daemon starts the job"
x cancel "$job"

# ---- a machine that cannot be asked now --------------------------------------------------------------
x hosts drain fake away
is "drained: exit 0" "$status" 0
host_keys="recover=yes" raw_host
restart
x "${search[@]}"
warned "a search on a machine that is away"
x cancel "$(j .id)"

finish
