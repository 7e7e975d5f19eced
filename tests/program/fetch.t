#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xbisect-fetch against file://, git:// and https:// remotes, with what can be wrong with them.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=$(realpath "${XB_BIN:-build/bin}")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/xbisect-fetch.XXXXXX")
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
pids=()
count=0
cleanup() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
cd "$tmp" || exit 1

is() { # is NAME GOT WANTED
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf '# got: %s\n# wanted: %s\n' "$2" "$3"
		head -c 3000 events | sed 's/^/# /'
	fi
}
has() { # has NAME PATTERN: in the events
	is "$1" "$(grep -qaE -- "$2" events && echo yes)" yes
}
fetch() { # fetch URL BRANCH [CREDENTIALS-JSON]
	jq -n --arg url "$1" --arg branch "$2" --arg repo "$tmp/bare" \
		--argjson credentials "${3-{\}}" '{protocol: 1, kind: "fetch", url: $url,
		branch: $branch, repo: $repo, deadline_s: 60, credentials: $credentials} + {'"${room-}}" >job.json
	status=0
	timeout 100 "$bin/xbisect-fetch" <job.json >events 2>err || status=$?
}
tip() {
	jq -r 'select(.event == "tip").commit' events
}
sha() {
	git -C "$tmp/repo" rev-parse "$1"
}

"$here/lib/toy-repo" --linear 5 3 | "$here/lib/toy-repo" repo
git -C repo config receive.denyCurrentBranch ignore

fetch "file://$tmp/repo" main
is "file://: the tip" "$status $(tip)" "0 $(sha c5)"
is "its objects are here" "$(git -C bare cat-file -t "$(sha c0)")" commit
git -C repo reset -q --hard c3
fetch "file://$tmp/repo" main
is "a forced push" "$status $(tip)" "0 $(sha c3)"
is "what it took away stays" "$(git -C bare cat-file -t "$(sha c5)")" commit
git -C repo checkout -q --detach && git -C repo branch -D main -q
fetch "file://$tmp/repo" main
is "a branch that was deleted is an answer" "$status $(jq -r .event events | paste -sd' ')" "0 phase gone done"
git -C repo branch main c4
fetch "file://$tmp/repo" "no such"
is "a name that is none is refused" "$status" 1
fetch "file://$tmp/repo" "main:refs/heads/other"
is "so is a refspec" "$status" 1
fetch "file://$tmp/nowhere" main
is "no repository" "$status $(jq -r 'select(.event == "done").outcome' events)" "1 host-trouble"
fetch "https://127.0.0.1:1/x" main
is "nobody there" "$status" 1
fetch "gopher://127.0.0.1:1/x" main
is "no protocol of git" "$status" 1

# ---- git:// ----------------------------------------------------------------------
port=$(/usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
git daemon --listen=127.0.0.1 --port="$port" --base-path="$tmp" --export-all --reuseaddr 2>/dev/null &
pids+=($!)
for _ in $(seq 600); do
	git ls-remote "git://127.0.0.1:$port/repo" >/dev/null 2>&1 && break
	sleep 0.1
done
rm -rf bare
fetch "git://127.0.0.1:$port/repo" main
is "git://: the tip" "$status $(tip)" "0 $(sha c4)"
rm -rf bare
room='keep_free: 900000000000000' fetch "git://127.0.0.1:$port/repo" main
is "no room for it" "$status $(jq -r 'select(.event == "done").detail' events | grep -c 'MiB free for it below .*: make room')" "1 1"
is "nothing of it stays" "$(find bare -name '*.pack' -o -name 'tmp_*')" ""
fetch "git://127.0.0.1:$port/repo" main
is "with room again" "$status $(tip)" "0 $(sha c4)"
fetch "git://127.0.0.1:$port/other" main
is "git://: no such repository" "$status" 1

# ---- https:// --------------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -keyout key -out cert 2>/dev/null
cat key cert >both.pem
mkdir https
"$here/lib/git-https" "$tmp/https" both.pem bot:s3cret-word "$tmp" 2>https.err &
pids+=($!)
for _ in $(seq 1200); do
	[ -s https/port ] && break
	sleep 0.05
done
url=https://localhost:$(cat https/port)/repo
printf 's3cret-word\n' >password
chmod 600 password
rm -rf bare
fetch "$url" main "{\"user\":\"bot\",\"password_file\":\"$tmp/password\",\"ca_file\":\"$tmp/cert\"}"
is "https://: the tip, with a password from a file" "$status $(tip)" "0 $(sha c4)"
fetch "$url" main "{\"user\":\"bot\",\"password_file\":\"$tmp/password\"}"
is "a certificate that nobody vouches for is refused" "$status" 1
has "and named" 'certificate of localhost is not valid'
fetch "$url" main "{\"ca_file\":\"$tmp/cert\"}"
is "no password" "$status" 1
has "says what is missing" 'wants credentials: name a password_file'
printf 'wrong-word\n' >password
fetch "$url" main "{\"user\":\"bot\",\"password_file\":\"$tmp/password\",\"ca_file\":\"$tmp/cert\"}"
is "a wrong password ends" "$status" 1
has "as refused" 'refuses the credentials'
is "and is not shown" "$(grep -ac wrong-word events)" 0
chmod 644 password
fetch "$url" main "{\"user\":\"bot\",\"password_file\":\"$tmp/password\",\"ca_file\":\"$tmp/cert\"}"
has "a password for all to read is refused" 'chmod 600'

# ---- a host that sends us to another one --------------------------------------------
mkdir away
: >away/asked
/usr/bin/python3 - "$tmp/away" <<'END' 2>/dev/null &
import http.server, os, sys, threading
os.chdir(sys.argv[1])
class Other(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("asked", "a") as file:
            file.write("%s\n" % self.headers.get("Authorization"))
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()
class First(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:%d%s" % (other.server_port, self.path))
        self.send_header("Content-Length", "0")
        self.end_headers()
other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
first = http.server.ThreadingHTTPServer(("localhost", 0), First)
threading.Thread(target=other.serve_forever, daemon=True).start()
with open("port.new", "w") as file:
    file.write("%d\n" % first.server_port)
os.rename("port.new", "port")
first.serve_forever()
END
pids+=($!)
for _ in $(seq 1200); do
	[ -s away/port ] && break
	sleep 0.05
done
chmod 600 password
url=http://localhost:$(cat away/port)/repo
fetch "$url" main "{\"user\":\"bot\",\"password_file\":\"$tmp/password\"}"
is "credentials are not taken to another host" "$status $(grep -c Basic away/asked)" "1 0"
fetch "$url" main
is "without any, another host is asked" "$status $(cat away/asked)" "1 None"

# ---- ssh:// ----------------------------------------------------------------------
if [ -x /usr/sbin/sshd ] && { mkdir -p /run/sshd; } 2>/dev/null; then
	ssh-keygen -q -t ed25519 -N '' -f host_key
	ssh-keygen -q -t ed25519 -N '' -f user_key
	cp user_key.pub authorized
	port=$(/usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
	/usr/sbin/sshd -D -e -p "$port" -h "$tmp/host_key" -o ListenAddress=127.0.0.1 -o UsePAM=no -o PermitRootLogin=yes \
		-o AuthorizedKeysFile="$tmp/authorized" -o StrictModes=no -o PidFile=none -f /dev/null 2>sshd.err &
	pids+=($!)
	for _ in $(seq 600); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
		sleep 0.1
	done
	url=ssh://$(id -un)@127.0.0.1:$port$tmp/repo
	fetch "$url" main "{\"ssh_key\":\"$tmp/user_key\",\"known_hosts\":\"$tmp/empty\"}"
	is "ssh://: a host that is not known is refused" "$status" 1
	echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 host_key.pub)" >known
	# libgit2 1.5 forgets the hosts that it read from the file (libssh2_knownhost_init).
	export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
	fetch "$url" main "{\"ssh_key\":\"$tmp/user_key\",\"known_hosts\":\"$tmp/known\"}"
	is "ssh://: the tip, with a key from a file, of a host that is known" "$status $(tip)" "0 $(sha c4)"
	sed -i 's/AAAA.*/AAAAC3NzaC1lZDI1NTE5AAAAICjNmTnA2c3KuuOkK1A33FvEYArgTXdqZsqMz1PJs3Hp/' known
	fetch "$url" main "{\"ssh_key\":\"$tmp/user_key\",\"known_hosts\":\"$tmp/known\"}"
	is "ssh://: another key than the known one is refused" "$status" 1
else
	count=$((count + 1))
	echo "ok $count - ssh:// # SKIP no sshd"
fi

# ---- the job -----------------------------------------------------------------------
for bad in '{}' x '{"protocol":1,"kind":"fetch"}' '{"protocol":1,"kind":"fetch","url":"file:///x","repo":7,"branch":"b"}'; do
	status=0
	"$bin/xbisect-fetch" <<<"$bad" >events 2>err || status=$?
	is "refused: $bad" "$status $(jq -r 'select(.event == "done").outcome' events)" "1 host-trouble"
done
echo "1..$count"
