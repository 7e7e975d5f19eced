/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-identity.c - see lab-identity.h. */
#include "lab-identity.h"

#include "lab-marks.h"

#include <elf.h>
#include <string.h>

#define NOTES_MAX 65536

static char *to_hex(const unsigned char *bytes, gsize length)
{
	GString *text = g_string_new(NULL);

	for (gsize i = 0; i < length; i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}

char *lab_notes_build_id(const unsigned char *notes, gsize length)
{
	gsize at = 0;

	while (length - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		gsize name, description, next;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		if (note.n_namesz > NOTES_MAX || note.n_descsz > NOTES_MAX)
			return NULL;
		description = name + (note.n_namesz + 3u) / 4 * 4;
		next = description + (note.n_descsz + 3u) / 4 * 4;
		if (description + note.n_descsz > length)
			return NULL;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(notes + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0)
			return to_hex(notes + description, note.n_descsz);
		if (next > length)
			return NULL;
		at = next;
	}
	return NULL;
}

/* As od(1) prints: blanks between the bytes. */
static char *build_id_of_hex(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	g_autofree char *hex = g_strjoinv("", words);
	gsize length = strlen(hex) / 2;
	g_autofree unsigned char *bytes = g_malloc(length + 1);

	for (gsize i = 0; i < length; i++) {
		int high = g_ascii_xdigit_value(hex[2 * i]),
		    low = g_ascii_xdigit_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return NULL;
		bytes[i] = (unsigned char)(high * 16 + low);
	}
	return lab_notes_build_id(bytes, length);
}

/* The last word of @cmdline that begins with "xbisect.nonce=". */
static char *nonce_of(const char *cmdline)
{
	g_auto(GStrv) words = g_strsplit_set(cmdline, " \t", -1);
	char *nonce = NULL;

	for (guint i = 0; words[i]; i++) {
		if (!g_str_has_prefix(words[i], LAB_NONCE_TEXT))
			continue;
		g_free(nonce);
		nonce = g_strdup(words[i] + strlen(LAB_NONCE_TEXT));
	}
	return nonce;
}

static void set(char **member, char *value)
{
	g_free(*member);
	*member = value;
}

static void take(LabIdentity *self, const char *key, const char *value)
{
	if (!*value)
		return;
	if (strcmp(key, "boot") == 0)
		set(&self->boot_id, g_strdup(value));
	else if (strcmp(key, "release") == 0)
		set(&self->release, g_strdup(value));
	else if (strcmp(key, "version") == 0)
		set(&self->version, g_strdup(value));
	else if (strcmp(key, "nonce") == 0)
		set(&self->nonce, g_strdup(value));
	else if (strcmp(key, "cmdline") == 0)
		set(&self->nonce, nonce_of(value));
	else if (strcmp(key, "build") == 0)
		set(&self->build_id, g_strdup(value));
	else if (strcmp(key, "notes") == 0)
		set(&self->build_id, build_id_of_hex(value));
	else if (strcmp(key, "hypervisor") == 0)
		self->xen = strcmp(value, "xen") == 0;
	else if (strcmp(key, "dom0") == 0)
		self->dom0 = strcmp(value, "yes") == 0;
}

void lab_identity_parse(LabIdentity *self, const char *report)
{
	g_auto(GStrv) lines = g_strsplit(report ? report : "", "\n", -1);

	*self = (LabIdentity){ 0 };
	for (guint i = 0; lines[i]; i++) {
		char *value = g_strstrip(lines[i]);
		gsize length = strcspn(value, " ");
		g_autofree char *key = g_strndup(value, length);

		take(self, key, g_strchug(value + length));
	}
}

void lab_identity_clear(LabIdentity *self)
{
	char *const texts[] = { self->boot_id, self->release, self->version, self->nonce,
				self->build_id };

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	*self = (LabIdentity){ 0 };
}

/* Whether @got is what is known of the kernel's file; what is not known is no
 * difference. */
static bool differs(const char *got, const char *expected)
{
	return got && expected && strcmp(got, expected) != 0;
}

LabVerdict lab_identity_judge(const LabIdentity *self, const LabExpected *expected, char **why)
{
	const char *release = self->release ? self->release : "an unknown kernel";

	*why = NULL;
	if (!self->boot_id || g_strcmp0(self->boot_id, expected->old_boot_id) == 0) {
		*why = g_strdup("the system from before the reset still runs");
		return LAB_NOT_YET;
	}
	if (g_strcmp0(self->nonce, expected->nonce) != 0) {
		*why = g_strdup_printf("the machine fell back: it runs %s, not the kernel that "
				       "was deployed",
				       release);
		return LAB_FALLBACK;
	}
	if (differs(self->build_id, expected->build_id))
		*why = g_strdup_printf("the kernel that runs has build id %s, the one that was "
				       "deployed %s",
				       self->build_id, expected->build_id);
	else if (differs(self->release, expected->release) ||
		 differs(self->version, expected->version))
		*why = g_strdup_printf("the kernel that runs is %s %s, the one that was deployed "
				       "%s %s",
				       release, self->version ? self->version : "",
				       expected->release ? expected->release : "",
				       expected->version ? expected->version : "");
	else if (!self->xen || !self->dom0)
		*why = g_strdup_printf("%s runs, but %s", release,
				       self->xen ? "is no dom0 (no control_d in "
						   "/proc/xen/capabilities)"
						 : "not under Xen");
	return *why ? LAB_WRONG : LAB_UP;
}
