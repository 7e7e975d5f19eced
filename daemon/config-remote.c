/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-remote.c - [remote NAME]: credentials for the repositories of watched
 * branches.
 */
#include <string.h>

#include "config-group.h"

static const XbKeySpec remote_keys[] = {
	{ "match", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "user", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "password_file", XB_VALUE_SECRET, 0, 0, 0, NULL },
	{ "ssh_key", XB_VALUE_SECRET, 0, 0, 0, NULL },
	{ "ssh_key_password_file", XB_VALUE_SECRET, 0, 0, 0, NULL },
	{ "known_hosts", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ "ca_file", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ 0 },
};

void xb_config_free_remote(void *data)
{
	XbRemoteConfig *remote = data;

	g_free(remote->name);
	g_free(remote->match);
	json_decref(remote->settings);
	g_free(remote);
}

bool xb_config_take_remote(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	XbRemoteConfig *remote = g_new0(XbRemoteConfig, 1);

	remote->name = g_strdup(group->label);
	remote->settings = json_object();
	g_ptr_array_add(config->remotes, remote);
	for (guint i = 0; i < group->entries->len; i++) {
		const XbConfigEntry *entry = group->entries->pdata[i];
		g_autofree char *value = xb_config_look_up(group, entry, remote_keys, NULL, error);

		if (value == NULL)
			return false;
		if (g_str_equal(entry->key, "match"))
			remote->match = g_steal_pointer(&value);
		else
			json_object_set_new(remote->settings, entry->key, json_string(value));
	}
	if (remote->match == NULL || strstr(remote->match, "://") == NULL)
		return xb_config_fail(error, group, "match",
				      "it must be the beginning of URLs, such as "
				      "https://git.example.org/");
	return true;
}

/* "https://git.example.org" lets nobody into https://git.example.org.elsewhere/ or
 * https://git.example.org@elsewhere/: what follows begins a part of the path. */
static bool matches(const char *match, const char *url)
{
	size_t length = strlen(match);

	return g_str_has_prefix(url, match) &&
	       (match[length - 1] == '/' || url[length] == '/' || url[length] == '\0');
}

const XbRemoteConfig *xb_config_remote(const XbConfig *config, const char *url)
{
	const XbRemoteConfig *best = NULL;

	for (guint i = 0; i < config->remotes->len; i++) {
		const XbRemoteConfig *remote = config->remotes->pdata[i];

		if (matches(remote->match, url) &&
		    (best == NULL || strlen(remote->match) > strlen(best->match)))
			best = remote;
	}
	return best;
}
