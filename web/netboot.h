/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netboot.h - the folder that lab machines boot from, over HTTP: what firmware, iPXE and GRUB ask
 * for (GET and HEAD of one file, or of its rest), and nothing else. On an address of its own and
 * without a token, as a machine that boots has none.
 */
#ifndef XB_NETBOOT_H
#define XB_NETBOOT_H

#include <gio/gio.h>
#include <stdbool.h>

typedef struct XbNetboot XbNetboot;

/*
 * Serves the regular files beneath @dir on @listener (a copy of its descriptor is kept), by a
 * thread of its own. No name leads out of @dir, and none that begins with a dot is served: such
 * are files that are not finished, and locks. NULL with @error.
 */
XbNetboot *xb_netboot_new(const char *dir, GSocket *listener, GError **error);
void xb_netboot_free(XbNetboot *self);

/*
 * What the header "Range: @text" asks for of a file of @size bytes: false when the whole file is
 * to be sent (no header, or one of a kind that may be ignored, RFC 9110 section 14.2); else from
 * *@first to *@last, both included. Nothing of it is in the file when *@first >= @size.
 */
bool xb_netboot_range(const char *text, guint64 size, guint64 *first, guint64 *last);

/* The path below the folder that @url (decoded, "/lab1/boot.ipxe") names; NULL when it is none. */
const char *xb_netboot_name(const char *url);

#endif
