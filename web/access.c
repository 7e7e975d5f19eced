/* SPDX-License-Identifier: GPL-2.0-or-later */
/* access.c - see access.h. */
#include "access.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define COOKIE    "xbisect"
#define TOKEN_MIN 16
#define TOKEN_MAX 1024

static void fail(GError **error, const char *path, const char *what)
{
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", path, what);
}

char *xb_access_token(const char *path, GError **error)
{
	char text[TOKEN_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t length = -1;

	if (fd < 0) {
		fail(error, path, g_strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		fail(error, path, "not a regular file");
	else if (st.st_mode & 077)
		fail(error, path, "others may read it: chmod 600");
	else if (st.st_uid != getuid())
		fail(error, path, "it belongs to another user");
	else if ((length = read(fd, text, TOKEN_MAX)) < 0)
		fail(error, path, g_strerror(errno));
	close(fd);
	if (length < 0)
		return NULL;
	text[length] = '\0';
	g_strstrip(text);
	if (strlen(text) < TOKEN_MIN) {
		fail(error, path, "the token is too short: make one with xbisect-web --new-token");
		return NULL;
	}
	return g_strdup(text);
}

char *xb_access_new_token(const char *path, GError **error)
{
	g_autofree char *partial = g_strconcat(path, ".new", NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned char bytes[24];
	bool fine;
	int fd;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
		fail(error, path, "no random bytes");
		return NULL;
	}
	for (gsize i = 0; i < sizeof(bytes); i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	g_unlink(partial);
	fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	fine = fd >= 0 && write(fd, text->str, text->len) == (ssize_t)text->len &&
	       write(fd, "\n", 1) == 1 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (!fine || g_rename(partial, path) != 0) {
		fail(error, path, g_strerror(errno));
		g_unlink(partial);
		return NULL;
	}
	return g_strdup(text->str);
}

/* Of equal lengths, whatever goes in; so the comparison has one length too. */
static char *digest(const char *key, const char *text)
{
	return g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)key, strlen(key), text,
					 -1);
}

static bool same(const char *a, const char *b)
{
	g_autofree char *x = digest("compare", a), *y = digest("compare", b);
	unsigned char difference = 0;

	for (gsize i = 0; x[i] && y[i]; i++)
		difference |= (unsigned char)(x[i] ^ y[i]);
	return difference == 0;
}

bool xb_access_is_token(const char *token, const char *shown)
{
	return token && shown && same(token, shown);
}

char *xb_access_cookie(const char *token)
{
	g_autofree char *session = token ? digest(token, "session 1") : g_strdup("");

	return g_strdup_printf(COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d", session,
			       token ? 30 * 86400 : 0);
}

XbAccess xb_access_of(const char *token, const XbWebRequest *request)
{
	const char *header = xb_web_header(request, "authorization");
	g_autofree char *cookie = xb_web_cookie(request, COOKIE);
	g_autofree char *session = token ? digest(token, "session 1") : NULL;

	if (!token)
		return XB_ACCESS_NONE;
	if (header && g_ascii_strncasecmp(header, "Bearer ", 7) == 0 && same(token, header + 7))
		return XB_ACCESS_BEARER;
	return cookie && same(session, cookie) ? XB_ACCESS_COOKIE : XB_ACCESS_NONE;
}

/* "[::1]:80", "name:80", "name" without the port; caller frees. */
static char *without_port(const char *host)
{
	const char *end = *host == '[' ? strchr(host, ']') : NULL;

	if (end)
		return g_strndup(host + 1, (gsize)(end - host - 1));
	return g_strndup(host, strcspn(host, ":"));
}

bool xb_access_host_is_ours(const XbWebConfig *config, const char *host)
{
	g_autofree char *name = host ? without_port(host) : NULL;
	g_autoptr(GInetAddress) address = name ? g_inet_address_new_from_string(name) : NULL;
	g_auto(GStrv) names = g_strsplit(config->names ? config->names : "", ";", -1);

	if (!name || address)
		return address != NULL; /* nobody's name points to an address */
	if (g_ascii_strcasecmp(name, "localhost") == 0)
		return true;
	for (guint i = 0; names[i]; i++)
		if (*name && g_ascii_strcasecmp(g_strstrip(names[i]), name) == 0)
			return true;
	return false;
}

bool xb_access_origin_is_ours(const XbWebRequest *request)
{
	const char *origin = xb_web_header(request, "origin");
	const char *host = xb_web_header(request, "host");
	const char *scheme = origin ? strstr(origin, "://") : NULL;

	if (!scheme || !host)
		return false;
	return (g_str_has_prefix(origin, "http://") || g_str_has_prefix(origin, "https://")) &&
	       g_ascii_strcasecmp(scheme + 3, host) == 0;
}
