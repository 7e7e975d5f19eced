#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xbisect-build with a tiny tree that answers like a kernel's makefiles, in the
# real sandbox.
set -u
bin=$(realpath "${XB_BIN:-build/bin}")
build=$bin/xbisect-build
tmp=$(mktemp -d)
trap 'chmod -R u+rwX "$tmp" 2>/dev/null; rm -rf "$tmp"' EXIT
export HOME=$tmp GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.c
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.c
n=0

ok() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		[ -f "$tmp/events" ] && tail -n 5 "$tmp/events" | sed 's/^/# /'
	fi
}

check() { # NAME COMMAND...
	local name=$1
	shift
	"$@" >/dev/null 2>&1
	ok $? "$name"
}

# ---- a repository ------------------------------------------------------------
repo=$tmp/repo
mkdir -p "$repo"/{scripts/kconfig,kernel,include,arch/x86}
cd "$repo" || exit 1
git init -q .
cat >Makefile <<'MK'
# The few targets and outputs of a kernel's that the builder uses.
objs := $(patsubst %.c,$(O)/%.o,$(wildcard kernel/*.c))
.DELETE_ON_ERROR:
tinyconfig:
	@mkdir -p $(O)
	@echo 'CONFIG_BASE=y' >$(O)/.config
defconfig:
	@mkdir -p $(O)
	@printf 'CONFIG_BASE=y\nCONFIG_XEN=y\n' >$(O)/.config
olddefconfig:
	@grep -E '^(# )?CONFIG_(BASE|SMP|XEN)\b' $(O)/.config >$(O)/.config.new; mv $(O)/.config.new $(O)/.config
bzImage: $(O)/arch/x86/boot/bzImage
vmlinux: $(O)/vmlinux
$(O)/arch/x86/boot/bzImage: $(O)/vmlinux
	@mkdir -p $(@D)
	@cp $< $@
$(O)/vmlinux: $(objs)
	@echo '  LD      vmlinux'
	@gcc -nostdlib -static -Wl,--build-id=none -Wl,-e,a -o $@ $^
	@nm $@ >$(O)/System.map
$(O)/kernel/%.o: kernel/%.c include/x.h $(O)/.config
	@mkdir -p $(@D)
	@echo '  CC      kernel/$*.o'
	@gcc -Wp,-MMD,$(@D)/.$*.o.d -c -I$(CURDIR)/include -o $@ $(CURDIR)/$<
	@printf 'source_kernel/$*.o := $(CURDIR)/$<\ndeps_kernel/$*.o := $(CURDIR)/include/x.h\n' >$(@D)/.$*.o.cmd
MK
cat >scripts/kconfig/merge_config.sh <<'SH'
#!/bin/sh
# merge_config.sh -m -O DIR BASE FRAGMENTS...
shift 3
base=$1
shift
cat "$@" >>"$base"
SH
echo 'config SMP' >Kconfig
echo '#define VALUE 1' >include/x.h
printf '#include "x.h"\nint a(void)\n{\n\treturn VALUE;\n}\n' >kernel/a.c
printf 'int b(void)\n{\n\treturn 2;\n}\n' >kernel/b.c
commit() { git add -A && git commit -q -m "$1" && git rev-parse HEAD; }
cat >scripts/get_maintainer.pl <<'PL'
die unless "@ARGV[-2, -1]" eq "-- kernel/b.c" and $ENV{HOME} !~ /tmp/;
system("echo x >/src/planted; cat /root/.bashrc; ls /home");
print STDERR "a complaint to nobody\@example.org\n";
print "Ann <ann\@example.org> (maintainer:X)\nlist\@example.org (open list:X)\nno address (role)\n";
PL
first=$(commit first)
printf 'int b(void)\n{\n\treturn 3;\n}\n' >kernel/b.c
second=$(commit second)
printf 'int b(void)\n{\n\treturn oops;\n}\n' >kernel/b.c
broken=$(commit broken)

variant() { # NAME: the rest of stdin is appended to the Makefile of $first
	git checkout -q "$first"
	cat >>Makefile
	commit "$1"
	git checkout -q master 2>/dev/null || git checkout -q main
}
hanging=$(variant hanging <<'MK'
.PHONY: hang
$(O)/kernel/a.o: hang
hang:
	@echo half >$(O)/half.o
	@sleep 987654
MK
)
noisy=$(variant noisy <<'MK'
$(O)/vmlinux: | noise
noise:
	@yes 'a line of noise' | head -c 20000000
MK
)
leaving=$(variant leaving <<'MK'
$(O)/vmlinux: | leave
leave:
	@setsid sleep 987654 >/dev/null 2>&1 &
MK
)
hostile=$(variant hostile <<MK
\$(O)/vmlinux: | attack
attack:
	-@echo x >\$(CURDIR)/kernel/planted.c
	-@echo x >$tmp/planted
	-@cat $tmp/secret
	-@ls /home /root $tmp
	-@(exec 3<>/dev/tcp/127.0.0.1/1) 2>&1
	-@test -e /etc/passwd && echo passwd-is-here
	-@env
MK
)
linked=$(variant linked <<'MK'
.PHONY: swap
bzImage: swap
swap: $(O)/arch/x86/boot/bzImage
	@rm -f $(O)/System.map
	@ln -s /etc/passwd $(O)/System.map
MK
)
header=$(git checkout -q "$first" && echo '#define VALUE 7' >include/x.h && commit header)
git checkout -q "$second"
echo 'config XEN' >>Kconfig
newkconfig=$(commit newkconfig)
git checkout -q "$first"
git clone -q --bare . "$tmp/bare.git"
echo topsecret >"$tmp/secret"
echo CONFIG_SMP=y >"$tmp/smp.config"
echo '# CONFIG_SMP is not set' >"$tmp/off.config"
echo CONFIG_GONE=y >"$tmp/gone.config"

# ---- running it -----------------------------------------------------------------
job() { # OUT COMMIT [more members]
	printf '{"protocol":1,"kind":"build","id":"t","repo":"%s","commit":"%s","arch":"x86_64",' \
		"${REPO:-$repo}" "$2"
	printf '"kconfig":["%s"],"work_dir":"%s","out_dir":"%s","jobs":2,"deadline_s":60' \
		"${KCONFIG:-$tmp/smp.config}" "${SLOT:-$tmp/slot}" "$1"
	printf '%s}' "${3:-}"
}
run() { # NAME COMMIT [more members]: events in $tmp/events, output in $tmp/out/NAME
	out=$tmp/out/$1
	rm -rf "$out"
	job "$out" "$2" "${3:-}" | "$build" >"$tmp/events" 2>"$tmp/stderr"
}
event() { grep -q "$1" "$tmp/events"; }
done_is() { # OUTCOME [regular expression for the detail]
	tail -n 1 "$tmp/events" | grep -qE "\"event\":\"done\",\"outcome\":\"$1\",\"detail\":\".*${2:-}"
}
image() { grep -o '"image_sha256":"[0-9a-f]*"' "$tmp/events"; }
counter() { grep -o "\"name\":\"$1\",\"value\":[0-9]*" "$tmp/events" | grep -o '[0-9]*$'; }

check "--version" "$build" --version
check "--help shows a job" sh -c "'$build' --help | grep -q work_dir"
echo nonsense | "$build" >"$tmp/events"
done_is host-trouble
ok $? "a job that is no JSON is host-trouble"

echo '{"protocol":1,"kind":"fingerprint"}' | "$build" >"$tmp/events"
event '"event":"fingerprint".*"toolchain":"gcc [0-9]' && done_is ok
ok $? "fingerprint names the toolchain"

run first "$first"
done_is ok
ok $? "a cold build is ok"
[ "$(counter objects)" = 2 ]
ok $? "it compiled both files"
first_image=$(image)
check "the stripped image is an ELF file" sh -c "head -c 4 '$out/vmlinux.elf' | grep -q ELF"
check "all files are there" test -s "$out/bzImage" -a -s "$out/System.map" -a -s "$out/config" \
	-a -s "$out/build.log" -a -s "$out/manifest.json"
check "the configuration has the fragment" grep -qx CONFIG_SMP=y "$out/config"
printf '%s\n' Kconfig Makefile include/x.h kernel/a.c kernel/b.c \
	scripts/get_maintainer.pl scripts/kconfig/merge_config.sh | cmp -s - "$out/inputs.txt"
ok $? "inputs.txt lists what was read"
grep -q '^[1-9][0-9]* ' "$out/reach.txt" && ! grep -vqE '^[0-9]+ [^ ]' "$out/reach.txt"
ok $? "reach.txt says how many commands read it"
printf '%s\n' 'xbisect-objects 1' 'p kernel/a.c' 'p include/x.h' 'p kernel/b.c' 'o kernel/a.o 0' \
	'r 1 0' 'f a' 'o kernel/b.o 2' 'r 1 2' 'f b' | sort | cmp -s - <(sort "$out/objects.txt")
ok $? "objects.txt says which functions came from which file"
[ "$(sha256sum <"$out/vmlinux.elf" | cut -c1-64)" = "$(echo "$first_image" | cut -d'"' -f4)" ]
ok $? "image_sha256 is that of the stripped image"

run second "$second"
[ "$(counter objects)" = 1 ] && [ "$(counter files_changed)" = 1 ] && done_is ok
ok $? "the next commit compiles only what it changed"
! grep -q '^# config:' "$out/build.log" && grep -qx CONFIG_SMP=y "$out/config"
ok $? "and is not configured again, as no Kconfig file changed"
second_image=$(image)
[ "$second_image" != "$first_image" ]
ok $? "and has another image"
run again "$second"
[ "$(counter objects)" = 0 ] && [ "$(image)" = "$second_image" ]
ok $? "the same commit again compiles nothing"
run clean "$second" ',"clean":true'
[ "$(counter objects)" = 2 ] && [ "$(image)" = "$second_image" ] && [ ! -e "$tmp/slot/clean" ]
ok $? "a clean build compiles all, gives the same image, and tidies up"
[ "$(cat "$out/maintainers")" = "Ann <ann@example.org> (maintainer:X)
list@example.org (open list:X)" ] && event '"maintainers":"maintainers"'
ok $? "and lists whom the tree names for its files, asked in the sandbox"
run back "$first"
[ "$(counter objects)" = 1 ] && [ "$(image)" = "$first_image" ]
ok $? "going back gives the first image again"
REPO=$tmp/bare.git SLOT=$tmp/slot-bare run bare "$first"
done_is ok && [ "$(image)" = "$first_image" ]
ok $? "a bare repository and another slot give the same image"

run broken "$broken"
done_is build-failed 'make: kernel/b.c:3:[0-9]*: error: .*oops'
ok $? "a compiler's error is build-failed with file and line"
run after "$second"
done_is ok && [ "$(counter objects)" = 1 ]
ok $? "and the slot builds on afterwards"

run newkconfig "$newkconfig"
grep -q '^# config:' "$out/build.log" && done_is ok && [ "$(counter objects)" = 0 ]
ok $? "a change of Kconfig configures, and compiles nothing when nothing comes of it"
KCONFIG=$tmp/off.config run off "$first"
grep -q '^# config:' "$out/build.log" && done_is ok && ! grep -q SMP=y "$out/config"
ok $? "another fragment is another configuration"

KCONFIG=$tmp/gone.config run gone "$first"
done_is build-failed 'CONFIG_GONE: wanted y, got not set'
ok $? "a fragment's symbol that is lost is build-failed and named"

# ---- other bases of the configuration --------------------------------------------
base() { # BASE LINE...: the configuration of a build on it has these lines and no others
	run base "$first" ",\"kconfig_base\":\"$1\""
	shift
	done_is ok && [ "$(image)" = "$first_image" ] &&
		printf '%s\n' "$@" | cmp -s - <(sort "$out/config")
}
base defconfig CONFIG_BASE=y CONFIG_SMP=y CONFIG_XEN=y
ok $? "defconfig: the tree's own, with the fragment"
grep -q '"kconfig_base": *"defconfig"' "$out/manifest.json"
ok $? "defconfig: it is in the manifest"
base tinyconfig CONFIG_BASE=y CONFIG_SMP=y
ok $? "tinyconfig after it: nothing of defconfig is left"
printf 'CONFIG_XEN=y\nCONFIG_OTHER=y\n' >"$tmp/base.config"
base "$tmp/base.config" CONFIG_SMP=y CONFIG_XEN=y
ok $? "a file: what the tree knows of it, with the fragment"
base "$tmp/base.config" CONFIG_SMP=y CONFIG_XEN=y && ! grep -q '^# config:' "$out/build.log"
ok $? "a file: it is not configured again"
printf 'CONFIG_BASE=y\n' >"$tmp/base.config"
base "$tmp/base.config" CONFIG_BASE=y CONFIG_SMP=y
ok $? "a file: it is when its text is another"
run base "$first" ",\"kconfig_base\":\"$tmp/none.config\""
done_is host-trouble 'none\.config'
ok $? "a file that is missing is host-trouble and named"
run base "$first" ',"kconfig_base":"base.config"'
done_is host-trouble 'kconfig_base.*an absolute path'
ok $? "a file without its whole path is refused"

printf -- '--- a/kernel/a.c\n+++ b/kernel/a.c\n@@ -2,3 +2,3 @@\n int a(void)\n {\n-\treturn VALUE;\n+\treturn 7;\n' >"$tmp/bad.patch"
printf -- '--- a/kernel/a.c\n+++ b/kernel/a.c\n@@ -2,4 +2,4 @@\n int a(void)\n {\n-\treturn VALUE;\n+\treturn 7;\n }\n' >"$tmp/good.patch"
run patched "$first" ",\"patches\":[\"$tmp/good.patch\"]"
done_is ok && [ "$(image)" != "$first_image" ] && grep -q good.patch "$out/manifest.json"
ok $? "a patch is built and in the manifest"
run twice "$first" ",\"patches\":[\"$tmp/good.patch\",\"$tmp/good.patch\"]"
done_is build-failed 'patch good.patch: kernel/a.c: hunk 1 \(@@ -2,4 \+2,4 @@\) does not apply'
ok $? "a patch that does not apply names patch, file and hunk"
run unpatched "$first"
done_is ok && [ "$(image)" = "$first_image" ]
ok $? "without the patch the image is the first again"

git -C "$repo" status --porcelain >"$tmp/status"
[ ! -s "$tmp/status" ]
ok $? "the user's repository is as it was"

run hostile "$hostile"
log=$out/build.log
! grep -q topsecret "$log" && ! grep -q passwd-is-here "$log" && [ ! -e "$tmp/planted" ] &&
	[ ! -e "$tmp/slot/src/kernel/planted.c" ] && ! grep -qE '^(HOME=/root|USER=|GIT_AUTHOR)' "$log"
done_is ok
ok $? "a hostile tree is built"
ok $? "code of the tree sees no files, no environment, and cannot write its sources"
run linked "$linked"
done_is build-failed 'made no file System.map' && ! grep -qs root: "$out/System.map"
ok $? "a link in the place of an output is not followed"

run noisy "$noisy"
size=$(stat -c %s "$out/build.log")
[ "$size" -lt 17000000 ] && [ "$size" -gt 16000000 ] && grep -aq 'bytes left out' "$out/build.log" &&
	done_is ok
ok $? "endless output is kept to 16 MiB, head and tail"

# ---- ends that are nobody's fault --------------------------------------------------
alive() { pgrep -f '^sleep 987654$'; }
start_hanging() { # NAME: in the background, until its make runs
	rm -rf "$tmp/out/$1"
	job "$tmp/out/$1" "$hanging" | "$build" >"$tmp/events.$1" &
	pid=$!
	for _ in $(seq 100); do
		alive >/dev/null && break
		sleep 0.1
	done
	pid=$(pgrep -P $$ -f "^$build" | head -n 1)
}
sleep 1.1 # times are compared in whole seconds
start_hanging term
run busy "$first"
done_is host-trouble 'another builder is working in'
ok $? "a second builder on the slot refuses"
kill -TERM "$pid"
wait
cp "$tmp/events.term" "$tmp/events"
done_is host-trouble 'ended on request'
ok $? "SIGTERM ends it as host-trouble"
! alive >/dev/null
ok $? "and its make with it"

[ ! -e "$tmp/slot/obj/half.o" ] && [ -e "$tmp/slot/obj/kernel/b.o" ]
ok $? "what was half made goes, older objects stay"

start_hanging kill
{
	kill -KILL "$pid"
	wait
} 2>/dev/null # the shell would say that it was killed
for _ in $(seq 30); do alive >/dev/null || break; sleep 0.1; done
! alive >/dev/null
ok $? "SIGKILL leaves no make behind"
check "but a half-made object" test -e "$tmp/slot/obj/half.o"
run healed "$first"
done_is ok && [ "$(image)" = "$first_image" ] && [ ! -e "$tmp/slot/obj/half.o" ]
ok $? "which the next build does not trust"

run deadline "$hanging" ',"deadline_s":1.5'
done_is host-trouble 'deadline'
ok $? "the deadline is host-trouble"

REPO=$tmp/nowhere run norepo "$first"
done_is host-trouble 'no such directory'
ok $? "a repository that vanished is host-trouble"
run nocommit 0123456789012345678901234567890123456789
done_is host-trouble 'has no commit'
ok $? "an unknown commit is host-trouble"
git clone -q --depth 1 "file://$repo" "$tmp/shallow" 2>/dev/null
REPO=$tmp/shallow run shallow "$second"
done_is host-trouble 'shallow clone'
ok $? "a shallow clone is named as one"
cp -r "$repo" "$tmp/corrupt"
object=$(git -C "$repo" rev-parse "$second:kernel/b.c")
chmod u+w "$tmp/corrupt/.git/objects/${object:0:2}/${object:2}"
echo garbage >"$tmp/corrupt/.git/objects/${object:0:2}/${object:2}"
REPO=$tmp/corrupt SLOT=$tmp/slot-corrupt run corrupt "$second"
done_is host-trouble 'kernel/b.c'
ok $? "a corrupt object is host-trouble and names the file"
run exists "$first"
job "$tmp/out/exists" "$first" | "$build" >"$tmp/events"
done_is host-trouble 'cannot make the output directory'
ok $? "an output directory that exists is refused"

mkdir "$tmp/path"
for tool in gcc git; do ln -s "$(command -v $tool)" "$tmp/path/"; done
out=$tmp/out/nobwrap
job "$out" "$first" | PATH=$tmp/path "$build" >"$tmp/events"
done_is host-trouble 'bwrap is not installed'
ok $? "without bubblewrap it refuses"
SLOT=$tmp/slot-none run none "$first" ',"sandbox":"none"'
done_is ok
ok $? "unless sandbox=none is written down"

SLOT=$tmp/slot-none run leaving "$leaving" ',"sandbox":"none"'
done_is ok && ! alive >/dev/null
ok $? "and what a command leaves in the background ends with it"

# ---- compile cache ------------------------------------------------------------------
if command -v ccache >/dev/null; then
	cache=",\"ccache_dir\":\"$tmp/ccache\",\"ccache_max_size\":\"100M\""
	run fill "$first" ",\"clean\":true$cache"
	[ "$(counter ccache_hits)" = 0 ] && done_is ok
	ok $? "an empty compile cache has no hits"
	run hit "$first" ",\"clean\":true$cache"
	[ "$(counter ccache_hits)" = 2 ] && [ "$(image)" = "$first_image" ]
	ok $? "a warm one has all, and the image is the same"
	run cached-error "$broken" "$cache"
	done_is build-failed 'make: kernel/b.c:3:[0-9]*: error: .*oops'
	ok $? "a compiler's error reads the same through the cache"
	before=$(find "$tmp/ccache" -type f -printf '%p %T@\n' | sort | sha256sum)
	run readonly "$second" ",\"clean\":true,\"ccache_readonly\":true$cache"
	done_is ok && [ "$(counter ccache_hits)" = 1 ] && [ "$(image)" = "$second_image" ] &&
		[ "$before" = "$(find "$tmp/ccache" -type f -printf '%p %T@\n' | sort | sha256sum)" ]
	ok $? "a read-only one is read and not written"
	run header "$header" ",\"clean\":true$cache"
	done_is ok && [ "$(counter ccache_hits)" = 1 ] && [ "$(image)" != "$first_image" ]
	ok $? "a header that changed: what includes it is compiled, the rest is not"
else
	for _ in 1 2 3 4 5; do ok 0 "# SKIP no ccache"; done
fi

# ---- without privileges ---------------------------------------------------------------
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir "$tmp/user"
	chown 65534:65534 "$tmp/user"
	chmod 755 "$tmp"
	cp "$build" "$tmp/xbisect-build"
	SLOT=$tmp/user/slot job "$tmp/user/out" "$first" |
		setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/xbisect-build" >"$tmp/events"
	if done_is host-trouble 'bwrap: .*(namespace|permission)'; then
		ok 0 "# SKIP no user namespaces here"
	else
		done_is ok && [ "$(image)" = "$first_image" ]
		ok $? "another user's repository, without privileges: the same image"
	fi
else
	ok 0 "# SKIP not root"
fi
echo "1..$n"
