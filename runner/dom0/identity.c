/* SPDX-License-Identifier: GPL-2.0-or-later */
/* identity.c - see identity.h. */
#include "identity.h"

#include "frame.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ID_MAX 64

/* Up to @size - 1 bytes of a file; returns how many. */
static size_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	while (fd >= 0 && length < size - 1 &&
	       (got = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[length] = '\0';
	return length;
}

bool identity_argument(const char *name, char *value, size_t size)
{
	char text[8192];
	size_t length = strlen(name);
	bool found = false;

	read_file("/proc/cmdline", text, sizeof(text));
	for (char *rest = text, *word; (word = strsep(&rest, " \n"));) {
		if (strncmp(word, name, length) != 0 || word[length] != '=')
			continue;
		snprintf(value, size, "%s", word + length + 1);
		found = true;
	}
	return found;
}

static void tell(int fd, const char *key, const char *value)
{
	char text[FRAME_PAYLOAD_MAX + 32];

	if (!*value)
		return;
	snprintf(text, sizeof(text), "%s %s", key, value);
	text[strcspn(text, "\n")] = '\0';
	frame_send(fd, "id", text);
}

/* The kernel's build id, out of its ELF notes. */
static void send_build_id(int fd)
{
	static char notes[16384];
	size_t length = read_file("/sys/kernel/notes", notes, sizeof(notes));
	char text[2 * ID_MAX + 1] = "";

	for (size_t at = 0; length - at >= sizeof(Elf64_Nhdr);) {
		Elf64_Nhdr note;
		size_t name = at + sizeof(note), description;

		memcpy(&note, notes + at, sizeof(note));
		if (note.n_namesz > length || note.n_descsz > length)
			return;
		description = name + (note.n_namesz + 3u) / 4 * 4;
		at = description + (note.n_descsz + 3u) / 4 * 4;
		if (at > length)
			return;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_descsz > ID_MAX ||
		    note.n_namesz != 4 || memcmp(notes + name, "GNU", 4) != 0)
			continue;
		for (size_t i = 0; i < note.n_descsz; i++)
			snprintf(text + 2 * i, 3, "%02x", (unsigned char)notes[description + i]);
		tell(fd, "build", text);
		return;
	}
}

void identity_send(int fd)
{
	char text[FRAME_PAYLOAD_MAX];
	struct utsname name;

	if (identity_argument("xbisect.nonce", text, sizeof(text)))
		tell(fd, "nonce", text);
	read_file("/proc/sys/kernel/random/boot_id", text, sizeof(text));
	tell(fd, "boot", text);
	if (uname(&name) == 0) {
		tell(fd, "release", name.release);
		tell(fd, "version", name.version);
	}
	send_build_id(fd);
	read_file("/sys/hypervisor/type", text, sizeof(text));
	tell(fd, "hypervisor", text);
	read_file("/proc/xen/capabilities", text, sizeof(text));
	if (strstr(text, "control_d"))
		tell(fd, "dom0", "yes");
}
