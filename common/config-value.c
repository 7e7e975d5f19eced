/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-value.c - types of configuration values; see config-value.h.
 */
#include "config-value.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

const XbKeySpec *xb_key_find(const XbKeySpec *table, const char *key)
{
	for (; table->key != NULL; table++) {
		if (g_str_equal(table->key, key))
			return table;
	}
	return NULL;
}

/* ---- checking ------------------------------------------------------------------ */

static bool is_word(const char *words, const char *value)
{
	g_auto(GStrv) list = words != NULL ? g_strsplit(words, "|", -1) : NULL;

	return list != NULL && g_strv_contains((const char *const *)list, value);
}

/* "a, b or c" from "a|b|c". */
static char *list_words(const char *words)
{
	g_auto(GStrv) list = g_strsplit(words, "|", -1);
	guint n = g_strv_length(list);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%s%s",
				       i == 0       ? ""
				       : i == n - 1 ? " or "
						    : ", ",
				       list[i]);
	return g_string_free(text, FALSE);
}

static char *refuse(char **problem, const char *format, ...) G_GNUC_PRINTF(2, 3);
static char *refuse(char **problem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	*problem = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return NULL;
}

/* A path made absolute, with ~/ as the home directory, that can be accessed by @mode. */
static char *check_path(const char *directory, const char *value, GFileTest test, int mode,
			char **problem)
{
	g_autofree char *home = g_str_has_prefix(value, "~/")
					? g_build_filename(g_get_home_dir(), value + 2, NULL)
					: NULL;
	g_autofree char *path = g_canonicalize_filename(home != NULL ? home : value, directory);

	if (*value == '\0')
		return refuse(problem, "it is empty");
	if (!g_utf8_validate(path, -1, NULL))
		return refuse(problem, "the path is not UTF-8"); /* nor then fit for JSON */
	if (mode >= 0 && access(path, F_OK) == 0 && !g_file_test(path, test))
		return refuse(problem, "%s is not a %s", path,
			      test == G_FILE_TEST_IS_DIR ? "directory" : "file");
	if (mode >= 0 && access(path, mode) != 0)
		return refuse(problem, "%s: %s", path, g_strerror(errno));
	return g_steal_pointer(&path);
}

static char *check_secret(const char *directory, const char *value, char **problem)
{
	g_autofree char *path = check_path(directory, value, G_FILE_TEST_IS_REGULAR, R_OK, problem);
	struct stat st;

	if (path == NULL)
		return NULL;
	if (stat(path, &st) != 0 || (st.st_mode & 077) != 0)
		return refuse(problem, "%s can be read by others than its owner: chmod 600 it",
			      path);
	return g_steal_pointer(&path);
}

static char *check_files(const char *directory, const char *value, char **problem)
{
	g_auto(GStrv) list = g_strsplit(value, ";", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (char **item = list; *item != NULL; item++) {
		g_autofree char *path = NULL;

		g_strstrip(*item);
		if (**item == '\0')
			continue;
		path = check_path(directory, *item, G_FILE_TEST_IS_REGULAR, R_OK, problem);
		if (path == NULL)
			return NULL;
		g_string_append_printf(text, "%s%s", text->len > 0 ? ";" : "", path);
	}
	return g_strdup(text->str);
}

static char *check_program(const char *directory, const char *value, char **problem)
{
	if (*value == '\0' || strchr(value, '/') != NULL)
		return check_path(directory, value, G_FILE_TEST_IS_REGULAR, X_OK, problem);
	return g_strdup(value);
}

static char *check_command(const char *directory, const char *value, char **problem)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = NULL;
	g_auto(GStrv) argv = NULL;
	g_autofree char *program = NULL;

	if (!g_shell_parse_argv(value, NULL, &argv, &error))
		return refuse(problem, "%s", *value == '\0' ? "it is empty" : error->message);
	program = check_program(directory, argv[0], problem);
	if (program == NULL)
		return NULL;
	text = g_string_new(NULL);
	for (char **argument = argv; *argument != NULL; argument++) {
		g_autofree char *quoted = g_shell_quote(argument == argv ? program : *argument);

		g_string_append_printf(text, "%s%s", argument == argv ? "" : " ", quoted);
	}
	return g_strdup(text->str);
}

static char *check_integer(const XbKeySpec *spec, const char *value, char **problem)
{
	gint64 number;

	if (!g_ascii_string_to_signed(value, 10, spec->min, spec->max, &number, NULL))
		return refuse(problem, "\"%s\" is not a whole number from %d to %d", value,
			      spec->min, spec->max);
	return g_strdup_printf("%d", (int)number);
}

static char *check_number(const char *value, char **problem)
{
	char *end;
	double number = g_ascii_strtod(value, &end);

	if (*value == '\0' || *end != '\0' || !isfinite(number) || number < 0)
		return refuse(problem, "\"%s\" is not a number", value);
	return g_strdup(value);
}

char *xb_value_check(const XbKeySpec *spec, const char *directory, const char *value,
		     char **problem)
{
	g_autofree char *words = NULL;
	uint64_t bytes;
	double seconds;

	switch (spec->type) {
	case XB_VALUE_STRING:
		return g_strdup(value);
	case XB_VALUE_WORD:
		words = list_words(spec->words);
		return is_word(spec->words, value)
			       ? g_strdup(value)
			       : refuse(problem, "\"%s\" is not %s", value, words);
	case XB_VALUE_PATH:
		return is_word(spec->words, value)
			       ? g_strdup(value)
			       : check_path(directory, value, G_FILE_TEST_EXISTS, -1, problem);
	case XB_VALUE_FILE:
		return is_word(spec->words, value)
			       ? g_strdup(value)
			       : check_path(directory, value, G_FILE_TEST_IS_REGULAR, R_OK,
					    problem);
	case XB_VALUE_SECRET:
		return check_secret(directory, value, problem);
	case XB_VALUE_DIRECTORY:
		return check_path(directory, value, G_FILE_TEST_IS_DIR, R_OK | X_OK, problem);
	case XB_VALUE_FILES:
		return check_files(directory, value, problem);
	case XB_VALUE_PROGRAM:
		return check_program(directory, value, problem);
	case XB_VALUE_COMMAND:
		return check_command(directory, value, problem);
	case XB_VALUE_SIZE:
		return xb_parse_size(value, &bytes) && bytes > 0
			       ? g_strdup(value)
			       : refuse(problem, "\"%s\" is not a size such as 512M or 20G", value);
	case XB_VALUE_DURATION:
		return xb_parse_duration(value, &seconds) && seconds < 1e7 &&
				       (seconds > 0 || (spec->words && !strcmp(spec->words, "0")))
			       ? g_strdup(value)
			       : refuse(problem, "\"%s\" is not a time such as 90s, 15m or 2h",
					value);
	case XB_VALUE_INTEGER:
		return check_integer(spec, value, problem);
	case XB_VALUE_NUMBER:
		return check_number(value, problem);
	}
	g_return_val_if_reached(NULL);
}

/* ---- storing ------------------------------------------------------------------- */

void xb_value_store(const XbKeySpec *spec, const char *value, void *structure)
{
	void *member = G_STRUCT_MEMBER_P(structure, spec->offset);

	switch (spec->type) {
	case XB_VALUE_SIZE:
		xb_parse_size(value, member);
		return;
	case XB_VALUE_DURATION:
		xb_parse_duration(value, member);
		return;
	case XB_VALUE_INTEGER:
		*(int *)member = (int)g_ascii_strtoll(value, NULL, 10);
		return;
	case XB_VALUE_FILES:
		g_strfreev(*(char ***)member);
		*(char ***)member = g_strsplit(value, ";", -1);
		return;
	case XB_VALUE_COMMAND:
		g_strfreev(*(char ***)member);
		*(char ***)member = NULL;
		g_shell_parse_argv(value, NULL, member, NULL);
		return;
	default:
		g_free(*(char **)member);
		*(char **)member = g_strdup(value);
		return;
	}
}
