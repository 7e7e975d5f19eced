/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * known-hosts.h - is this the key of that host? A file as ssh keeps it
 * (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): names, patterns with * and ?, names
 * with a port, hashed names. Pure.
 */
#ifndef XB_KNOWN_HOSTS_H
#define XB_KNOWN_HOSTS_H

#include <glib.h>

typedef enum {
	XB_KNOWN_HOST_UNKNOWN, /* the file has no key for the host */
	XB_KNOWN_HOST_MATCH,
	XB_KNOWN_HOST_OTHER, /* it has keys for the host, and this is none of them */
	XB_KNOWN_HOST_REVOKED,
} XbKnownHost;

/* @key: the public key in SSH's wire format, as in the file's base64. @port 0: 22. */
XbKnownHost xb_known_hosts_look(const char *text, const char *host, guint port, const guchar *key,
				gsize length);

#endif
