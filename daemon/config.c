/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.c - what the groups and keys of the configuration mean, their
 * defaults, and looking things up; see config.h. To add a key, add a line to
 * its group's table; to add a group, add a line to group_specs.
 */
#include "config.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/un.h>

#include "config-group.h"
#include "control.h"
#include "text.h"

#define AT(member) offsetof(XbConfig, member)

/* ---- tables of keys ---------------------------------------------------------- */

static const XbKeySpec daemon_keys[] = {
	{ "state_dir", XB_VALUE_PATH, AT(state_dir), 0, 0, NULL },
	{ "socket", XB_VALUE_PATH, AT(socket), 0, 0, NULL },
	{ "artifact_limit", XB_VALUE_SIZE, AT(artifact_limit), 0, 0, NULL },
	{ "log_limit", XB_VALUE_SIZE, AT(log_limit), 0, 0, NULL },
	{ "ccache_limit", XB_VALUE_SIZE, AT(ccache_limit), 0, 0, NULL },
	{ "object_limit", XB_VALUE_SIZE, AT(object_limit), 0, 0, NULL },
	{ "blob_limit", XB_VALUE_SIZE, AT(blob_limit), 0, 0, NULL },
	{ 0 },
};

static const XbKeySpec builder_keys[] = {
	{ "command", XB_VALUE_COMMAND, AT(builder_command), 0, 0, NULL },
	{ "slots", XB_VALUE_INTEGER, AT(slots), 1, 64, NULL },
	{ "jobs", XB_VALUE_INTEGER, AT(jobs), 0, 4096, NULL },
	{ "repo", XB_VALUE_DIRECTORY, AT(repo), 0, 0, NULL },
	{ "arch", XB_VALUE_STRING, AT(arch), 0, 0, NULL },
	{ "kconfig_base", XB_VALUE_FILE, AT(kconfig_base), 0, 0, "tinyconfig|defconfig" },
	{ "kconfig", XB_VALUE_FILES, AT(kconfig), 0, 0, NULL },
	{ "ccache_dir", XB_VALUE_PATH, AT(ccache_dir), 0, 0, "none" },
	{ "sandbox", XB_VALUE_WORD, AT(sandbox), 0, 0, "bwrap|none" },
	{ "deadline", XB_VALUE_DURATION, AT(build_deadline_s), 0, 0, NULL },
	{ 0 },
};

static const XbKeySpec runner_keys[] = {
	{ "command", XB_VALUE_COMMAND, AT(runner_command), 0, 0, NULL },
	{ 0 },
};

static const XbKeySpec repo_keys[] = {
	{ "path", XB_VALUE_DIRECTORY, offsetof(XbRepoConfig, path), 0, 0, NULL },
	{ "trust", XB_VALUE_STRING, offsetof(XbRepoConfig, trust), 0, 0, NULL },
	{ 0 },
};

/* ---- one entry --------------------------------------------------------------- */

bool xb_config_is_name(const char *text)
{
	return *text != '\0' && *text != '.' && *text != '-' && strlen(text) <= 64 &&
	       strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") == strlen(text);
}

void xb_config_add_setting(json_t *settings, const XbKeySpec *spec, const char *key,
			   const char *value)
{
	char seconds_text[G_ASCII_DTOSTR_BUF_SIZE];
	g_autofree char *name = g_strconcat(key, "_s", NULL);
	double seconds;

	if (spec->type == XB_VALUE_DURATION && xb_parse_duration(value, &seconds)) {
		g_ascii_formatd(seconds_text, sizeof(seconds_text), "%g", seconds);
		json_object_set_new(settings, name, json_string(seconds_text));
	} else {
		json_object_set_new(settings, key, json_string(value));
	}
}

/* ---- groups ------------------------------------------------------------------ */

static bool take_daemon(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	if (!xb_config_store(group, daemon_keys, config, error))
		return false;
	if (config->socket != NULL && xb_config_entry(group, "socket") != NULL &&
	    strlen(config->socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return xb_config_fail(
			error, group, "socket",
			"the path is longer than the %zu bytes that a socket's may be",
			sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	return true;
}

static bool take_builder(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	const XbConfigEntry *arch = xb_config_entry(group, "arch");

	if (arch != NULL && !xb_config_is_name(arch->value))
		return xb_config_fail(error, group, "arch", "\"%s\" is no architecture's name",
				      arch->value);
	return xb_config_store(group, builder_keys, config, error);
}

static bool take_runner(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	return xb_config_store(group, runner_keys, config, error);
}

static void free_repo(void *data)
{
	XbRepoConfig *repo = data;

	g_free(repo->name);
	g_free(repo->path);
	g_free(repo->trust);
	g_free(repo);
}

static bool take_repo(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	XbRepoConfig *repo = g_new0(XbRepoConfig, 1);

	repo->name = g_strdup(group->label);
	repo->trust = g_strdup(XB_TRUST_DEFAULT);
	g_ptr_array_add(config->repos, repo);
	if (!xb_config_store(group, repo_keys, repo, error))
		return false;
	if (repo->path == NULL)
		return xb_config_fail(error, group, "path", "it is missing");
	if (!xb_config_is_name(repo->trust))
		return xb_config_fail(error, group, "trust",
				      "\"%s\" is no label of letters, digits, . _ and -",
				      repo->trust);
	return true;
}

static bool take_web(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	return xb_web_config_take(&config->web, group, error);
}

static const struct {
	const char *kind;
	bool labelled;
	bool (*take)(XbConfig *config, const XbConfigGroup *group, GError **error);
} group_specs[] = {
	{ "daemon", false, take_daemon },
	{ "builder", false, take_builder },
	{ "runner", false, take_runner },
	{ "repo", true, take_repo },
	{ "host", true, xb_config_take_host },
	{ "workload", true, xb_config_take_workload },
	{ "web", false, take_web },
	{ "alert", true, xb_config_take_alert },
	{ "remote", true, xb_config_take_remote },
};

static bool take_group(XbConfig *config, const XbConfigGroup *group, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(group_specs); i++) {
		if (!g_str_equal(group_specs[i].kind, group->kind))
			continue;
		if (group_specs[i].labelled && group->label == NULL)
			return xb_config_fail(error, group, NULL, "it needs a name: [%s NAME]",
					      group->kind);
		if (group_specs[i].labelled && !xb_config_is_name(group->label))
			return xb_config_fail(error, group, NULL,
					      "a name has letters, digits, . _ and - only, at "
					      "most 64");
		if (!group_specs[i].labelled && group->label != NULL)
			return xb_config_fail(error, group, NULL, "this group takes no name");
		return group_specs[i].take(config, group, error);
	}
	return xb_config_fail(error, group, NULL, "there is no such group");
}

/* ---- defaults ---------------------------------------------------------------- */

/* NAME beside the running program, else for PATH. */
static char **find_worker(const char *name)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = g_path_get_dirname(self != NULL ? self : ".");
	g_autofree char *beside = g_build_filename(directory, name, NULL);
	char **argv = g_new0(char *, 2);

	argv[0] = self != NULL && g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE)
			  ? g_steal_pointer(&beside)
			  : g_strdup(name);
	return argv;
}

/*
 * A tinyconfig alone is no dom0: without a word about fragments it is the
 * smallest that is, of the data that belong to this program: those installed
 * with it, or those of the clone in which it was built.
 */
static char **default_kconfig(const char *base)
{
	static const char *const places[] = { "../share/xbisect", "../../configs", XB_DATADIR };
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = g_path_get_dirname(self != NULL ? self : "/");
	char **list = g_new0(char *, 2);

	for (guint i = 0; i < G_N_ELEMENTS(places) && list[0] == NULL; i++) {
		g_autofree char *data = g_canonicalize_filename(places[i], directory);
		g_autofree char *path =
			g_build_filename(data, "kernel", "dom0-minimal.config", NULL);

		if (g_str_equal(base, "tinyconfig") && g_file_test(path, G_FILE_TEST_IS_REGULAR))
			list[0] = g_steal_pointer(&path);
	}
	return list;
}

static XbConfig *config_new(void)
{
	XbConfig *config = g_new0(XbConfig, 1);

	config->repos = g_ptr_array_new_with_free_func(free_repo);
	config->hosts = g_ptr_array_new_with_free_func(xb_config_free_host);
	config->workloads = g_ptr_array_new_with_free_func(xb_config_free_workload);
	config->alerts = g_ptr_array_new_with_free_func(xb_config_free_alert);
	config->remotes = g_ptr_array_new_with_free_func(xb_config_free_remote);
	config->artifact_limit = (uint64_t)20 << 30;
	config->log_limit = (uint64_t)2 << 30;
	config->ccache_limit = (uint64_t)5 << 30;
	config->object_limit = (uint64_t)20 << 30;
	config->blob_limit = (uint64_t)256 << 20;
	config->slots = 1;
	config->build_deadline_s = 2 * 3600;
	config->arch = g_strdup("x86_64");
	config->kconfig_base = g_strdup("tinyconfig");
	config->sandbox = g_strdup("bwrap");
	return config;
}

/* What depends on what was said. */
static void complete(XbConfig *config)
{
	if (config->state_dir == NULL)
		config->state_dir = xb_default_state_dir();
	if (config->socket == NULL)
		config->socket = xb_default_socket(config->state_dir);
	if (config->ccache_dir == NULL)
		config->ccache_dir = g_build_filename(config->state_dir, "ccache", NULL);
	else if (g_str_equal(config->ccache_dir, "none"))
		g_clear_pointer(&config->ccache_dir, g_free);
	if (config->kconfig == NULL)
		config->kconfig = default_kconfig(config->kconfig_base);
	if (config->builder_command == NULL)
		config->builder_command = find_worker("xbisect-build");
	if (config->runner_command == NULL)
		config->runner_command = find_worker("xbisect-run");
	config->notify_command = find_worker("xbisect-notify");
	config->fetch_command = find_worker("xbisect-fetch");
	if (config->hosts->len == 0)
		xb_config_default_host(config);
	if (config->workloads->len == 0)
		xb_config_default_workload(config);
	xb_config_complete_alerts(config);
}

/* ---- loading, freeing, looking up -------------------------------------------- */

static XbConfig *config_from_groups(const GPtrArray *groups, GError **error)
{
	g_autoptr(XbConfig) config = config_new();

	for (guint i = 0; i < groups->len; i++) {
		if (!take_group(config, groups->pdata[i], error))
			return NULL;
	}
	complete(config);
	return g_steal_pointer(&config);
}

XbConfig *xb_config_defaults(GError **error)
{
	g_autoptr(GPtrArray) groups = xb_config_groups_new();

	return config_from_groups(groups, error);
}

XbConfig *xb_config_load(const char *path, GError **error)
{
	g_autoptr(GPtrArray) groups = xb_config_groups_new();

	return xb_config_read_files(path, groups, error) ? config_from_groups(groups, error) : NULL;
}

XbConfig *xb_config_parse(const char *file, const char *text, gsize length, GError **error)
{
	g_autoptr(GPtrArray) groups = xb_config_groups_new();

	return xb_config_read_text(file, text, length, groups, error)
		       ? config_from_groups(groups, error)
		       : NULL;
}

void xb_config_free(XbConfig *config)
{
	if (config == NULL)
		return;
	g_free(config->state_dir);
	g_free(config->socket);
	g_strfreev(config->builder_command);
	g_strfreev(config->runner_command);
	g_strfreev(config->notify_command);
	g_strfreev(config->fetch_command);
	g_free(config->repo);
	g_free(config->arch);
	g_free(config->kconfig_base);
	g_strfreev(config->kconfig);
	g_free(config->ccache_dir);
	g_free(config->sandbox);
	xb_web_config_clear(&config->web);
	g_ptr_array_unref(config->repos);
	g_ptr_array_unref(config->hosts);
	g_ptr_array_unref(config->workloads);
	g_ptr_array_unref(config->alerts);
	g_ptr_array_unref(config->remotes);
	g_free(config);
}

const XbRepoConfig *xb_config_repo(const XbConfig *config, const char *name)
{
	for (guint i = 0; i < config->repos->len; i++) {
		const XbRepoConfig *repo = config->repos->pdata[i];

		if (g_strcmp0(repo->name, name) == 0)
			return repo;
	}
	return NULL;
}

const XbHostConfig *xb_config_host(const XbConfig *config, const char *name)
{
	for (guint i = 0; i < config->hosts->len; i++) {
		const XbHostConfig *host = config->hosts->pdata[i];

		if (g_strcmp0(host->name, name) == 0)
			return host;
	}
	return NULL;
}

const XbWorkloadConfig *xb_config_workload(const XbConfig *config, const char *name)
{
	for (guint i = 0; i < config->workloads->len; i++) {
		const XbWorkloadConfig *workload = config->workloads->pdata[i];

		if (name == NULL || g_str_equal(workload->name, name))
			return workload;
	}
	return NULL;
}

const XbMetricConfig *xb_workload_metric(const XbWorkloadConfig *workload, const char *name)
{
	for (guint i = 0; i < workload->metrics->len; i++) {
		const XbMetricConfig *metric = workload->metrics->pdata[i];

		if (name == NULL || g_str_equal(metric->name, name))
			return metric;
	}
	return NULL;
}
