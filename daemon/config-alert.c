/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-alert.c - [alert NAME]: whom to tell of what, and how.
 */
#include <math.h>
#include <string.h>

#include "config-group.h"
#include "text.h"

#define AT(member) offsetof(XbAlertConfig, member)

/* Of each kind: what the daemon decides by. The rest goes to the worker. */
static const XbKeySpec daemon_keys[] = {
	{ "kind", XB_VALUE_WORD, AT(kind), 0, 0, "smtp|webhook" },
	{ "min_effect", XB_VALUE_STRING, 0, 0, 0, NULL }, /* checked by take_effect() */
	{ "improvements", XB_VALUE_WORD, 0, 0, 0, "yes|no" },
	{ "events", XB_VALUE_STRING, 0, 0, 0, NULL }, /* checked by take_events() */
	{ "digest", XB_VALUE_DURATION, AT(digest_s), 0, 0, NULL },
	{ "retry", XB_VALUE_DURATION, AT(retry_s), 0, 0, NULL },
	{ "give_up", XB_VALUE_DURATION, AT(give_up_s), 0, 0, NULL },
	{ "link", XB_VALUE_STRING, AT(link), 0, 0, NULL },
	{ 0 },
};

static const XbKeySpec common_keys[] = {
	{ "ca_file", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ "proxy", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "timeout", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ 0 },
};

static const XbKeySpec smtp_keys[] = {
	{ "server", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "tls", XB_VALUE_WORD, 0, 0, 0, "starttls|always|none" },
	{ "from", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "to", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "user", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "password_file", XB_VALUE_SECRET, 0, 0, 0, NULL },
	{ 0 },
};

static const XbKeySpec webhook_keys[] = {
	{ "url", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "url_file", XB_VALUE_SECRET, 0, 0, 0, NULL },
	{ "secret_file", XB_VALUE_SECRET, 0, 0, 0, NULL },
	{ "template", XB_VALUE_WORD, 0, 0, 0, "json|slack|googlechat|mattermost|discord|teams" },
	{ 0 },
};

static const struct {
	const char *word;
	XbAlertEvents event;
} event_words[] = {
	{ "culprit", XB_ALERT_ON_CULPRIT },
	{ "range", XB_ALERT_ON_RANGE },
	{ "fixed", XB_ALERT_ON_FIXED },
	{ "host", XB_ALERT_ON_HOST },
};

void xb_config_free_alert(void *data)
{
	XbAlertConfig *alert = data;

	g_free(alert->name);
	g_free(alert->kind);
	g_free(alert->link);
	json_decref(alert->settings);
	g_free(alert);
}

static bool take_effect(XbAlertConfig *alert, const XbConfigGroup *group, const char *text,
			GError **error)
{
	if (xb_parse_fraction(text, &alert->min_effect))
		return true;
	return xb_config_fail(error, group, "min_effect",
			      "\"%s\" is not a part such as 2%% or 0.02", text);
}

static bool take_events(XbAlertConfig *alert, const XbConfigGroup *group, const char *text,
			GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, ";", -1);

	alert->events = 0;
	alert->events_named = true;
	for (char **word = words; *word != NULL; word++) {
		guint i = 0;

		g_strstrip(*word);
		if (**word == '\0')
			continue;
		while (i < G_N_ELEMENTS(event_words) && !g_str_equal(event_words[i].word, *word))
			i++;
		if (i == G_N_ELEMENTS(event_words))
			return xb_config_fail(error, group, "events",
					      "\"%s\" is not culprit, range, fixed or host", *word);
		alert->events |= event_words[i].event;
	}
	return alert->events != 0 || xb_config_fail(error, group, "events", "it names none");
}

/* An address is looked at again where a mail is made; here a slip of the pen is found. */
static bool has_address(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at > text && at[1] != '\0' && strpbrk(text, "\r\n") == NULL;
}

static bool take_recipients(XbAlertConfig *alert, const XbConfigGroup *group, const char *text,
			    GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, ";", -1);
	json_t *list = json_array();

	json_object_set_new(alert->settings, "to", list);
	for (char **word = words; *word != NULL; word++) {
		g_strstrip(*word);
		if (**word == '\0')
			continue;
		if (!has_address(*word))
			return xb_config_fail(error, group, "to", "\"%s\" is no address", *word);
		json_array_append_new(list, json_string(*word));
	}
	return json_array_size(list) > 0 || xb_config_fail(error, group, "to", "it names nobody");
}

static bool take_worker_key(XbAlertConfig *alert, const XbConfigGroup *group,
			    const XbConfigEntry *entry, GError **error)
{
	bool mail = g_str_equal(alert->kind, "smtp");
	const XbKeySpec *spec = xb_key_find(mail ? smtp_keys : webhook_keys, entry->key);
	g_autofree char *value = NULL;

	if (spec == NULL)
		spec = xb_key_find(common_keys, entry->key);
	if (spec == NULL)
		return xb_config_fail(error, group, entry->key, "there is no such key for kind=%s",
				      alert->kind);
	if (g_str_equal(entry->key, "to"))
		return take_recipients(alert, group, entry->value, error);
	if (g_str_equal(entry->key, "from") && !has_address(entry->value))
		return xb_config_fail(error, group, "from", "\"%s\" is no address", entry->value);
	value = xb_config_check(group, entry, spec, error);
	if (value == NULL)
		return false;
	if (spec->type == XB_VALUE_DURATION) {
		double seconds = 0;

		xb_parse_duration(value, &seconds);
		json_object_set_new(alert->settings, "timeout_s", json_real(seconds));
	} else {
		json_object_set_new(alert->settings, entry->key, json_string(value));
	}
	return true;
}

static bool take_entry(XbAlertConfig *alert, const XbConfigGroup *group, const XbConfigEntry *entry,
		       GError **error)
{
	const XbKeySpec *spec = xb_key_find(daemon_keys, entry->key);
	g_autofree char *value = NULL;

	if (spec == NULL)
		return take_worker_key(alert, group, entry, error);
	if (g_str_equal(entry->key, "min_effect"))
		return take_effect(alert, group, entry->value, error);
	if (g_str_equal(entry->key, "events"))
		return take_events(alert, group, entry->value, error);
	value = xb_config_check(group, entry, spec, error);
	if (value == NULL)
		return false;
	if (g_str_equal(entry->key, "improvements"))
		alert->improvements = g_str_equal(value, "yes");
	else
		xb_value_store(spec, value, alert);
	return true;
}

static bool require(const XbAlertConfig *alert, const XbConfigGroup *group, const char *key,
		    GError **error)
{
	if (json_object_get(alert->settings, key) != NULL)
		return true;
	return xb_config_fail(error, group, key, "it is missing; kind=%s needs it", alert->kind);
}

/* A URL of one of two schemes. */
static bool check_url(const XbAlertConfig *alert, const XbConfigGroup *group, const char *key,
		      const char *plain, const char *secure, GError **error)
{
	const char *url = json_string_value(json_object_get(alert->settings, key));

	if (url == NULL || g_str_has_prefix(url, plain) || g_str_has_prefix(url, secure))
		return true;
	return xb_config_fail(error, group, key, "\"%s\" does not begin with %s or %s", url, plain,
			      secure);
}

static bool is_here(const char *url)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
	const char *host = strstr(url, "://") + 3;

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		gsize length = strlen(names[i]);

		if (g_str_has_prefix(host, names[i]) && strchr(":/", host[length]) != NULL)
			return true;
	}
	return false;
}

static bool check_whole(const XbAlertConfig *alert, const XbConfigGroup *group, GError **error)
{
	bool user = json_object_get(alert->settings, "user") != NULL;

	if (g_str_equal(alert->kind, "webhook")) {
		if (json_object_get(alert->settings, "url_file") == NULL &&
		    !require(alert, group, "url", error))
			return false;
		return check_url(alert, group, "url", "http://", "https://", error);
	}
	if (!require(alert, group, "server", error) || !require(alert, group, "from", error) ||
	    !require(alert, group, "to", error) ||
	    !check_url(alert, group, "server", "smtp://", "smtps://", error))
		return false;
	if (user != (json_object_get(alert->settings, "password_file") != NULL))
		return xb_config_fail(error, group, user ? "password_file" : "user",
				      "it is missing: a user has a password, and a password a "
				      "user");
	if (user &&
	    g_strcmp0(json_string_value(json_object_get(alert->settings, "tls")), "none") == 0 &&
	    !is_here(json_string_value(json_object_get(alert->settings, "server"))))
		return xb_config_fail(error, group, "tls",
				      "without it the password would go over the network for all "
				      "to read");
	return true;
}

bool xb_config_take_alert(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	const XbConfigEntry *kind = xb_config_entry(group, "kind");
	XbAlertConfig *alert = g_new0(XbAlertConfig, 1);

	alert->name = g_strdup(group->label);
	alert->kind = g_strdup(kind != NULL ? kind->value : "smtp");
	alert->min_effect = 0.01;
	alert->retry_s = 30;
	alert->give_up_s = 5 * 86400;
	alert->events = XB_ALERT_ON_CULPRIT | XB_ALERT_ON_FIXED | XB_ALERT_ON_HOST;
	alert->settings = json_pack("{s:s}", "name", group->label);
	g_ptr_array_add(config->alerts, alert);
	for (guint i = 0; i < group->entries->len; i++) {
		if (!take_entry(alert, group, group->entries->pdata[i], error))
			return false;
	}
	json_object_set_new(alert->settings, "kind", json_string(alert->kind));
	return check_whole(alert, group, error);
}

/* A list of developers does not care for a host's power supply where somebody else does: when one
 * [alert] names host among its events, those that name none hear of culprits only. */
void xb_config_complete_alerts(XbConfig *config)
{
	bool named = false;

	for (guint i = 0; i < config->alerts->len; i++) {
		const XbAlertConfig *alert = config->alerts->pdata[i];
		named |= alert->events_named && (alert->events & XB_ALERT_ON_HOST);
	}
	for (guint i = 0; named && i < config->alerts->len; i++) {
		XbAlertConfig *alert = config->alerts->pdata[i];
		if (!alert->events_named)
			alert->events &= ~(guint)XB_ALERT_ON_HOST;
	}
}

const XbAlertConfig *xb_config_alert(const XbConfig *config, const char *name)
{
	for (guint i = 0; i < config->alerts->len; i++) {
		const XbAlertConfig *alert = config->alerts->pdata[i];

		if (g_strcmp0(alert->name, name) == 0)
			return alert;
	}
	return NULL;
}
