#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Watched branches: new tips are measured, changes of level bisected and told of.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/program/lib/daemon.sh
. "$here/lib/daemon.sh"

peers=()
end_peers() {
	[ ${#peers[@]} -eq 0 ] || kill "${peers[@]}" 2>/dev/null
	cleanup
}
trap end_peers EXIT
mkdir "$tmp/hook"
"$here/lib/hook-sink" "$tmp/hook" 2>"$tmp/hook.err" &
peers+=($!)
wait_until 60 test -s "$tmp/hook/port"
hook="[alert chat]
kind=webhook
url=http://127.0.0.1:$(cat "$tmp/hook/port")/ok
retry=1s"

# c0..c7 at 1.0; c8..c13 at 1.1; c14..c19 at 1.0 again; c16 alone at 5.
levels() {
	local i level parent
	for i in $(seq 0 19); do
		level=1.0
		[ "$i" -lt 8 ] || [ "$i" -gt 13 ] || level=1.1
		[ "$i" -ne 16 ] || level=5
		parent=c$((i - 1))
		[ "$i" -gt 0 ] || parent=-
		echo "c$i $parent level=$level id=$i -- change number $i"
	done
}
advance() { # advance REPO REV: the branch is there now
	git -C "$tmp/$1" checkout -q --detach "$2" 2>/dev/null
	git -C "$tmp/$1" branch -f main "$2" >/dev/null
}
watch() { # watch NAME JQ: of the watch as it is now
	"$bin/xbisect" watch show --json "$1" 2>/dev/null | jq -r "$2" 2>/dev/null
}
until_watch() { # until_watch NAME JQ-CONDITION
	wait_until 30 eval "[ \"\$(watch $1 '$2')\" = true ]"
}
look() {
	"$bin/xbisect" watch look "$1" >/dev/null 2>&1
}
points() { # points NAME: subjects' numbers of what is measured
	watch "$1" '[.series[] | select(.metric == "unmap").points[].subject | sub("change number "; "")] | join(" ")'
}
messages() { # messages EVENT
	[ -e "$tmp/hook/requests" ] || { echo 0; return; }
	jq -r '.headers["X-Xbisect-Event"]' "$tmp/hook/requests" | grep -cx "$1"
}

levels | toy repo
advance repo c4
config "$hook"
start_daemon

# ---- adding --------------------------------------------------------------------------
x watch
has "without a watch it says how to add one" out '^no watches: xbisect watch add'
x watch add next --repo "file://$tmp/repo" --branch main --every 1d --pick all
is "a remote is added" "$status" 0
has "and named" out '^next: branch main of file://'
until_watch next '.measured == 1'
ok $? "its tip is measured"
is "that only" "$(points next)" 4
x watch add next --repo "file://$tmp/repo" --branch main
is "a name is there once" "$status" 1
has "says so" err 'there is a watch "next" already'
for bad in "--branch main" "--repo gopher://x --branch main x" "--repo $tmp/repo --branch a..b x" \
	"--repo $tmp/nowhere --branch main x" "--repo $tmp/repo --branch main --pick some x" \
	"--repo $tmp/repo --branch main --workload none x" "--repo $tmp/repo --branch main --every 0s x" \
	"--repo $tmp/repo --branch main --host none x" "--repo $tmp/repo --branch main --metric none x" \
	"--repo $tmp/repo --branch main a/b" "--repo $tmp/repo --branch main --min-effect much x"; do
	# shellcheck disable=SC2086 # words
	x watch add $bad
	is "refused: watch add ${bad//$tmp\//}" "$status" 1
done

# ---- new commits -----------------------------------------------------------------------
advance repo c7
look next
until_watch next '.measured == 4'
ok $? "new commits are measured"
is "all of them, in order" "$(points next)" "4 5 6 7"
x watch show next
has "a table of them" out '^ *[0-9a-f]{12} +1\.0000 .*change number 6'
advance repo c8
look next
until_watch next '.measured == 5'
is "one new value is no change yet" "$(watch next '.changes | length')" 0
kill_daemon
advance repo c10
start_daemon
look next
until_watch next '.changes | length == 1'
ok $? "two are, also after a restart"
is "with its levels" "$(watch next '.changes[0] | [.metric, .before, .after] | tostring')" '["unmap",1,1.1]'
is "between these" "$(watch next '.changes[0] | .from + .to')" "$(sha c7)$(sha c8)"
until_watch next '.changes[0].job_id != null'
job=$(watch next '.changes[0].job_id')
wait_until 30 ended "$job"
x show --json "$job"
json "it is bisected by itself" \
	".verdict.kind == \"culprit\" and .verdict.commits[0].id == \"$(sha c8)\" and .priority < 0"
wait_until 20 eval '[ "$(messages found)" = 1 ]'
ok $? "and told of"
x alerts --json
json "as one alert" '.alerts | length == 1'

# ---- back again ------------------------------------------------------------------------
advance repo c13
look next
until_watch next '.measured == 10'
is "nothing new at the new level" "$(watch next '.changes | length')" 1
advance repo c15
look next
until_watch next '.changes | length == 2'
ok $? "the way back is a change, too"
wait_until 30 eval '[ "$(messages fixed)" = 1 ]'
ok $? "and the alert is fixed"
is "by that commit" "$(jq -r 'select(.headers["X-Xbisect-Event"] == "fixed").body | fromjson.alerts[0].fixed_commit' "$tmp/hook/requests")" "$(sha c14)"
advance repo c19
look next
until_watch next '.measured == 16'
ok $? "more commits"
sleep 2
is "a lone spike is no change" "$(watch next '.changes | length')" 2
x alerts --json
is "an improvement is an alert that nobody asked for" "$(j '[.alerts[] | .deliveries | length] | tostring')" "[0,2]"
is "found and fixed were told once each" "$(messages found) $(messages fixed)" "1 1"

# ---- the remote changes ------------------------------------------------------------------
git -C "$tmp/repo" checkout -q --detach c18
git -C "$tmp/repo" -c user.name=x -c user.email=x@example.org commit -q --allow-empty -m "another way"
git -C "$tmp/repo" branch -f main HEAD >/dev/null
look next
until_watch next '.tip == "'"$(sha main)"'"'
ok $? "a forced push"
until_watch next '.series[0].points[-1].subject == "another way"'
ok $? "the new tip is measured"
is "what it took away is not shown" "$(points next | grep -cw 19)" 0
has "it is said" daemon.log "a forced push took commits after $(sha c18 | cut -c1-12) away"
git -C "$tmp/repo" branch -D main >/dev/null 2>&1
look next
until_watch next '.trouble | contains("no branch")'
ok $? "a deleted branch is trouble, not an end"
mv "$tmp/repo" "$tmp/away"
look next
until_watch next '.trouble != "" and (.trouble | contains("no branch") | not)'
ok $? "a remote that is away, too"
x watch
has "the list shows it" out 'next +main .*(resolve|find|access|exist|No such)'
mv "$tmp/away" "$tmp/repo"
git -C "$tmp/repo" branch main c19
look next
until_watch next '.trouble == "" and .tip == "'"$(sha c19)"'"'
ok $? "and it comes back"
git -C "$tmp/repo" checkout -q --orphan other && git -C "$tmp/repo" -c user.name=x -c user.email=x@example.org commit -q -m "unrelated"
git -C "$tmp/repo" branch -f main HEAD >/dev/null
look next
until_watch next '.commits == 1'
ok $? "an unrelated branch begins anew"
x watch remove next
is "a watch is removed" "$status" 0
x watch --json
json "and gone" '.watches == []'
x watch show next
is "show says so" "$status" 1
x show "$job"
is "its jobs stay" "$status" 0

# ---- a job of it, once its copy and its kernels are gone ----------------------------------
idle() {
	"$bin/xbisect" list --json 2>/dev/null |
		jq -e '.jobs | all(.state != "queued" and .state != "running")' >/dev/null
}
wait_until 30 idle
stop_daemon
daemon_keys="artifact_limit=1" config "$hook"
rm -rf "$state/remotes" # as the daemon does after a day
start_daemon
x hosts online fake # a planning round
evicted() { [ -z "$(find "$state/artifacts" -name kernel)" ]; }
wait_until 5 evicted
x retry "$job"
is "its copy is gone: refused" "$status" 1
has "says what is missing" err 'kernels that are not kept any more .* there is no git repository at .*/remotes/'
has "and how to have it again" err "watch add NAME --repo file://$tmp/repo --branch main"
x watch add again --repo "file://$tmp/repo" --branch main --every 1d
until_watch again '.measured == 1'
git -C "$tmp/repo" branch -f main c19
look again
until_watch again '.tip == "'"$(sha c19)"'"'
x retry --wait --json "$job"
is "with the commits there it is done again" "$status $(j '.verdict.commits[0].id')" "0 $(sha c8)"
daemon_keys=

# ---- a path, the older range ---------------------------------------------------------------
linear older 40 23 1.0 1.2
fresh_state
config "$hook"
start_daemon
x watch add mine --repo "$tmp/older" --branch main --every 1d --boots 1
until_watch mine '.measured == 1'
ok $? "a path is read where it is"
ls "$state/remotes" >/dev/null 2>&1
is "nothing is copied" $? 2
: >"$flog"
x watch backfill mine --from c0 --budget 7
is "an older range" "$status" 0
until_watch mine '.budget == 0 and .measuring == 0'
ok $? "its boots are spent"
is "its end and six more" "$(watch mine .measured)" 8
is "that go to where the step is" \
	"$(points mine | tr ' ' '\n' | awk '$1 > 15 && $1 < 30' | wc -l)" 4
until_watch mine '.changes | length == 1'
ok $? "the step is found"
until_watch mine '.changes[0].job_id != null'
wait_until 30 ended "$(watch mine '.changes[0].job_id')"
x show --json "$(watch mine '.changes[0].job_id')"
json "and bisected" ".verdict.commits[0].id == \"$(sha c23 "$tmp/older")\""
x watch backfill mine --from "$(sha c8)"
is "a commit of another repository" "$status" 1
x watch backfill none --from c0
is "no such watch" "$status" 1

# ---- not all of them ----------------------------------------------------------------------
linear few 12 5 1.0 1.0
advance few c2
x watch add third --repo "$tmp/few" --branch main --every 1d --boots 1 --pick 3
x watch add once --repo "$tmp/few" --branch main --every 1d --boots 1 --pick daily
until_watch third '.measured == 1'
until_watch once '.measured == 1'
advance few c10
look third
until_watch third '.measured == 3'
is "each third commit" "$(points third)" "2 5 8"
look once
until_watch once '.tip == "'"$(sha c10 "$tmp/few")"'"'
look once
is "one a day: no other on that day" "$(watch once '.measured + .measuring')" 1
# the day goes by
python3 -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=20)
db.execute("UPDATE watch SET picked_ms = picked_ms - 86400000 WHERE name = ?", ("once",)); db.commit()' "$state/xbisect.db"
look once
until_watch once '.measured == 2'
is "the next day: the tip, though none has come since" "$(points once)" "2 10"

# ---- git:// ---------------------------------------------------------------------------------
port=$(/usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
git daemon --listen=127.0.0.1 --port="$port" --base-path="$tmp" --export-all --reuseaddr 2>/dev/null &
peers+=($!)
wait_until 60 git ls-remote "git://127.0.0.1:$port/older" >"$tmp/ls" 2>/dev/null
x watch add far --repo "git://127.0.0.1:$port/older" --branch main --pick daily --metric map
until_watch far '.measured == 1'
ok $? "a remote of git's own protocol"
is "its objects are here" "$(git -C "$(echo "$state"/remotes/*.git)" cat-file -t "$(sha c40 "$tmp/older")")" commit
x watch add away --repo "git://127.0.0.1:1/x" --branch main
until_watch away '.trouble != ""'
ok $? "nobody there: trouble"
x list
is "the daemon does not care" "$status" 0
finish
