/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-args.c - see lab-args.h. */
#include "lab-args.h"

#include <string.h>

#define BLANKS " \t"

static bool refuse(const char *setting, const char *word, const char *why, GError **error)
{
	g_set_error(error, RUNNER_JOB_ERROR, 0, "%s: %s %s", setting, word, why);
	return false;
}

/* Words that iPXE takes for itself; none of them can be escaped. */
static bool check_ipxe(const char *setting, const char *args, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(args, BLANKS, -1);

	for (guint i = 0; words[i]; i++) {
		if (*words[i] == '#' || strcmp(words[i], "||") == 0 ||
		    strcmp(words[i], "&&") == 0 || strcmp(words[i], ";") == 0)
			return refuse(setting, words[i], "ends a command of iPXE", error);
		if (strstr(words[i], "${"))
			return refuse(setting, words[i], "is expanded by iPXE", error);
	}
	return true;
}

bool lab_args_check(const LabHost *self, const char *setting, const char *args, GError **error)
{
	for (const char *at = args; *at; at++)
		if (g_ascii_iscntrl(*at) && *at != '\t')
			return refuse(setting, "a line's end",
				      "or another control character is in it", error);
	if (self->boot == LAB_BOOT_NET && self->net_loader == LAB_NET_IPXE)
		return check_ipxe(setting, args, error);
	if (strpbrk(args, "'\"\\"))
		return refuse(setting, "quotes and backslashes",
			      "are handed on by GRUB with a backslash before each", error);
	return true;
}

char *lab_args_for_grub(const char *args)
{
	g_auto(GStrv) words = g_strsplit_set(args, BLANKS, -1);
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; words[i]; i++) {
		const char *word = words[i];
		bool plain =
			!word[strspn(word, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_=,.:/+@%-")];
		/* In quotes nothing has a meaning but their end, as for a shell. */
		g_autofree char *quoted = plain ? NULL : g_shell_quote(word);

		if (*word)
			g_string_append_printf(out, "%s%s", out->len ? " " : "",
					       quoted ? quoted : word);
	}
	return g_strdup(out->str);
}
