# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by fake-builder and fake-host: the worker's side of the protocol, with as
# few processes as can be. Jobs are read by patterns, which is enough for those
# that xbisectd writes.
kind='' id='' log='' delay=0 hang_while='' die_once='' orphan='' err=/dev/null
LC_ALL=C

option() { # option NAME VALUE
	case $1 in
	--log) log=$2 ;;
	--delay) delay=$2 ;;
	--hang-while) hang_while=$2 ;;
	--die-once) die_once=$2 ;;
	--orphan) orphan=$2 ;;
	*) echo "fake: no option $1" >&2 && exit 2 ;;
	esac
}

# Sets $job, $kind, $id.
read_job() {
	IFS= read -r -d '' job
	text kind id
	[[ $job =~ \"protocol\":\ ?1 ]] || exit 2
}

text() { # text NAME...: each a variable with the job's string member
	local name
	for name; do
		declare -g "$name="
		[[ $job =~ \"$name\":\ ?\"([^\"]*)\" ]] && declare -g "$name=${BASH_REMATCH[1]}"
	done
}

number() { # number NAME: $value
	[[ $job =~ \"$1\":\ ?([0-9]+) ]] && value=${BASH_REMATCH[1]}
}

list() { # list NAME: $items, strings
	local text pattern="\"$1\": ?\[([^]]*)\]"
	items=()
	[[ $job =~ $pattern ]] || return 0
	text=${BASH_REMATCH[1]}
	while [[ $text =~ \"([^\"]*)\" ]]; do
		items+=("${BASH_REMATCH[1]}")
		text=${text#*"\"${BASH_REMATCH[1]}\""}
	done
}

phase() {
	echo "{\"event\":\"phase\",\"phase\":\"$1\"}"
}

finish() { # finish OUTCOME [DETAIL]
	local text=${2-}
	text=${text//\\/\\\\}
	text=${text//\"/\\\"}
	text=${text//$'\n'/\\n}
	text=${text//$'\t'/ }
	text=${text//$'\x1b'/\\u001b}
	text=${text//$'\a'/\\u0007}
	echo "{\"event\":\"done\",\"outcome\":\"$1\",\"detail\":\"$text\"}"
	[ "$kind" = fingerprint ] || log end
	exit 0
}

# A child that has a process group of its own and not the run's lock, for $1 seconds.
leave_orphan() {
	set -m
	sleep "$1" 3>&- >/dev/null 2>&1 </dev/null &
	set +m
}

hang_or_die() {
	[ -z "$orphan" ] || leave_orphan "$orphan"
	while [ -n "$hang_while" ] && [ -e "$hang_while" ]; do
		sleep 0.05
	done
	if [ -n "$die_once" ] && rm "$die_once" 2>/dev/null; then
		kill -9 $$
	fi
}

long_text() { # 100,000 bytes
	printf '%0100000d' 7
}

misbehave_as_any() { # misbehave_as_any WORD REST
	case $1 in
	hang) sleep 10000 ;;
	slow) sleep "$2" ;;
	garbage) echo "make: *** this is not JSON {{{" && exit 0 ;;
	binary) head -c 20000 /dev/urandom && exit 0 ;;
	endless) yes "{\"event\":\"x\",\"y\":\"$(long_text | head -c 1000)\"}" ;;
	endless-stderr) yes "noise on the line" >&2 ;;
	long-line) echo "{\"event\":\"x\",\"y\":\"$(long_text)\"}" ;;
	half)
		echo '{"event":"sample","metric":"unmap","value":1.5,"unit":"s","iteration":0}'
		printf '{"event":"done","outco'
		exit 0
		;;
	nothing) printf 'I lost my way \033[31m\377\n' >&2 && exit 3 ;;
	kill) kill -9 $$ ;;
	esac
}
