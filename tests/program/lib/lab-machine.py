#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lab-machine.py DIR: a machine of a lab that boots nothing, for lab.t.

Its power switch is the file DIR/power ("on" or "off"), its console a TCP
socket whose port is in DIR/port, its firmware runs the iPXE script
DIR/net/boot.ipxe, the script DIR/net/grub.cfg-01-* of a GRUB from the network,
or the GRUB entry of DIR/boot/grub. The kernel's file says
what it does: the word behind "DO=" in it. The known-good system answers to
DIR/ssh-shell while DIR/up exists. DIR/lie makes the switch without effect;
with DIR/dead it never starts again, with DIR/stays no reboot is obeyed. "LEVEL=" in a kernel is what it measures.
"""
import glob
import hashlib
import os
import random
import re
import select
import socket
import sys
import time
import uuid
import zlib

DIR = sys.argv[1]
clients = []
server = socket.create_server(("127.0.0.1", 0))
server.setblocking(False)
generation = 0


def path(*names):
    return os.path.join(DIR, *names)


def read(*names):
    try:
        with open(path(*names), errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def write(text, *names):
    with open(path(*names) + ".new", "w") as f:
        f.write(text)
    os.rename(path(*names) + ".new", path(*names))


def remove(*names):
    try:
        os.unlink(path(*names))
    except OSError:
        pass


def serve():
    if select.select([server], [], [], 0)[0]:
        client, _ = server.accept()
        clients.append(client)
    for c in clients[:]:
        if select.select([c], [], [], 0)[0]:
            try:
                if c.recv(4096):
                    continue
            except OSError:
                pass
            clients.remove(c)
            c.close()


def say(text):
    serve()
    # in pieces, as a serial line gives them
    data = (text.replace("\n", "\r\n") + "\r\n").encode("latin-1")
    for i in range(0, len(data), 7):
        for c in clients[:]:
            try:
                c.sendall(data[i : i + 7])
            except OSError:
                clients.remove(c)


def drop():
    for c in clients:
        c.close()
    clients.clear()


class Off(Exception):
    """The power went, or the machine was told to reboot."""


def pause(seconds):
    end = time.time() + seconds
    while True:
        serve()
        if read("power").strip() == "off" and not os.path.exists(path("lie")):
            raise Off("power")
        if os.path.exists(path("reboot")):
            remove("reboot")
            if not os.path.exists(path("stays")):
                raise Off("reboot")
        if time.time() >= end:
            return
        time.sleep(0.02)


class Frames:
    def __init__(self):
        self.sequence = 0

    def frame(self, text, crc=None):
        body = f"{self.sequence} {text}"
        crc = zlib.crc32(body.encode()) if crc is None else crc
        say(f"@XB1 {self.sequence} {len(text)} {crc:08x} {text}")
        self.sequence += 1


def identity(cmdline, release, version, dom0=True, xen=True):
    boot = str(uuid.uuid4())
    write(boot, "boot_id")
    write(cmdline, "cmdline")
    write(release, "release")
    write(version, "version")
    write("control_d" if dom0 else "", "capabilities")
    write("xen" if xen else "", "hypervisor")
    return boot


def known_good():
    say("(XEN) Xen version 4.17.0 (known good)")
    say("(XEN) Command line: placeholder dom0_mem=1G")
    identity("placeholder root=/dev/sda1 ro", "6.1.0-good", "#1 SMP good")
    pause(0.3)
    write("", "up")
    say("good login:")
    while True:
        pause(3600)


def from_net():
    """The script that a loader finds on the network, "" for none."""
    return read("net", "boot.ipxe") or "".join(
        read("net", os.path.basename(name)) for name in glob.glob(path("net", "grub.cfg-01-*")))


def load():
    """What firmware and boot loader choose: (nonce, xen words, kernel words) or None."""
    script = from_net()
    if not script:
        env = read("boot", "grub", "grubenv")
        if "next_entry=xbisect\n" not in env:
            return None
        if not os.path.exists(path("sticky")):
            write(env.replace("next_entry=xbisect\n", "next_entry=\n") + "#" * 7, "boot", "grub",
                  "grubenv")  # GRUB keeps its size
        script = read("boot", "grub", "custom.cfg")
    entry = re.search(r"xbisect boot ([0-9a-f]+)", script)
    if not entry:
        return None
    say("\x1b[H\x1b[2J" + entry.group(0))
    # GRUB's lines over the network are conditions
    words = re.search(r"^\s*(?:if )?module2? (?:--nounzip )?(\S+) kernel (.*?)(?:; then)?$", script,
                      re.M)
    if not words:  # the known-good system's script, which a check has made talk
        return None
    xen = re.search(r"^\s*(?:if )?(?:kernel|multiboot2) \S+ xen (.*?)(?:; then)?$", script, re.M)
    name = os.path.basename(words.group(1))
    file = path("net", name) if from_net() else path("boot", "xbisect", name)
    with open(file, errors="replace") as f:
        kernel = f.read()
    return entry.group(1), xen.group(1), words.group(2), kernel


def sums_fit(nonce, cut):
    """GRUB's `sha256sum --check` of what is served, of which @cut comes by half."""
    fit = True
    for line in read("net", f"xbisect-{nonce}.sums").splitlines():
        wanted, name = line.split("  ")
        with open(path("net", name), "rb") as f:
            data = f.read()
        if name.endswith(cut):
            data = data[: len(data) // 2]
        same = hashlib.sha256(data).hexdigest() == wanted
        say(f"{name}: {'OK' if same else 'HASH MISMATCH'}")
        fit = fit and same
    return fit


def levels(kernel):
    """Two samples, of which those of a kernel with a level differ from boot to boot."""
    level = re.search(r"LEVEL=([0-9.]+)", kernel)
    if not level:
        return ("0.0225", "0.0224")
    level = float(level.group(1)) * random.gauss(1, 0.003)
    return [f"{level * random.gauss(1, 0.001):.7f}" for _ in range(2)]


def test_kernel(nonce, xen, cmdline, kernel):
    do = re.search(r"DO=([a-z0-9-]+)", kernel).group(1)
    release, version = re.search(r"([^\s\0]+) \(u@h\) ([^\0]*)", kernel).groups()
    f = Frames()
    if do == "notloaded":
        say("Could not boot: Connection timed out")
        known_good()
    if do == "dark":
        pause(3600)
    if do == "loadloop":  # the boot loader resets the machine, again and again
        raise Off("reset")
    if not read("net", "boot.ipxe") and from_net():
        if not sums_fit(nonce, ".kernel" if do == "half" else "-"):
            say("xbisect unloaded " + nonce)
            pause(3600)
    elif from_net():  # iPXE's imgstat
        size = os.path.getsize(path("net", f"xbisect-{nonce}.kernel"))
        say(f"xbisect-{nonce}.kernel : {size // 2 if do == 'half' else size} bytes [bzImage]")
    say("(XEN) Xen version 4.17.7 (Debian)")
    say("(XEN) Command line: " + xen)
    if do == "half":
        say("(XEN) Panic on CPU 0: Could not construct domain 0")
        known_good()
    pause(0.1)
    if do == "panic":
        say("BUG: unable to handle page fault for address: ffff8880")
        say("Kernel panic - not syncing: Attempted to kill init!")
        say("(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.")
        pause(1)
        known_good()
    if do == "noroot":
        say('VFS: Cannot open root device "sda9" or unknown-block(0,0): error -6')
        say("Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)")
        say("(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.")
        pause(1)
        known_good()
    if do == "triple":  # a reset, without a word
        raise Off("reset")
    if do == "fallback":
        known_good()
    if do == "losthang":
        drop()
    if do in ("hang", "losthang"):
        pause(3600)
    if do == "other":
        release = "6.1.0-other"
    boot = identity(cmdline, release, version, do != "nodom0", do != "noxen")
    if "rdinit=" not in cmdline:
        say("[   1.0] systemd: hello")
        if do == "nossh":
            pause(3600)
        if do == "drop":
            drop()
            pause(1.5)
            say("[   2.0] systemd: still here")
        write("".join(f"unmap {value} s\n" for value in levels(kernel)), "levels")
        remove("lib", "xbisect-dom0")
        write("", "up")
        while do == "storm":
            say("audit: backlog limit exceeded " * 4)
            pause(0.02)
        while do == "sshpanic":  # under the step that follows the program's
            pause(0.05)
            if os.path.exists(path("lib", "xbisect-dom0")):
                remove("up")
                pause(0.5)
                say("Kernel panic - not syncing: Fatal exception in interrupt")
                pause(1)
                known_good()
        while True:
            pause(3600)
    f.frame("hello 0.1.0")
    if do == "calm":
        pause(9)
    f.frame("id nonce " + nonce)
    f.frame("id boot " + boot)
    f.frame("id release " + release)
    f.frame("id version " + version)
    f.frame("id hypervisor xen")
    if do != "nodom0":
        f.frame("id dom0 yes")
    f.frame("start")
    for value in levels(kernel):
        f.frame(f"out unmap {value} s")
    if do == "torn":
        f.frame("out unmap 0.001 s", 0)
    if do == "drop":
        drop()
        f.frame("out unmap 0.0223 s")
        pause(1.5)
    if do == "reboot":
        known_good()
    if do == "workhang":
        pause(3600)
    f.frame("end " + ("3" if do == "status" else "0"))
    f.frame("off")
    say("(XEN) Hardware Dom0 shutdown: rebooting machine")
    known_good()


write(str(server.getsockname()[1]), "port")
while True:
    remove("up")
    write("", "boot_id")  # what a command of the system before asks for
    remove("reboot")
    try:
        while read("power").strip() != "on":
            serve()
            time.sleep(0.02)
        write(str(int(read("starts") or 0) + 1), "starts")
        say("BIOS")
        pause(3600 if os.path.exists(path("dead")) else 0.1)
        found = load()
        if found:
            test_kernel(*found)
        else:
            known_good()
    except Off:
        pass
