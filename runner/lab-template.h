/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-template.h - command templates of a lab host: text is first split into
 * words as a shell does, then {NAME} in each word is replaced. A value never
 * makes a second word, and no shell sees it.
 */
#ifndef XB_RUNNER_LAB_TEMPLATE_H
#define XB_RUNNER_LAB_TEMPLATE_H

#include "job.h"

/*
 * @template with {NAME} replaced by the member NAME of @values; {{ and }} are
 * braces. NULL with @error, which begins with @name (the setting), for a name
 * that @values does not have or a brace without its partner. Caller frees.
 */
char *lab_template_text(const char *name, const char *template, const json_t *values,
			GError **error);

/* The argv of a command template; NULL with @error. g_strfreev() it. */
char **lab_template_argv(const char *name, const char *template, const json_t *values,
			 GError **error);

#endif
