/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request.c - what the user typed as members of a request; see request.h.
 */
#include "request.h"

#include <string.h>

#include "protocol.h"

G_DEFINE_QUARK(xb - request - error - quark, xb_request_error)

#define IMAGE_PREFIX "image:"

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool fail(GError **error, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, XB_REQUEST_ERROR, 0, message);
	return false;
}

bool xb_request_range(const char *text, char **good, char **bad, GError **error)
{
	const char *dots = strstr(text, "..");

	if (dots == NULL)
		return fail(error, "'%s' is no range: write GOOD..BAD, for example v6.1..HEAD",
			    text);
	if (dots[2] == '.')
		return fail(error,
			    "'%s' has three dots: a bisection runs from an ancestor to its "
			    "descendant, write GOOD..BAD with two",
			    text);
	if (dots == text)
		return fail(error, "'%s' names no GOOD: write GOOD..BAD", text);
	if (strstr(dots + 2, "..") != NULL)
		return fail(error, "'%s' is no range: it has two '..'", text);
	if (!g_utf8_validate(text, -1, NULL))
		return fail(error, "the range is no valid UTF-8");
	*good = g_strndup(text, (gsize)(dots - text));
	*bad = g_strdup(dots[2] != '\0' ? dots + 2 : "HEAD");
	return true;
}

/* ---- files -------------------------------------------------------------------- */

static json_t *read_file(const char *path, GError **error)
{
	g_autofree char *content = NULL, *name = g_path_get_basename(path);
	g_autofree char *safe_name = g_utf8_make_valid(name, -1);
	g_autoptr(GError) local = NULL;
	gsize length;

	if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
		fail(error, "%s is a directory, a file is needed", path);
		return NULL;
	}
	if (!g_file_get_contents(path, &content, &length, &local)) {
		fail(error, "%s", local->message);
		return NULL;
	}
	if (length > XB_REQUEST_FILE_MAX) {
		fail(error, "%s is larger than %d MiB", path, XB_REQUEST_FILE_MAX >> 20);
		return NULL;
	}
	if (!g_utf8_validate(content, (gssize)length, NULL)) {
		fail(error, "%s is no UTF-8 text: convert it first, for example with iconv(1)",
		     path);
		return NULL;
	}
	return json_pack("{s:s, s:o}", "name", safe_name, "content", json_stringn(content, length));
}

json_t *xb_request_files(char *const *paths, GError **error)
{
	g_autoptr(json_t) files = json_array();

	for (; paths != NULL && *paths != NULL; paths++) {
		json_t *file = read_file(*paths, error);

		if (file == NULL)
			return NULL;
		json_array_append_new(files, file);
	}
	return g_steal_pointer(&files);
}

/* ---- images -------------------------------------------------------------------- */

static char *absolute(const char *path, const char *base)
{
	return g_canonicalize_filename(path, base);
}

/* {"kernel","modules"} of "PATH[:MODULES]". A path that exists as a whole may
 * itself hold a colon. */
static json_t *image_of(const char *spec, const char *base, GError **error)
{
	g_autofree char *whole = absolute(spec, base);
	g_autofree char *kernel = NULL, *modules = NULL;
	const char *colon = strchr(spec, ':');
	json_t *image;

	if (*spec == '\0' || colon == spec) {
		fail(error, "an image needs a path: image:PATH[:modules-dir]");
		return NULL;
	}
	if (colon != NULL && !g_file_test(whole, G_FILE_TEST_EXISTS)) {
		g_autofree char *head = g_strndup(spec, (gsize)(colon - spec));

		kernel = absolute(head, base);
		modules = absolute(colon + 1, base);
	} else {
		kernel = g_steal_pointer(&whole);
	}
	if (!g_file_test(kernel, G_FILE_TEST_IS_REGULAR)) {
		fail(error, "image %s: there is no such file", kernel);
		return NULL;
	}
	if (modules != NULL && !g_file_test(modules, G_FILE_TEST_IS_DIR)) {
		fail(error, "image %s: its modules directory %s is no directory", kernel, modules);
		return NULL;
	}
	image = json_pack("{s:s}", "kernel", kernel);
	if (image == NULL)
		fail(error, "the image's path is no valid UTF-8");
	else if (modules != NULL)
		json_object_set_new(image, "modules", json_string(modules));
	return image;
}

json_t *xb_request_side(const char *text, char *const *patches, char *const *kconfig,
			GError **error)
{
	g_autoptr(json_t) side = json_object();
	bool image = g_str_has_prefix(text, IMAGE_PREFIX);
	json_t *files;

	if (*text == '\0' || !g_utf8_validate(text, -1, NULL)) {
		fail(error, "a revision is empty or no valid UTF-8");
		return NULL;
	}
	if (image &&
	    ((patches != NULL && *patches != NULL) || (kconfig != NULL && *kconfig != NULL))) {
		fail(error, "%s is built already: patches and kernel configs cannot change it",
		     text);
		return NULL;
	}
	if (image) {
		json_t *object = image_of(text + strlen(IMAGE_PREFIX), NULL, error);

		if (object == NULL)
			return NULL;
		json_object_set_new(side, "image", object);
		return g_steal_pointer(&side);
	}
	json_object_set_new(side, "rev", json_string(text));
	files = xb_request_files(patches, error);
	if (files == NULL)
		return NULL;
	json_object_set_new(side, "patches", files);
	files = xb_request_files(kconfig, error);
	if (files == NULL)
		return NULL;
	json_object_set_new(side, "kconfig", files);
	return g_steal_pointer(&side);
}

bool xb_request_numbered(const char *option, const char *text, guint n, guint *side,
			 const char **rest, GError **error)
{
	char *end = NULL;
	guint64 number = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &end, 10) : G_MAXUINT64;

	if (number >= n || *end != ':' || end[1] == '\0')
		return fail(error,
			    "%s %s: write N:VALUE, where N is 0 for the base and 1 to %u for the "
			    "variants",
			    option, text, n - 1);
	*side = (guint)number;
	*rest = end + 1;
	return true;
}

static json_t *image_line(char *line, const char *base, GError **error)
{
	char *label = line + strcspn(line, " \t");
	g_autofree char *name = NULL;
	json_t *image;

	if (*label != '\0') {
		*label++ = '\0';
		label = g_strstrip(label);
	}
	if (g_str_has_prefix(line, IMAGE_PREFIX))
		line += strlen(IMAGE_PREFIX);
	image = image_of(line, base, error);
	if (image == NULL)
		return NULL;
	name = *label != '\0'
		       ? g_strdup(label)
		       : g_path_get_basename(json_string_value(json_object_get(image, "kernel")));
	if (json_object_set_new(image, "label", json_string(name)) != 0) {
		json_decref(image);
		fail(error, "a label is no valid UTF-8");
		return NULL;
	}
	return image;
}

json_t *xb_request_images(const char *path, GError **error)
{
	g_autoptr(json_t) images = json_array();
	g_autoptr(GError) local = NULL;
	g_autofree char *content = NULL, *full = absolute(path, NULL), *base = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(full, &content, NULL, &local)) {
		fail(error, "%s", local->message);
		return NULL;
	}
	base = g_path_get_dirname(full);
	lines = g_strsplit(content, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		char *line = g_strstrip(lines[i]);
		json_t *image;

		if (*line == '\0' || *line == '#')
			continue;
		image = image_line(line, base, error);
		if (image == NULL) {
			g_prefix_error(error, "%s, line %u: ", path, i + 1);
			return NULL;
		}
		json_array_append_new(images, image);
	}
	if (json_array_size(images) < 2) {
		fail(error, "%s lists %zu image(s): two at least are needed, the good one first",
		     path, json_array_size(images));
		return NULL;
	}
	return g_steal_pointer(&images);
}

char *xb_request_repo(const char *option)
{
	if (strchr(option, '/') != NULL || g_file_test(option, G_FILE_TEST_IS_DIR))
		return absolute(option, NULL);
	return g_strdup(option);
}
