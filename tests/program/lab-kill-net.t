#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# driver=ssh with network boot: a controller that is killed between power off and on. The next one
# finds the machine and brings it back.
# shellcheck source=tests/program/lib/lab-kill.sh
. "$(dirname "$0")/lib/lab-kill.sh"

cancel hang "$net" net
killed net "$net"
cancel hang "$net" "net, once more"
run ok "$net"
has '"outcome":"ok"' "net: the next job finds it switched off, and measures"
echo "1..$n"
