#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with network boot: a controller that is killed in reset or workload. The next one
# finds the machine and brings it back.
# shellcheck source=tests/program/lib/lab-kill.sh
. "$(dirname "$0")/lib/lab-kill.sh"

off
touch stall
begin ok "$net" reset
end
away
ok $? "net: killed in reset, the machine is off"
killed "net, killed in reset" "$net"
begin workhang "$net,\"silence_s\":\"60\"" workload
end
killed "net, killed in the workload" "$net"
echo "1..$n"
