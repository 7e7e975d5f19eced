/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * known-hosts.c - the keys of hosts; see known-hosts.h.
 */
#include "known-hosts.h"

#include <stdbool.h>
#include <string.h>

/* "|1|SALT|HASH", both base64: HMAC-SHA1 of the name with the salt as its key. */
static bool is_hashed_name(const char *pattern, const char *name)
{
	g_auto(GStrv) parts = g_strsplit(pattern + strlen("|1|"), "|", 3);
	g_autofree guchar *salt = NULL, *wanted = NULL;
	gsize salt_length, wanted_length, length = 20;
	guint8 digest[20];
	GHmac *hmac;
	bool same;

	if (g_strv_length(parts) != 2)
		return false;
	salt = g_base64_decode(parts[0], &salt_length);
	wanted = g_base64_decode(parts[1], &wanted_length);
	hmac = g_hmac_new(G_CHECKSUM_SHA1, salt, salt_length);
	g_hmac_update(hmac, (const guchar *)name, -1);
	g_hmac_get_digest(hmac, digest, &length);
	g_hmac_unref(hmac);
	same = wanted_length == length && memcmp(wanted, digest, length) == 0;
	return same;
}

/* One of the names of a line, divided by commas; one with ! takes the line out. */
static bool names_host(const char *names, const char *name)
{
	g_auto(GStrv) patterns = g_strsplit(names, ",", -1);
	bool found = false;

	for (char **pattern = patterns; *pattern != NULL; pattern++) {
		bool negated = **pattern == '!';
		const char *text = *pattern + negated;
		bool same = g_str_has_prefix(text, "|1|") ? is_hashed_name(text, name)
							  : g_pattern_match_simple(text, name);

		if (same && negated)
			return false;
		found |= same;
	}
	return found;
}

static bool is_key(const char *base64, const guchar *key, gsize length)
{
	gsize have = 0;
	g_autofree guchar *bytes = g_base64_decode(base64, &have);

	return have == length && length > 0 && memcmp(bytes, key, length) == 0;
}

/* A line's fields without empty ones: "[@marker] names type key". */
static GPtrArray *fields_of(char *line)
{
	GPtrArray *fields = g_ptr_array_new();

	for (char *at = strtok_r(line, " \t\r", &line); at != NULL;
	     at = strtok_r(NULL, " \t\r", &line))
		g_ptr_array_add(fields, at);
	return fields;
}

XbKnownHost xb_known_hosts_look(const char *text, const char *host, guint port, const guchar *key,
				gsize length)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *lower = g_ascii_strdown(host, -1);
	g_autofree char *name =
		port == 0 || port == 22 ? g_strdup(lower) : g_strdup_printf("[%s]:%u", lower, port);
	XbKnownHost answer = XB_KNOWN_HOST_UNKNOWN;

	for (char **line = lines; *line != NULL; line++) {
		g_autoptr(GPtrArray) fields = NULL;
		const char *marker;
		guint first;

		/* what matches patterns needs UTF-8 */
		if (**line == '#' || !g_utf8_validate(*line, -1, NULL))
			continue;
		fields = fields_of(*line);
		first = fields->len > 0 && *(char *)fields->pdata[0] == '@';
		marker = first ? fields->pdata[0] : "";
		/* certificates of hosts are not understood here */
		if (fields->len < first + 3 || strcmp(marker, "@cert-authority") == 0 ||
		    !names_host(fields->pdata[first], name))
			continue;
		if (is_key(fields->pdata[first + 2], key, length)) {
			if (strcmp(marker, "@revoked") == 0)
				return XB_KNOWN_HOST_REVOKED;
			answer = XB_KNOWN_HOST_MATCH;
		} else if (answer == XB_KNOWN_HOST_UNKNOWN && *marker == '\0') {
			answer = XB_KNOWN_HOST_OTHER;
		}
	}
	return answer;
}
