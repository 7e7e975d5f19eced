#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh: a machine that is not fit to be measured, although its kernel is up: other domains,
# the governor, no calm, a console logging storm, a command of the user's.
# shellcheck source=tests/program/lib/lab-grub.sh
. "$(dirname "$0")/lib/lab-grub.sh"

# ---- other domains ---------------------------------------------------------------------
cat >"$m/bin/xl" <<XL
#!/bin/sh
echo "\$*" >>$work/xl.log
case \$1 in
list) echo "Name ID Mem VCPUs State Time(s)"; echo "Domain-0 0 512 1 r----- 1.0"; cat $work/domains ;;
shutdown) [ -e $work/deaf ] && exit 1; : >$work/domains ;;
destroy) : >$work/domains ;;
esac
XL
chmod +x "$m/bin/xl"
echo "victim 3 512 1 -b---- 1.0" >domains
grub_run ok
has '"outcome":"host-trouble".*other domains run: victim' "another domain is refused, by name"
! grep -q '"event":"sample"' out.jsonl
ok $? "and nothing is measured"
grub_run ok '"domains":"stop"'
has '"outcome":"ok"' "domains=stop: it is shut down, then measured"
grep -qx 'shutdown -w victim' xl.log && ! grep -q destroy xl.log
ok $? "in order, and nothing is destroyed"
echo "victim 4 512 1 -b---- 1.0" >domains
touch deaf
grub_run ok '"domains":"stop"'
has '"outcome":"ok"' "one that does not shut down"
grep -qx 'destroy victim' xl.log
ok $? "is destroyed"
echo "victim 5 512 1 -b---- 1.0" >domains
grub_run ok '"domains":"ignore"'
has '"outcome":"ok"' "domains=ignore: they stay"
[ -s domains ]
ok $? "as they are"
: >domains

# ---- the governor -----------------------------------------------------------------------
cat >"$m/bin/xenpm" <<XENPM
#!/bin/sh
case \$1 in
get-cpufreq-para) echo "current_governor     : \$(cat $work/governor)" ;;
set-scaling-governor) [ -e $work/stuck ] || echo "\$2" >$work/governor ;;
esac
XENPM
chmod +x "$m/bin/xenpm"
echo ondemand >governor
grub_run ok '"governor":"performance"'
has '"outcome":"ok"' "the governor is set"
[ "$(cat governor)" = performance ]
ok $? "to what was asked for"
echo ondemand >governor
touch stuck
grub_run ok '"governor":"performance"'
has '"outcome":"host-trouble".*the governor is ondemand, not performance' "one that can't be set is host-trouble"

# ---- calm -----------------------------------------------------------------------------------
(
	n=0
	while [ ! -e calm ]; do
		n=$((n + 100))
		echo "cpu $n 0 0 0 0 0 0 0 0 0" >"$m/stat.new"
		mv "$m/stat.new" "$m/stat"
		sleep 0.1
	done
) &
busy=$!
grub_run ok '"settle_deadline_s":"4"'
has '"outcome":"host-trouble".*not idle for 1 s in 4 s' "a machine that does not calm down is host-trouble"
touch calm
wait $busy
echo 'cpu 0 0 0 0 0 0 0 0 0 0' >"$m/stat"
grub_run storm '"settle_console_rate":"200"'
has '"outcome":"host-trouble".*the console gets [0-9]* bytes a second' "and so is a storm on its console"

# ---- a command -------------------------------------------------------------------------------
grub_run ok '"settle_command":"exit 3"'
has '"outcome":"host-trouble".*settle_command failed' "a command that fails is host-trouble"
grub_run ok '"settle_command":"echo there >'"$work"'/settled"'
has '"outcome":"ok"' "one that does not is run"
grep -q there settled
ok $? "on the machine"
clean "and after all that the machine boots its known-good system"
echo "1..$n"
