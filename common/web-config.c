/* SPDX-License-Identifier: GPL-2.0-or-later */
/* web-config.c - see web-config.h. */
#include "web-config.h"

#include <gio/gio.h>
#include <string.h>

#include "control.h"

#define LISTEN_DEFAULT  "127.0.0.1:8347"
#define VIEWERS_DEFAULT 1000

#define AT(member) offsetof(XbWebConfig, member)

static const XbKeySpec web_keys[] = {
	{ "listen", XB_VALUE_STRING, AT(listen), 0, 0, NULL },
	{ "names", XB_VALUE_STRING, AT(names), 0, 0, NULL },
	{ "token_file", XB_VALUE_PATH, AT(token_file), 0, 0, NULL },
	{ "read", XB_VALUE_WORD, AT(read), 0, 0, "open|token" },
	{ "user", XB_VALUE_STRING, AT(user), 0, 0, NULL },
	{ "assets", XB_VALUE_DIRECTORY, AT(assets), 0, 0, NULL },
	{ "viewers", XB_VALUE_INTEGER, AT(viewers), 1, 100000, NULL },
	{ "boot_listen", XB_VALUE_STRING, AT(boot_listen), 0, 0, NULL },
	{ "boot_dir", XB_VALUE_DIRECTORY, AT(boot_dir), 0, 0, NULL },
	{ 0 },
};

bool xb_web_listen_parse(const char *text, char **address, int *port)
{
	const char *colon = strrchr(text, ':');
	gsize length = colon ? (gsize)(colon - text) : 0;
	g_autofree char *host = g_strndup(text, length);
	g_autoptr(GInetAddress) parsed = NULL;
	guint64 number;

	if (length == 0 || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &number, NULL))
		return false;
	if (host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		memmove(host, host + 1, length - 1);
	}
	parsed = g_inet_address_new_from_string(host);
	if (!parsed)
		return false;
	*address = g_steal_pointer(&host);
	*port = (int)number;
	return true;
}

static bool check_address(const XbConfigGroup *group, const char *key, const char *value,
			  GError **error)
{
	g_autofree char *address = NULL;
	int port;

	return !value || xb_web_listen_parse(value, &address, &port) ||
	       xb_config_fail(error, group, key,
			      "\"%s\" is no ADDRESS:PORT, such as %s or [::1]:8347", value,
			      LISTEN_DEFAULT);
}

bool xb_web_config_take(XbWebConfig *config, const XbConfigGroup *group, GError **error)
{
	if (!xb_config_store(group, web_keys, config, error) ||
	    !check_address(group, "listen", config->listen, error) ||
	    !check_address(group, "boot_listen", config->boot_listen, error))
		return false;
	if (!config->boot_listen != !config->boot_dir)
		return xb_config_fail(error, group, config->boot_dir ? "boot_dir" : "boot_listen",
				      "boot_listen= and boot_dir= go together: the address, and "
				      "the folder that is served there");
	return true;
}

static bool take_daemon(XbWebConfig *config, const XbConfigGroup *group, GError **error)
{
	static const XbKeySpec keys[] = {
		{ "state_dir", XB_VALUE_PATH, AT(state_dir), 0, 0, NULL },
		{ "socket", XB_VALUE_PATH, AT(socket), 0, 0, NULL },
		{ 0 },
	};

	for (guint i = 0; i < group->entries->len; i++) {
		const XbConfigEntry *entry = group->entries->pdata[i];
		const XbKeySpec *spec = xb_key_find(keys, entry->key);
		g_autofree char *value = NULL;

		if (!spec)
			continue; /* the daemon's to check */
		value = xb_config_check(group, entry, spec, error);
		if (!value)
			return false;
		xb_value_store(spec, value, config);
	}
	return true;
}

bool xb_web_config_load(XbWebConfig *config, const char *path, GError **error)
{
	g_autoptr(GPtrArray) groups = xb_config_groups_new();

	if (path && !xb_config_read_files(path, groups, error))
		return false;
	for (guint i = 0; i < groups->len; i++) {
		const XbConfigGroup *group = groups->pdata[i];

		if (g_str_equal(group->name, "web") && !xb_web_config_take(config, group, error))
			return false;
		if (g_str_equal(group->name, "daemon") && !take_daemon(config, group, error))
			return false;
	}
	if (!config->state_dir)
		config->state_dir = xb_default_state_dir();
	if (!config->socket)
		config->socket = xb_default_socket(config->state_dir);
	if (!config->listen)
		config->listen = g_strdup(LISTEN_DEFAULT);
	if (!config->read)
		config->read = g_strdup("open");
	if (!config->token_file)
		config->token_file = g_build_filename(config->state_dir, "web.token", NULL);
	if (!config->viewers)
		config->viewers = VIEWERS_DEFAULT;
	return true;
}

void xb_web_config_clear(XbWebConfig *config)
{
	g_free(config->listen);
	g_free(config->names);
	g_free(config->token_file);
	g_free(config->read);
	g_free(config->user);
	g_free(config->assets);
	g_free(config->boot_listen);
	g_free(config->boot_dir);
	g_free(config->state_dir);
	g_free(config->socket);
	*config = (XbWebConfig){ 0 };
}
