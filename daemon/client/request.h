/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request.h - what the user typed as members of a request (control.h).
 * Files that shape a variant are read here and travel as content; paths are
 * sent absolute, because the daemon's directory is another.
 */
#ifndef XB_REQUEST_H
#define XB_REQUEST_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#define XB_REQUEST_FILE_MAX (8 * 1024 * 1024) /* bytes of one patch or fragment */

#define XB_REQUEST_ERROR xb_request_error_quark()
GQuark xb_request_error_quark(void);

/* "A..B" -> A and B; "A.." ends at HEAD. Caller frees both. */
bool xb_request_range(const char *text, char **good, char **bad, GError **error);

/* SIDE: a revision, or "image:PATH[:modules-dir]", with its patches and
 * fragments (NULL-terminated lists of file names, or NULL). */
json_t *xb_request_side(const char *text, char *const *patches, char *const *kconfig,
			GError **error);

/* "N:VALUE" of @option -> @side N, below @n, and VALUE within @text. */
bool xb_request_numbered(const char *option, const char *text, guint n, guint *side,
			 const char **rest, GError **error);

/* [{"name","content"}] of the files; an empty array for NULL. */
json_t *xb_request_files(char *const *paths, GError **error);

/*
 * The list of --images: one image a line, good first, "PATH[:MODULES-DIR]
 * [LABEL]"; empty lines and lines that begin with # are left out. Relative
 * paths are relative to the list. [{"label","kernel","modules"}].
 */
json_t *xb_request_images(const char *path, GError **error);

/* "repo" of a request, from --repo: a directory as an absolute path, else the
 * name of a configured repository. Caller frees. */
char *xb_request_repo(const char *option);

#endif
