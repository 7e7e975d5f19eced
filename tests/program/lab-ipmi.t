#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh: a BMC that speaks real IPMI, for the power switch and the console (serial over LAN).
# The machine is that of lab-net.t.
# shellcheck source=tests/program/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

for program in ipmi_sim ipmitool; do
	command -v $program >/dev/null || { echo "1..0 # SKIP no $program"; exit 0; }
done
cat >chassis <<CHASSIS
#!/bin/sh
while [ \$# -gt 0 ]; do
	case \$1:\$2 in
	get:power) [ "\$(cat $m/power)" = on ] && echo power:1 || echo power:0; shift 2 ;;
	set:power) [ "\$3" = 1 ] && echo on >$m/power || echo off >$m/power; shift 3 ;;
	set:*) shift 3 ;;
	*) shift 2 ;;
	esac
done
CHASSIS
chmod +x chassis
ipmi_port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(umask 077 && echo secret7 >password && cat >lan.conf <<LAN
name "lab1"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 $ipmi_port
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "$work/chassis"
  sol "tcp:127.0.0.1:$console_port" 115200
  user 2 true "lab" "secret7" admin 10 md5
LAN
)
printf '%s\n' 'mc_setbmc 0x20' 'mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr' \
	'sel_enable 0x20 1000 0x0a' 'mc_enable 0x20' >bmc.emu
mkdir -p bmc
ipmi_sim -n -c lan.conf -f bmc.emu -s bmc </dev/null >bmc.log 2>&1 &
pids+=($!)
sleep 1
ipmi='"power":"ipmi","power_deadline_s":"20","ipmi_address":"127.0.0.1","ipmi_port":"'$ipmi_port'","ipmi_user":"lab","ipmi_cipher":"3","ipmi_password_file":"'$work/password'"'
off
way ok "$ipmi" recover
has '"outcome":"ok"' "a BMC starts a machine that is off"
way ok "$ipmi,\"console\":\"ipmi\""
has '"outcome":"ok"' "a kernel is measured over the BMC: power and serial over LAN"
grep -aq 'xbisect boot' console
ok $? "its console is kept"
# Somebody's session is left behind on the line, which has room for one.
mkfifo hold
exec 7<>hold
ipmitool -I lanplus -H 127.0.0.1 -p "$ipmi_port" -U lab -f password -C 3 sol activate <&7 >/dev/null 2>&1 &
pids+=($!)
sleep 2
way ok "$ipmi,\"console\":\"ipmi\""
has '"outcome":"ok"' "a session that was left on the line is ended first"
! grep -rq secret7 lab.log out.jsonl err
ok $? "the password is in no log"
off
echo wrong >password
way ok "$ipmi,$soon" recover
has '"outcome":"host-trouble".*power_' "a wrong password is host-trouble"
chmod 644 password
way ok "$ipmi" check
has '"operation":"settings","ok":false.*password' "a password that others can read is refused"
echo "1..$n"
