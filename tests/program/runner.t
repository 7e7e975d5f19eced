#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xbisect-run against hosts that misbehave: an emulator and commands that
# panic, hang, tear, lie and vanish. Nothing is booted here; see boot.t.
set -u
bin=$(cd "${XB_BIN:-build/bin}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C

n=0
ok()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' out.jsonl | tail -n 12
	fi
}
# has PATTERN NAME / lacks PATTERN NAME: in the events of the last run.
has()
{
	grep -q -e "$1" out.jsonl
	ok $? "$2"
}
lacks()
{
	! grep -q -e "$1" out.jsonl
	ok $? "$2"
}

# ---- the emulator that does as FAKE says -------------------------------------
cat >fake-qemu <<'FAKE'
#!/bin/bash
[ "${1:-}" = --version ] && { echo "QEMU emulator version 0 (fake)"; exit 0; }
for word in "$@"; do
	case $word in file,id=console,path=*) console=${word#*path=} ;; esac
done
exec >>"$console"
sequence=0
frame() # TEXT [WRONG-CRC]
{
	local crc
	crc=$(printf '%s %s' "$sequence" "$1" | gzip -c | tail -c 8 | od -An -tx4 -N4 | tr -d ' ')
	printf '@XB1 %s %s %s %s\r\n' "$sequence" "${#1}" "${2:-$crc}" "$1"
	sequence=$((sequence + 1))
}
banner() { echo "(XEN) Xen version 4.17.7 (Debian)"; }
up() { banner; echo "(XEN) Freed 656kB init memory"; frame "hello 0.1.0"; frame start; }
samples() { frame "out map 0.0126 s"; frame "out unmap 0.0225 s"; frame "out map 0.0127 s"; frame "out unmap 0.0224 s"; }
finish() { frame "end ${1:-0}"; frame off; sleep 30; }
echo $$ >"${PIDFILE:-/dev/null}"
case ${FAKE:-ok} in
ok) up; echo "words of the program"; frame "out not a sample"; samples; finish ;;
panic) banner; echo "BUG: unable to handle page fault for address: ffff8880"; echo "RIP: e030:zap_pte_range+0x1/0x2"
	echo "Kernel panic - not syncing: Attempted to kill init!"; sleep 30 ;;
crash) banner; echo "(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds."; sleep 30 ;;
hang) banner; echo "[    0.1] the last words"; sleep 30 ;;
dark) sleep 30 ;;
reset) banner; banner; sleep 30 ;;
torn) up; samples; frame "out unmap 0.0001 s" 00000000; finish ;;
cut) up; printf '@XB1 2 17 12(XEN) a line of Xen in between\n'; sleep 30 ;;
missing) up; sequence=5; samples; finish ;;
off) banner; exit 0 ;;
offlate) up; exit 0 ;;
exit) banner; echo "qemu: cannot set up guest memory: Cannot allocate memory" >&2; exit 1 ;;
killed) banner; kill -9 $$ ;;
status) up; echo "xbisect-dom0: an HVM target domain can't be created: Invalid argument"; finish 9 ;;
nosample) up; frame "out map 0.0126 s"; finish ;;
late) up; samples; echo "Kernel panic - not syncing: Fatal exception"; sleep 30 ;;
endless) banner; yes "spinning in a loop of messages" ;;
notstarted) banner; frame "hello 0.1.0"; frame "fail /workload names no program"; frame off; sleep 30 ;;
binary) banner; head -c 300000 /dev/urandom; sleep 30 ;;
args) up; printf '%s\n' "$@" >"$ARGS"; samples; finish ;;
esac
FAKE
chmod +x fake-qemu
printf '\177ELF, or so it says' >xen
echo kernel >bzImage
echo elf >vmlinux.elf

# job HOST-MEMBERS WORKLOAD-MEMBERS JOB-MEMBERS [KIND]
job()
{
	printf '{"protocol":1,"kind":"%s","id":"r1","boot":0,"artifact":{"dir":"%s","kernel":"bzImage","vmlinux":"vmlinux.elf","variant":"v","commit":"0123456789012345678901234567890123456789"},"host":{"name":"h","driver":"qemu","xen":"%s/xen","qemu":"%s/fake-qemu","sandbox":"none"%s},"workload":{"name":"map-unmap","metrics":"unmap:s:lower;map:s:lower","iterations":"2","warmup":"0"%s}%s}' \
		"${4:-run}" "$work" "$work" "$work" "${1:+,$1}" "${2:+,$2}" "${3:+,$3}"
}
# alive PID: zombies that nobody reaped yet are not.
alive()
{
	kill -0 "$1" 2>/dev/null && ! grep -q '^State:.*Z' "/proc/$1/status"
}
run() # FAKE [job arguments]
{
	local fake=$1
	shift
	started=$(date +%s%N)
	job "$@" | FAKE=$fake "$bin/xbisect-run" >out.jsonl 2>err
	took_ms=$((($(date +%s%N) - started) / 1000000))
}

run ok
has '"event":"done","outcome":"ok"' "a good boot is ok"
[ "$(grep -c '"event":"sample"' out.jsonl)" = 4 ]
ok $? "every sample arrives, other lines are no samples"
has '"metric":"unmap","value":0.0224,"unit":"s","iteration":1' "samples carry value, unit and iteration"
[ "$(grep -o '"phase":"[a-z0-9-]*"' out.jsonl | tr -d '\n')" = '"phase":"prepare""phase":"boot""phase":"dom0""phase":"workload""phase":"power-off"' ]
ok $? "phases come in order"
[ "$took_ms" -lt 5000 ] && [ -z "$(ls -d input.* 2>/dev/null)" ]
ok $? "the emulator is not waited for after the last frame, inputs are removed"

run panic
has '"outcome":"boot-failed".*Attempted to kill init' "a panic is boot-failed with its line"
has 'zap_pte_range' "and the lines before it"
[ "$took_ms" -lt 5000 ]
ok $? "found in seconds ($took_ms ms)"
run crash
has '"outcome":"boot-failed".*Hardware Dom0 crashed' "Xen's report of a crash is boot-failed"
run reset
has '"outcome":"boot-failed".*second time' "a second banner is boot-failed"
run hang '"silence_s":"1"'
has '"outcome":"boot-failed".*nothing on the console for 1 s.*the last words' "silence is boot-failed with the last line"
run dark '"silence_s":"1s"'
has '"outcome":"boot-failed".*console is empty' "a dark console is boot-failed"
run off
has '"outcome":"boot-failed".*before dom0 was up' "switching off early is boot-failed"
run offlate
has '"outcome":"workload-failed"' "switching off in the workload is workload-failed"
run notstarted
has '"outcome":"workload-failed".*names no program' "a workload that can't be started is workload-failed"

run torn
has '"outcome":"workload-failed".*torn' "a frame with a wrong checksum is workload-failed"
lacks '0\.0001' "and never a number"
run cut
has '"outcome":"workload-failed".*torn' "a frame with a line of Xen in it is workload-failed"
run missing
has '"outcome":"workload-failed".*missing' "a missing frame is workload-failed"
run status
has '"outcome":"workload-failed".*status 9.*HVM target domain' "the workload's own failure is told"
run nosample
has '"outcome":"workload-failed".*no sample of unmap' "a declared metric must come"
run late
has '"outcome":"workload-failed".*Fatal exception' "a panic in the workload is workload-failed"
run binary '"silence_s":"1"'
has '"outcome":"boot-failed"' "binary noise is boot-failed"
run endless
has '"outcome":"boot-failed".*endless' "endless output is boot-failed"
[ "$(stat -c %s console)" -lt 17000000 ] && grep -aq 'cut here' console
ok $? "its console is kept to head and tail"

run exit
has '"outcome":"host-trouble".*Cannot allocate memory' "an emulator that fails is host-trouble with its message"
run killed
has '"outcome":"host-trouble".*signal 9' "an emulator that is killed is host-trouble"
run ok '"qemu":"/nowhere/qemu"'
has '"outcome":"host-trouble"' "a member given twice is refused"
job | sed 's|"qemu":"[^"]*"|"qemu":"/nowhere/qemu"|' | "$bin/xbisect-run" >out.jsonl
has '"outcome":"host-trouble".*/nowhere/qemu is not there' "a missing emulator is host-trouble"
job | sed "s|\"xen\":\"[^\"]*\"|\"xen\":\"$work/bzImage\"|" | "$bin/xbisect-run" >out.jsonl
has '"outcome":"host-trouble".*no Xen image' "a Xen that is none is host-trouble"
run hang '' '' '"deadline_s":1'
has '"outcome":"boot-failed".*not finished after 1 s' "the deadline ends it"

for signal in TERM HUP; do
	job >job.json
	PIDFILE=$work/pid FAKE=hang "$bin/xbisect-run" <job.json >out.jsonl &
	runner=$!
	for _ in $(seq 100); do
		grep -q '"phase":"boot"' out.jsonl && break
		sleep 0.1
	done
	kill -$signal $runner
	wait $runner
	has '"outcome":"host-trouble","detail":"ended on request"' "ended by a signal is host-trouble"
	! alive "$(cat pid)"
	ok $? "and no emulator is left"
done
job >job.json
PIDFILE=$work/pid FAKE=hang "$bin/xbisect-run" <job.json >out.jsonl &
runner=$!
for _ in $(seq 100); do
	grep -q '"phase":"boot"' out.jsonl && break
	sleep 0.1
done
kill -KILL $runner
wait $runner 2>/dev/null
sleep 0.3
! alive "$(cat pid)"
ok $? "a killed runner leaves no emulator either"

# ---- arguments -----------------------------------------------------------------
export ARGS=$work/args
run args '"kernel_args":"a=1,2","xen_args":"loglvl=all","memory":"3G","dom0_mem":"640M","smp":"2","cpu":"Nehalem"'
grep -qx 'kernel console=hvc0 .*nokaslr a=1,,2,initramfs' args && grep -q 'dom0_mem=640M .* loglvl=all' args &&
	grep -qx 3G args && grep -qx Nehalem args && grep -qx 2 args && grep -qx 'shift=0,sleep=off' args
ok $? "settings reach the emulator, commas are doubled"
run args '"icount":"no"'
! grep -q shift=0 args
ok $? "icount=no gives free-running time"
for bad in '"icount":"maybe"' '"memory":"lots"' '"smp":"0"' '"kernel":"zImage"' '"silence_s":"soon"'; do
	run ok "$bad"
	has '"outcome":"host-trouble"' "refused: $bad"
done
run ok '' '"program":"/bin/ls"'
has '"outcome":"host-trouble".*-static' "a dynamic program as workload is refused"
run ok '' '"args":"--domid {domid}"'
has '"outcome":"host-trouble".*no parameter {domid}' "an unknown parameter in args is refused"

# ---- a profile -----------------------------------------------------------------
# The emulator's plugin, played by the fake: its file is read when the boot is over.
profile() # MODE FAKE-LINES
{
	sed "s|^args) .*|args) printf '%s\\\\n' \"\$@\" >\"\$ARGS\"; printf '$2' >profile.raw; up; samples; finish ;;|" fake-qemu >profile-qemu
	chmod +x profile-qemu
	job '' '' "\"profile\":\"$1\"" | sed 's|fake-qemu|profile-qemu|' | FAKE=args "$bin/xbisect-run" >out.jsonl 2>err
}
profile stacks 'xbisect-profile 1 stacks\\nphase 3 2\\nnode 2 0 ffffffff81000000\\nself 2 3 40\\nnode 3 2 ffff82d040200000\\nself 3 3 60\\nend\\n'
grep -q '^./profile.so,mode=stacks,functions=functions,out=profile.raw$' args
ok $? "a profiling boot loads the plugin"
has '"event":"profile".*"phase":"unmap","file":"profile-unmap.folded","entries":2,"instructions":100,"xen":60,"kernel":40' "an event has the shares of each phase"
has '"event":"done","outcome":"ok"' "and the boot is ok"
[ "$(cat profile-unmap.folded)" = "$(printf 'dom0_[k];xen_[x] 60\ndom0_[k] 40')" ]
ok $? "a file has the folded stacks"
profile flat 'xbisect-profile 1 flat\\nphase 3 2\\nblock 12'
has '"outcome":"workload-failed".*no profile.*damaged at line 3' "a profile that was cut is told"
run ok '' '' '"profile":"deep"'
has '"outcome":"host-trouble".*profile=deep is not no or flat or stacks' "refused: a mode that is none"

# ---- fingerprint ---------------------------------------------------------------
fingerprint()
{
	job "${1:-}" "${2:-}" "${3:-}" fingerprint | "$bin/xbisect-run" >out.jsonl
	grep -o '"host":"[0-9a-f]*","workload":"[0-9a-f]*"' out.jsonl
}
first=$(fingerprint)
has '"outcome":"ok"' "a fingerprint needs no boot"
run ok
[ -n "$first" ] && grep -qF "$first" out.jsonl
ok $? "a run has the same"
[ "$first" = "$(fingerprint '' '' '"perturb":3')" ]
ok $? "the layout perturbation is not in it"
[ "$first" != "$(fingerprint '' '' '"profile":"flat"')" ]
ok $? "a profile is"
[ "${first#*workload}" != "$(fingerprint '' '"params":{"batch":"512"}' | sed 's/.*workload//')" ]
ok $? "parameters are"
[ "${first%,*}" != "$(fingerprint '"xen_args":"x"' | sed 's/,.*//')" ]
ok $? "arguments of the hypervisor are"
[ "$first" = "$(fingerprint '' '"params":{"target":"auto"}')" ]
ok $? "the target kind is resolved"

# ---- in the sandbox ------------------------------------------------------------
if bwrap --unshare-all --ro-bind / / true 2>/dev/null; then
	sed 's/^case .*FAKE.*/FAKE=sandbox\n&/' fake-qemu >boxed-qemu
	sed -i 's/^dark)/sandbox) up; [ -w \/in\/kernel ] || [ -e \/home ] || [ -e \/etc\/passwd ] || [ -n "$(cat \/in\/kernel)" ] \&\& samples; finish ;;\n&/' boxed-qemu
	chmod +x boxed-qemu
	job | sed 's|fake-qemu|boxed-qemu|; s|"sandbox":"none"|"sandbox":"bwrap"|' | "$bin/xbisect-run" >out.jsonl
	has '"outcome":"ok"' "the emulator runs in the sandbox"
else
	ok 0 "the emulator runs in the sandbox # SKIP bwrap does not work here"
fi

# ---- driver=command ------------------------------------------------------------
command_job() # SHELL-COMMAND [JOB-MEMBERS] [KIND]
{
	printf '#!/bin/bash\n%s\n' "$1" >host-command
	chmod +x host-command
	printf '{"protocol":1,"kind":"'"${3:-run}"'","artifact":{"dir":"/","kernel":"k"},"host":{"driver":"command","command":"%s/host-command one '"'two words'"'"},"workload":{"name":"w"}%s}' "$work" "${2:+,$2}" >job.json
	started=$(date +%s%N)
	"$bin/xbisect-run" <job.json >out.jsonl 2>err
	took_ms=$((($(date +%s%N) - started) / 1000000))
}
command_job 'cat >job.copy; echo "{\"event\":\"sample\",\"metric\":\"unmap\",\"value\":1.5,\"unit\":\"s\",\"iteration\":0}"; echo "{\"event\":\"news\"}"; echo "{\"event\":\"done\",\"outcome\":\"boot-failed\",\"detail\":\"no luck: $# $2\"}"'
has '"outcome":"boot-failed","detail":"no luck: 2 two words"' "a command's outcome is passed on, its words are split"
has '"event":"sample","metric":"unmap","value":1.5' "its samples are passed on"
has '"event":"news"' "and what we do not know"
grep -q '"kind": *"run"' job.copy
ok $? "it gets the job on stdin"
command_job 'k=$(jq -r .kind); echo "{\"event\":\"check\",\"operation\":\"lamp\",\"ok\":true,\"detail\":\"$k\"}"; echo "{\"event\":\"done\",\"outcome\":\"ok\"}"' '' check
has '"operation": *"lamp","ok":true,"detail":"check"' "it is asked to check, and its steps are passed on"
has '"operation": *"settings","ok":true' "after ours"
command_job 'echo "{\"event\":\"done\",\"outcome\":\"host-trouble\",\"detail\":\"$(jq -r .kind)\"}"' '' recover
has '"outcome":"host-trouble","detail":"recover"' "and to bring the host back"
command_job 'echo "{\"event\":\"phase\",\"phase\":\"boot\"}"; exit 3'
has '"outcome":"host-trouble".*without .*exit status 3' "a stream without done is host-trouble"
command_job 'echo hello'
has '"outcome":"host-trouble".*not the protocol' "garbage is host-trouble"
command_job 'head -c 200000 /dev/urandom; sleep 30'
has '"outcome":"host-trouble"' "binary output is host-trouble"
command_job 'tr "\0" x </dev/zero'
has '"outcome":"host-trouble"' "an endless line is host-trouble"
command_job 'yes "{\"event\":\"n\",\"text\":\"$(head -c 60000 /dev/zero | tr "\0" x)\"}"'
has '"outcome":"host-trouble".*endless' "endless events are host-trouble"
command_job 'printf "{\"event\":\"done\",\"outc"'
has '"outcome":"host-trouble"' "half a line is host-trouble"
command_job 'echo "{\"event\":\"done\",\"outcome\":\"splendid\"}"'
has '"outcome":"host-trouble"' "an unknown outcome is host-trouble"
command_job 'echo "{\"event\":\"sample\",\"metric\":\"unmap\",\"value\":\"fast\"}"; echo "{\"event\":\"done\",\"outcome\":\"ok\"}"'
has '"outcome":"host-trouble"' "a sample without a number is host-trouble"
command_job 'echo "{\"event\":\"done\",\"outcome\":\"ok\"}"; echo more; sleep 30'
has '"outcome":"host-trouble"' "output after done is host-trouble"
command_job 'sleep 30 & echo $! >pid; sleep 30' '"deadline_s":1'
has '"outcome":"host-trouble".*not finished after 1 s' "its deadline is host-trouble"
! alive "$(cat pid)"
ok $? "and its whole group is ended"
command_job 'echo "{\"event\":\"done\",\"outcome\":\"ok\"}"; (sleep 30) & exit 0'
has '"outcome":"ok"' "a child that keeps the output open is not waited for"
[ "$took_ms" -lt 8000 ]
ok $? "for long ($took_ms ms)"

# ---- driver=null ---------------------------------------------------------------
printf 'aaaa 0.04\nbbbb boot-failed panics\n* 0.02\n' >table
null_job() # COMMIT BOOT
{
	printf '{"protocol":1,"kind":"run","boot":%s,"artifact":{"commit":"%s"},"host":{"driver":"null","table":"%s/table","sd":"0.001"},"workload":{"name":"w","metrics":"unmap:s:lower;map:s:lower"}}' "$2" "$1" "$work" | "$bin/xbisect-run" >out.jsonl
}
null_job aaaa11 0
has '"metric":"unmap","value":0\.0[34]' "the table gives a commit's level"
sed 's/,"t":.*//' out.jsonl >first
null_job aaaa11 0
sed 's/,"t":.*//' out.jsonl | cmp -s - first
ok $? "one seed gives the same samples"
null_job aaaa11 1
! sed 's/,"t":.*//' out.jsonl | cmp -s - first
ok $? "another boot gives others"
null_job bbbb22 0
has '"outcome":"boot-failed","detail":"panics"' "the table gives an outcome"

# ---- bad jobs ------------------------------------------------------------------
for bad in '' 'hello' '{}' '{"protocol":2,"kind":"run"}' '{"protocol":1,"kind":"dance","host":{},"workload":{}}' \
	'{"protocol":1,"kind":"run","host":{"driver":"boat"},"workload":{},"artifact":{}}' \
	'{"protocol":1,"kind":"run","host":[],"workload":{},"artifact":{}}' \
	'{"protocol":1,"kind":"run","host":{},"workload":{}}'; do
	printf '%s' "$bad" | "$bin/xbisect-run" >out.jsonl 2>err
	status=$?
	has '"event":"done","outcome":"host-trouble"' "a bad job is answered: $bad"
	[ $status -eq 1 ]
	ok $? "with exit status 1"
done
"$bin/xbisect-run" </dev/null >out.jsonl 2>err
has 'nothing to read: a JSON object is expected' "an empty job is told in plain words"
"$bin/xbisect-run" --help | grep -q 'driver' && "$bin/xbisect-run" --version | grep -q xbisect-run
ok $? "--help and --version"
! "$bin/xbisect-run" --fast 2>err && grep -q "unexpected" err
ok $? "an unknown option is refused"

# ---- xbisect-dom0 by hand ------------------------------------------------------
dom0=$bin/xbisect-dom0
"$dom0" >/dev/null 2>&1
[ $? -eq 1 ]
ok $? "xbisect-dom0 without arguments: usage, status 1"
ln -s "$dom0" xfm_scale
./xfm_scale 1 >/dev/null 2>&1
[ $? -eq 1 ]
ok $? "the original's usage error is 1"
./xfm_scale one 1024 2>/dev/null
[ $? -eq 2 ]
ok $? "its number error is 2"
for bad in "one 1024" "1x 1024" "1 many" "mapunmap 1024"; do
	# shellcheck disable=SC2086 # two words
	"$dom0" $bad 2>err
	[ $? -eq 2 ] && grep -q "bad domain or batch size" err
	ok $? "so it is with two arguments under our own name: $bad"
done
for bad in one "one 1024 7" "--one 1024" "-1 1024"; do
	# shellcheck disable=SC2086
	"$dom0" $bad 2>err
	[ $? -eq 1 ]
	ok $? "and usage with others: $bad"
done
if [ ! -e /dev/xen/privcmd ] && [ ! -e /proc/xen/privcmd ]; then
	"$dom0" 1 1024 2>/dev/null
	[ $? -eq 3 ]
	ok $? "outside of dom0 it is 3"
fi
"$dom0" map-unmap --batch 0 2>/dev/null
[ $? -eq 2 ]
ok $? "map-unmap checks its numbers"
"$dom0" map-unmap --frobnicate 2>/dev/null
[ $? -eq 1 ]
ok $? "and its options"
echo "1..$n"
