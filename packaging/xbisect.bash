# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for xbisect, xbisectd, xbisect-web          -*- shell-script -*-

# Ids of jobs, optionally of those in one state; nothing without a daemon.
_xbisect_ids()
{
	local state=${1:+--state $1}
	# shellcheck disable=SC2086 # two words
	xbisect list $state 2>/dev/null | awk '$1 ~ /^[0-9]+$/ { print $1 }'
}

_xbisect_hosts()
{
	xbisect hosts 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# Of `alerts --json`, when there is jq.
_xbisect_alerts()
{
	xbisect alerts --json 2>/dev/null | jq -r "$1" 2>/dev/null
}

# Options of a command, from its help.
_xbisect_options()
{
	xbisect "$1" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u
}

# Files, as the rest of a word that begins with PREFIX.
_xbisect_files() # CUR [PREFIX]
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -P "${2-}" -f -- "$1")
}

# Branches and tags; after "GOOD..", of BAD.
_xbisect_revisions()
{
	local cur=$1 prefix=
	if [[ $cur == *..* ]]; then
		prefix=${cur%%..*}..
		cur=${cur#*..}
	fi
	git for-each-ref --format='%(refname:short)' 2>/dev/null |
		awk -v p="$prefix" -v c="$cur" 'index($0, c) == 1 { print p $0 }'
}

_xbisect()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command="" i
	local commands="bisect ab compare measure list show report log cancel retry hosts alerts watch simulate"

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket) ((i++)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands --socket --json --help --version" -- "$cur")
		return
	fi
	# "image:FILE:DIR" and compare's "--patch 2:FILE": a colon is a word of its own (and the one to
	# complete where nothing follows it yet), unless COMP_WORDBREAKS has none.
	if [[ $command == @(ab|compare|measure) ]]; then
		if [[ $cur == : || $prev == : ]]; then
			_xbisect_files "${cur#:}"
			return
		elif [[ $cur == @(image|[0-9]*):* ]]; then
			_xbisect_files "${cur##*:}" "${cur%:*}:"
			return
		fi
	fi
	case $prev in
	--repo | -r)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--kconfig | -k | --images | --patch | --base-patch | --test-patch | --base-kconfig | --test-kconfig | --variant-kconfig | --socket)
		_xbisect_files "$cur"
		return
		;;
	--range)
		mapfile -t COMPREPLY < <(_xbisect_revisions "$cur")
		return
		;;
	--culprit)
		mapfile -t COMPREPLY < <(compgen -W "none" -- "$cur")
		return
		;;
	--host | -H)
		mapfile -t COMPREPLY < <(compgen -W "$(_xbisect_hosts)" -- "$cur")
		return
		;;
	--state | -s)
		mapfile -t COMPREPLY < <(compgen -W "queued running done failed cancelled" -- "$cur")
		return
		;;
	--format | -f)
		if [[ $command == report ]]; then
			mapfile -t COMPREPLY < <(compgen -W "text markdown json mbox" -- "$cur")
			return
		fi
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_xbisect_options "$command")" -- "$cur")
		return
	fi
	case $command in
	show | report | log | retry)
		mapfile -t COMPREPLY < <(compgen -W "$(_xbisect_ids)" -- "$cur")
		;;
	cancel)
		mapfile -t COMPREPLY < <(compgen -W "$(_xbisect_ids queued) $(_xbisect_ids running)" -- "$cur")
		;;
	hosts)
		if [[ $prev == hosts ]]; then
			mapfile -t COMPREPLY < <(compgen -W "list show check online offline drain undrain note relearn" -- "$cur")
		elif [[ $prev != list && ${COMP_WORDS[COMP_CWORD - 2]} == hosts ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_xbisect_hosts)" -- "$cur")
		fi
		;;
	watch)
		if [[ $prev == watch ]]; then
			mapfile -t COMPREPLY < <(compgen -W "list add show look backfill remove" -- "$cur")
		elif [[ $prev == show || $prev == look || $prev == backfill || $prev == remove ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(xbisect watch --json 2>/dev/null |
				jq -r '.watches[].name' 2>/dev/null)" -- "$cur")
		fi
		;;
	alerts)
		[[ $prev != alerts ]] ||
			mapfile -t COMPREPLY < <(compgen -W "list test ack snooze" -- "$cur")
		case $prev in
		ack | snooze)
			mapfile -t COMPREPLY < <(compgen -W "$(_xbisect_alerts '.alerts[].id')" -- "$cur")
			;;
		test)
			mapfile -t COMPREPLY < <(compgen -W "$(_xbisect_alerts '.targets[].name')" -- "$cur")
			;;
		esac
		;;
	bisect)
		mapfile -t COMPREPLY < <(_xbisect_revisions "$cur")
		;;
	ab | compare | measure)
		mapfile -t COMPREPLY < <(
			_xbisect_revisions "$cur"
			compgen -W image: -- "$cur"
		)
		[[ ${COMPREPLY[*]} != image: ]] || compopt -o nospace 2>/dev/null
		;;
	esac
}

_xbisectd()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	if [[ $prev == --config || $prev == -c ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -W "--config --check --version --help" -- "$cur")
	fi
}

_xbisect_web()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	if [[ $prev == --config || $prev == -c ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -W "--config --listen --new-token --version --help" -- "$cur")
	fi
}

complete -o filenames -F _xbisectd xbisectd
complete -o filenames -F _xbisect_web xbisect-web
complete -F _xbisect xbisect
