/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-host.c - [host NAME]: the keys of each driver. To add a driver, add its table.
 */
#include "config-group.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Of each driver; the driver's own follow in its table. */
static const XbKeySpec host_keys[] = {
	{ "driver", XB_VALUE_WORD, 0, 0, 0, "qemu|ssh|command|null" },
	{ "known_good", XB_VALUE_STRING, 0, 0, 0, NULL }, /* checked by check_known_good() */
	{ "deadline", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "deterministic", XB_VALUE_WORD, 0, 0, 0, "yes|no" },
	{ 0 },
};

/* Of each driver, too: the daemon's own affair, which the worker is not told. */
static const XbKeySpec pool_keys[] = {
	{ "recover", XB_VALUE_WORD, 0, 0, 0, "yes|no" },
	{ "health_every", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "labels", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ 0 },
};
#define LABEL_PREFIX "label."

#define LAB_DEADLINE_S      1800 /* of a run on a lab machine, which may be several boots */
#define LAB_BOOT_DEADLINE_S 300  /* as xbisect-run has it */
#define LAB_BOOT_MARGIN_S   60

static const XbKeySpec qemu_keys[] = {
	{ "xen", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ "qemu", XB_VALUE_PROGRAM, 0, 0, 0, NULL },
	{ "cpu", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "memory", XB_VALUE_SIZE, 0, 0, 0, NULL },
	{ "dom0_mem", XB_VALUE_SIZE, 0, 0, 0, NULL },
	{ "qemu_args", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "xen_args", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "kernel_args", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "icount", XB_VALUE_WORD, 0, 0, 0, "yes|no" },
	{ "icount_shift", XB_VALUE_INTEGER, 0, 0, 10, NULL },
	{ "dom0", XB_VALUE_PROGRAM, 0, 0, 0, NULL },
	{ "smp", XB_VALUE_INTEGER, 0, 1, 64, NULL },
	{ "kernel", XB_VALUE_WORD, 0, 0, 0, "elf|bzimage" },
	{ "silence", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "sandbox", XB_VALUE_WORD, 0, 0, 0, "bwrap|none" },
	{ "profile", XB_VALUE_WORD, 0, 0, 0, "stacks|flat|no" },
	{ "xen_symbols", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ 0 },
};

/* A machine in a lab. What goes with what is checked by xbisect-run. */
static const XbKeySpec ssh_keys[] = {
	{ "address", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "port", XB_VALUE_INTEGER, 0, 1, 65535, NULL },
	{ "ssh_user", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "ssh_key_file", XB_VALUE_SECRET, 0, 0, 0, NULL },
	{ "ssh_options", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "known_hosts", XB_VALUE_PATH, 0, 0, 0, NULL },
	{ "power", XB_VALUE_WORD, 0, 0, 0, "none|command|ipmi|pdu" },
	{ "power_on", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "power_off", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "power_cycle", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "power_status", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "power_pause", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "power_deadline", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "ipmi_address", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "ipmi_port", XB_VALUE_INTEGER, 0, 1, 65535, NULL },
	{ "ipmi_user", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "ipmi_password_file", XB_VALUE_SECRET, 0, 0, 0, NULL },
	{ "ipmi_interface", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "ipmi_cipher", XB_VALUE_INTEGER, 0, 0, 19, NULL },
	{ "pdu_url", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "pdu_name", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "pdu_outlet", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "console", XB_VALUE_WORD, 0, 0, 0, "none|command|ipmi|tcp|unix|device" },
	{ "console_command", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "console_stop", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "console_address", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "console_path", XB_VALUE_PATH, 0, 0, 0, NULL },
	{ "console_device", XB_VALUE_PATH, 0, 0, 0, NULL },
	{ "console_speed", XB_VALUE_INTEGER, 0, 300, 4000000, NULL },
	{ "boot", XB_VALUE_WORD, 0, 0, 0, "net|grub" },
	{ "root", XB_VALUE_WORD, 0, 0, 0, "initramfs|disk" },
	{ "net_dir", XB_VALUE_DIRECTORY, 0, 0, 0, NULL },
	{ "net_loader", XB_VALUE_WORD, 0, 0, 0, "ipxe|grub" },
	{ "net_script", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "net_known_good", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ "grub_dir", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "grub_known_good", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "grub_xen", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "boot_dir", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "work_dir", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "xen", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ "initrd", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ "xen_args", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "kernel_args", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "dom0", XB_VALUE_PROGRAM, 0, 0, 0, NULL },
	{ "ssh_deadline", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "boot_deadline", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "recover_deadline", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "silence", XB_VALUE_DURATION, 0, 0, 0, "0" },
	{ "lock_lease", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "settle", XB_VALUE_DURATION, 0, 0, 0, "0" },
	{ "settle_deadline", XB_VALUE_DURATION, 0, 0, 0, NULL },
	{ "settle_command", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "settle_console_rate", XB_VALUE_INTEGER, 0, 1, G_MAXINT, NULL },
	{ "governor", XB_VALUE_STRING, 0, 0, 0, NULL },
	{ "domains", XB_VALUE_WORD, 0, 0, 0, "refuse|stop|ignore" },
	{ "profile", XB_VALUE_WORD, 0, 0, 0, "traps|perf|no" },
	{ 0 },
};

static const XbKeySpec command_keys[] = {
	{ "command", XB_VALUE_COMMAND, 0, 0, 0, NULL },
	{ "fingerprint", XB_VALUE_STRING, 0, 0, 0, NULL }, /* stands for what the command hides */
	{ "profile", XB_VALUE_WORD, 0, 0, 0, "stacks|flat|no" },
	{ 0 },
};

static const XbKeySpec null_keys[] = {
	{ "table", XB_VALUE_FILE, 0, 0, 0, NULL },
	{ "mean", XB_VALUE_NUMBER, 0, 0, 0, NULL },
	{ "sd", XB_VALUE_NUMBER, 0, 0, 0, NULL },
	{ "boot_sd", XB_VALUE_NUMBER, 0, 0, 0, NULL },
	{ "boot_s", XB_VALUE_NUMBER, 0, 0, 0, NULL },
	{ "seed", XB_VALUE_INTEGER, 0, 0, G_MAXINT, NULL },
	{ 0 },
};

static const struct {
	const char *driver;
	const XbKeySpec *keys;
	const char *free_prefix; /* keys "PREFIX..." pass unchecked */
	const char *required;
} drivers[] = {
	{ "qemu", qemu_keys, NULL, NULL },
	{ "ssh", ssh_keys, "param.", "address" },
	{ "command", command_keys, "param.", "command" },
	{ "null", null_keys, NULL, NULL },
};

void xb_config_free_host(void *data)
{
	XbHostConfig *host = data;

	g_free(host->name);
	g_free(host->driver);
	g_free(host->known_good);
	g_free(host->labels);
	json_decref(host->settings);
	g_free(host);
}

/* "image:KERNEL[:MODULES]" with both absolute, or NULL with @error. */
static char *check_known_good(const XbConfigGroup *group, const XbConfigEntry *entry,
			      GError **error)
{
	static const XbKeySpec kernel = { .key = "", .type = XB_VALUE_FILE };
	static const XbKeySpec modules = { .key = "", .type = XB_VALUE_DIRECTORY };
	g_autofree char *directory = g_path_get_dirname(group->file);
	g_autofree char *problem = NULL;
	g_autofree char *first = NULL, *second = NULL;
	g_auto(GStrv) parts = NULL;

	if (!g_str_has_prefix(entry->value, "image:")) {
		xb_config_fail(error, group, entry->key,
			       "\"%s\" is not image:KERNEL or image:KERNEL:MODULES", entry->value);
		return NULL;
	}
	parts = g_strsplit(entry->value + strlen("image:"), ":", 2);
	first = xb_value_check(&kernel, directory, parts[0] != NULL ? parts[0] : "", &problem);
	if (first != NULL && parts[1] != NULL)
		second = xb_value_check(&modules, directory, parts[1], &problem);
	if (problem != NULL) {
		xb_config_fail(error, group, entry->key, "%s", problem);
		return NULL;
	}
	return g_strconcat("image:", first, second != NULL ? ":" : NULL, second, NULL);
}

/* Which table @key belongs to; NULL with @free_key when the driver takes any value. */
static const XbKeySpec *find_host_key(guint driver, const char *key, bool *free_key)
{
	const XbKeySpec *spec = xb_key_find(host_keys, key);
	const char *prefix = drivers[driver].free_prefix;

	if (spec == NULL)
		spec = xb_key_find(drivers[driver].keys, key);
	*free_key = spec == NULL && prefix != NULL && g_str_has_prefix(key, prefix) &&
		    xb_config_is_name(key + strlen(prefix));
	return spec;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One more KEY=VALUE: the labels of a host are in order, one for each key. */
static bool add_label(XbHostConfig *host, const XbConfigGroup *group, const char *key,
		      const char *label, GError **error)
{
	const char *equals = strchr(label, '=');
	g_autofree char *name = equals != NULL ? g_strndup(label, (gsize)(equals - label)) : NULL;
	g_autofree char *prefix = name != NULL ? g_strconcat(name, "=", NULL) : NULL;
	g_auto(GStrv) words = g_strsplit(*host->labels ? host->labels : label, " ", -1);
	guint n = g_strv_length(words);

	if (name == NULL || !xb_config_is_name(name) || !xb_config_is_name(equals + 1))
		return xb_config_fail(error, group, key,
				      "\"%s\" is not KEY=VALUE of letters, digits, . _ and -",
				      label);
	if (!*host->labels) {
		g_free(host->labels);
		host->labels = g_strdup(label);
		return true;
	}
	for (guint i = 0; i < n; i++)
		if (g_str_has_prefix(words[i], prefix))
			return xb_config_fail(error, group, key, "it has a label \"%s\" already",
					      words[i]);
	words = g_realloc(words, (n + 2) * sizeof(*words));
	words[n] = g_strdup(label);
	words[n + 1] = NULL;
	qsort(words, n + 1, sizeof(*words), compare_words);
	g_free(host->labels);
	host->labels = g_strjoinv(" ", words);
	return true;
}

static bool take_labels(XbHostConfig *host, const XbConfigGroup *group, const char *text,
			GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, ";", -1);

	for (char **word = words; *word != NULL; word++)
		if (*g_strstrip(*word) && !add_label(host, group, "labels", *word, error))
			return false;
	return true;
}

/* *@taken: the key is one of the pool's. */
static bool take_pool_entry(XbHostConfig *host, const XbConfigGroup *group,
			    const XbConfigEntry *entry, bool *taken, GError **error)
{
	const XbKeySpec *spec = xb_key_find(pool_keys, entry->key);
	g_autofree char *value = NULL;

	*taken = spec != NULL || g_str_has_prefix(entry->key, LABEL_PREFIX);
	if (*taken && spec == NULL) {
		value = g_strconcat(entry->key + strlen(LABEL_PREFIX), "=", entry->value, NULL);
		return add_label(host, group, entry->key, value, error);
	}
	if (spec == NULL)
		return true;
	value = xb_config_check(group, entry, spec, error);
	if (value == NULL)
		return false;
	if (g_str_equal(entry->key, "labels"))
		return take_labels(host, group, value, error);
	if (g_str_equal(entry->key, "recover"))
		host->recovers = g_str_equal(value, "yes");
	else
		xb_parse_duration(value, &host->health_every_s);
	return true;
}

static bool take_host_entry(XbHostConfig *host, guint driver, const XbConfigGroup *group,
			    const XbConfigEntry *entry, GError **error)
{
	static const XbKeySpec any = { .key = "", .type = XB_VALUE_STRING };
	bool free_key;
	const XbKeySpec *spec = find_host_key(driver, entry->key, &free_key);
	g_autofree char *value = NULL;
	bool taken;

	if (!take_pool_entry(host, group, entry, &taken, error))
		return false;
	if (taken)
		return true;
	if (spec == NULL && !free_key)
		return xb_config_fail(error, group, entry->key,
				      "there is no such key for driver=%s", host->driver);
	if (g_str_equal(entry->key, "known_good"))
		value = host->known_good = check_known_good(group, entry, error);
	else
		value = xb_config_check(group, entry, spec != NULL ? spec : &any, error);
	if (value == NULL)
		return false;
	if (value == host->known_good)
		value = g_strdup(value);
	if (g_str_equal(entry->key, "deadline"))
		xb_parse_duration(value, &host->deadline_s);
	xb_config_add_setting(host->settings, spec != NULL ? spec : &any, entry->key, value);
	return true;
}

static XbHostConfig *add_host(XbConfig *config, const char *name, const char *driver)
{
	XbHostConfig *host = g_new0(XbHostConfig, 1);

	host->name = g_strdup(name);
	host->driver = g_strdup(driver);
	host->labels = g_strdup("");
	host->recovers = g_str_equal(driver, "ssh");
	host->deadline_s = g_str_equal(driver, "ssh") ? LAB_DEADLINE_S : 300;
	host->settings = json_pack("{s:s,s:s}", "name", name, "driver", driver);
	g_ptr_array_add(config->hosts, host);
	return host;
}

/* What is left of the deadline after a boot that hangs must do to say so. */
static bool check_lab_deadline(const XbHostConfig *host, const XbConfigGroup *group, GError **error)
{
	const XbConfigEntry *entry = xb_config_entry(group, "boot_deadline");
	double boot_s = LAB_BOOT_DEADLINE_S;

	if (entry != NULL)
		xb_parse_duration(entry->value, &boot_s);
	if (host->deadline_s >= boot_s + LAB_BOOT_MARGIN_S)
		return true;
	return xb_config_fail(error, group, "deadline",
			      "%.0fs does not cover boot_deadline=%.0fs and a minute for the rest; "
			      "several boots and the workload are usual",
			      host->deadline_s, boot_s);
}

bool xb_config_take_host(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	const XbConfigEntry *said = xb_config_entry(group, "driver");
	XbHostConfig *host = add_host(config, group->label, said != NULL ? said->value : "qemu");
	const char *required;
	guint driver = 0;

	while (driver < G_N_ELEMENTS(drivers) && !g_str_equal(drivers[driver].driver, host->driver))
		driver++;
	if (driver == G_N_ELEMENTS(drivers))
		return xb_config_fail(error, group, "driver",
				      "\"%s\" is not qemu, ssh, command or null", host->driver);
	for (guint i = 0; i < group->entries->len; i++) {
		if (!take_host_entry(host, driver, group, group->entries->pdata[i], error))
			return false;
	}
	required = drivers[driver].required;
	if (required != NULL && xb_config_entry(group, required) == NULL)
		return xb_config_fail(error, group, required, "it is missing; driver=%s needs it",
				      host->driver);
	if (g_str_equal(host->driver, "ssh") && !check_lab_deadline(host, group, error))
		return false;
	if (host->health_every_s > 0 && host->known_good == NULL)
		return xb_config_fail(error, group, "health_every",
				      "it needs known_good=image:KERNEL, which is what is booted");
	return true;
}

void xb_config_default_host(XbConfig *config)
{
	add_host(config, "qemu", "qemu");
}
