/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-template.c - see lab-template.h. */
#include "lab-template.h"

#include <string.h>

/* The {NAME} at @at: appends its value, and returns what follows it. */
static const char *replace(const char *setting, const char *at, const json_t *values, GString *out,
			   GError **error)
{
	const char *close = strchr(at, '}');
	g_autofree char *name = close ? g_strndup(at + 1, (gsize)(close - at - 1)) : NULL;
	g_autofree char *value = name ? runner_setting(values, name, NULL) : NULL;

	if (!name) {
		g_set_error(error, RUNNER_JOB_ERROR, 0, "%s: { without }; write {{ for a brace",
			    setting);
		return NULL;
	}
	if (!value) {
		g_set_error(error, RUNNER_JOB_ERROR, 0,
			    "%s: {%s} has no value: set %s= for this host, or write {{ for a brace",
			    setting, name, name);
		return NULL;
	}
	g_string_append(out, value);
	return close + 1;
}

char *lab_template_text(const char *name, const char *template, const json_t *values,
			GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (const char *at = template; *at;) {
		if ((at[0] == '{' || at[0] == '}') && at[1] == at[0]) {
			g_string_append_c(out, *at);
			at += 2;
		} else if (*at == '{') {
			at = replace(name, at, values, out, error);
			if (!at)
				return NULL;
		} else {
			g_string_append_c(out, *at++);
		}
	}
	return g_strdup(out->str);
}

char **lab_template_argv(const char *name, const char *template, const json_t *values,
			 GError **error)
{
	g_auto(GStrv) words = NULL;
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	int n;

	if (!g_shell_parse_argv(template, &n, &words, error)) {
		g_prefix_error(error, "%s: ", name);
		return NULL;
	}
	for (int i = 0; i < n; i++) {
		char *word = lab_template_text(name, words[i], values, error);

		if (!word)
			return NULL;
		g_ptr_array_add(argv, word);
	}
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}
