/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.c - a run's rows and files; see run.h. */
#include "run.h"

#include "counters.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENTS_MAX 5000

const XbRunFile xb_run_files[] = {
	{ "console", "Console", NULL },
	{ "stderr", "What the worker said", NULL },
	{ "out/build.log", "Build log", NULL },
	{ "artifact/build.log", "Build log", "build.log" },
	{ "artifact/config", "Kernel configuration", "config" },
	{ "events.jsonl", "Events", NULL },
	{ "job.json", "Job", NULL },
	{ 0 },
};

XbRunData *xb_run_data_load(XbDb *db, int64_t id, GError **error)
{
	g_autoptr(XbRunData) data = g_new0(XbRunData, 1);
	g_autoptr(GPtrArray) bodies = NULL;

	if (!(data->run = xb_db_run_get(db, id, error)) ||
	    !(data->variant = xb_db_variant_get(db, data->run->variant_id, error)) ||
	    !(data->samples = xb_db_samples(db, id, NULL, error)) ||
	    !(data->counters = xb_db_counters(db, id, error)) ||
	    !(bodies = xb_db_events_all(db, id, EVENTS_MAX, error)))
		return NULL;
	data->events = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	for (guint i = 0; i < bodies->len; i++) {
		json_t *event = json_loads(bodies->pdata[i], 0, NULL);
		if (event)
			g_ptr_array_add(data->events, event);
	}
	return g_steal_pointer(&data);
}

void xb_run_data_free(XbRunData *data)
{
	if (!data)
		return;
	g_clear_pointer(&data->run, xb_run_free);
	g_clear_pointer(&data->variant, xb_variant_free);
	g_clear_pointer(&data->samples, g_array_unref);
	g_clear_pointer(&data->events, g_ptr_array_unref);
	g_clear_pointer(&data->counters, g_ptr_array_unref);
	g_free(data);
}

/* ---- the object ---------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	json_t *value = text ? json_string(text) : NULL;

	return value ? value : json_null();
}

static json_t *variant_view(const XbVariant *variant)
{
	json_t *source = json_loads(variant->source, 0, NULL);

	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:b}", "key", variant->key, "source",
			 source ? source : json_null(), "image_sha256",
			 text_or_null(variant->image_sha256), "config_sha256",
			 text_or_null(variant->config_sha256), "toolchain",
			 text_or_null(variant->toolchain), "clean", variant->clean);
}

json_t *xb_run_view(const XbRunData *data)
{
	const XbRun *run = data->run;
	json_t *samples = json_array(), *events = json_array();

	for (guint i = 0; i < data->samples->len; i++) {
		const XbSample *sample = &g_array_index(data->samples, XbSample, i);
		json_array_append_new(samples,
				      json_pack("{s:s,s:i,s:f,s:s}", "metric", sample->metric,
						"iteration", sample->iteration, "value",
						sample->value, "unit", sample->unit));
	}
	for (guint i = 0; i < data->events->len; i++)
		json_array_append(events, data->events->pdata[i]);
	return json_pack(
		"{s:I,s:s,s:o,s:i,s:s,s:s,s:i,s:i,s:s,s:s,s:s,s:o,s:s,s:f,s:o,s:o,s:o,s:o,s:o,s:o,"
		"s:o}",
		"id", (json_int_t)run->id, "kind", run->kind == XB_RUN_BUILD ? "build" : "boot",
		"job", run->job_id ? json_integer(run->job_id) : json_null(), "node", run->node,
		"where", run->place, "workload", run->workload, "boot", run->boot, "perturb",
		run->perturb, "purpose", run->purpose, "why", run->why, "state",
		run->state == XB_RUN_DONE ? "done" : "running", "outcome",
		text_or_null(run->has_outcome ? xb_outcome_name(run->outcome) : NULL), "detail",
		run->detail ? run->detail : "", "started", (double)run->started_ms / 1000,
		"finished",
		run->finished_ms ? json_real((double)run->finished_ms / 1000) : json_null(),
		"host_fp", text_or_null(run->host_fp), "workload_fp",
		text_or_null(run->workload_fp), "variant", variant_view(data->variant), "samples",
		samples, "counters", xb_counters_view(data), "events", events);
}

/* ---- files ------------------------------------------------------------------------------ */

static int open_beneath(const char *directory, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					   RESOLVE_NO_MAGICLINKS };
	int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir >= 0 ? (int)syscall(SYS_openat2, dir, name, &how, sizeof(how)) : -1;
	struct stat st;

	if (dir >= 0)
		close(dir);
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint64_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

bool xb_run_is_profile_name(const char *name)
{
	gsize length = name ? strlen(name) : 0;

	return length > 0 && length < 100 && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       length &&
	       g_str_has_suffix(name, ".folded");
}

int xb_run_open(const XbWebConfig *config, const XbRun *run, const char *name, uint64_t *size)
{
	const XbRunFile *file = xb_run_files;
	g_autofree char *path = NULL;
	int fd;

	while (file->name && strcmp(file->name, name) != 0)
		file++;
	if (!file->name && !xb_run_is_profile_name(name))
		return -1;
	path = file->artifact ? g_strdup_printf("artifacts/%lld/%s", (long long)run->variant_id,
						file->artifact)
			      : g_strdup_printf("runs/%lld/%s", (long long)run->id, name);
	fd = open_beneath(config->state_dir, path);
	if (fd >= 0)
		*size = size_of(fd);
	return fd;
}

/* ---- the bundle ---------------------------------------------------------------------------- */

#define BUNDLE_FILE_MAX ((gsize)32 * 1024 * 1024)
#define BLOCK           512

static void put_octal(char *field, gsize width, uint64_t value)
{
	for (gsize i = width - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
}

/* One member, as POSIX has it (ustar). */
static void put_member(GByteArray *tar, const char *prefix, const char *name, const char *data,
		       gsize length, int64_t time_s)
{
	static const char zeros[BLOCK];
	char header[BLOCK] = { 0 };
	unsigned sum = 0;

	g_snprintf(header, 100, "%s/%s", prefix, name);
	put_octal(header + 100, 8, 0644);
	put_octal(header + 108, 8, 0);
	put_octal(header + 116, 8, 0);
	put_octal(header + 124, 12, length);
	put_octal(header + 136, 12, (uint64_t)MAX(time_s, 0));
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257, "ustar", sizeof("ustar"));
	header[263] = header[264] = '0';
	for (gsize i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	put_octal(header + 148, 7, sum);
	g_byte_array_append(tar, (const guint8 *)header, BLOCK);
	g_byte_array_append(tar, (const guint8 *)data, (guint)length);
	if (length % BLOCK)
		g_byte_array_append(tar, (const guint8 *)zeros, BLOCK - (guint)(length % BLOCK));
}

typedef struct {
	GByteArray *tar;
	char *prefix;
	const XbWebConfig *config;
	int64_t time_s;
} Bundle;

/* @path below the state directory; what is not there is left out. */
static void put_file(Bundle *b, const char *path, const char *name)
{
	int fd = open_beneath(b->config->state_dir, path);
	uint64_t size = fd >= 0 ? MIN(size_of(fd), BUNDLE_FILE_MAX) : 0;
	g_autofree char *data = fd >= 0 ? g_malloc(size + 1) : NULL;
	gsize have = 0;
	ssize_t n;

	if (fd < 0)
		return;
	while (have < size && (n = read(fd, data + have, size - have)) > 0)
		have += (gsize)n;
	close(fd);
	put_member(b->tar, b->prefix, name, data, have, b->time_s);
}

static void put_json(Bundle *b, const char *name, json_t *object)
{
	char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(17));

	if (text)
		put_member(b->tar, b->prefix, name, text, strlen(text), b->time_s);
	free(text);
	json_decref(object);
}

/* Patches and fragments are kept by content; the recipe names them by path, of which only the
 * last part counts here. */
static void put_blobs(Bundle *b, const json_t *source, const char *member)
{
	json_t *list = json_object_get(source, member), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		g_autofree char *hash =
			g_path_get_basename(json_is_string(one) ? json_string_value(one) : "");
		g_autofree char *path = g_strdup_printf("blobs/%s", hash);
		g_autofree char *name = g_strdup_printf("%s/%02zu-%.12s", member, i + 1, hash);

		if (strlen(hash) == 64 && strspn(hash, "0123456789abcdef") == 64)
			put_file(b, path, name);
	}
}

/* Members of the bundle as options, named as put_blobs() names them. */
static void add_blobs(GString *command, const json_t *source, const char *member,
		      const char *option)
{
	json_t *list = json_object_get(source, member), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		g_autofree char *hash =
			g_path_get_basename(json_is_string(one) ? json_string_value(one) : "");

		if (strlen(hash) == 64 && strspn(hash, "0123456789abcdef") == 64)
			g_string_append_printf(command, " --%s %s/%02zu-%.12s", option, member,
					       i + 1, hash);
	}
}

static void add_option(GString *command, const char *option, const char *value)
{
	g_autofree char *quoted = value && *value ? g_shell_quote(value) : NULL;

	if (quoted)
		g_string_append_printf(command, " --%s %s", option, quoted);
}

char *xb_run_command(const XbRunData *data)
{
	g_autoptr(json_t) source = json_loads(data->variant->source, 0, NULL);
	const char *commit = xb_json_text(source, "commit");
	g_autofree char *rev = commit ? g_shell_quote(commit) : g_strdup("image:PATH");
	GString *command = g_string_new("xbisect measure");

	if (commit)
		add_option(command, "repo", xb_json_text(source, "repo"));
	add_option(command, "workload", data->run->workload);
	add_blobs(command, source, "kconfig", "kconfig");
	add_blobs(command, source, "patches", "patch");
	g_string_append_printf(command, " %s", rev);
	return g_string_free(command, FALSE);
}

static char *instructions(const XbRunData *data, const json_t *source)
{
	const XbRun *run = data->run;
	const char *commit = xb_json_text(source, "commit");
	bool build = run->kind == XB_RUN_BUILD;
	g_autofree char *command = xb_run_command(data);

	return g_strdup_printf(
		"Run %lld of xbisect %s: %s of commit %s\n\n"
		"run.json       what was measured: samples, counters, events, hashes, toolchain\n"
		"job.json       what the worker was told; its paths are those of its machine\n"
		"events.jsonl   what it answered\n"
		"console        the machine's console, with the hypervisor's command line\n"
		"patches/       applied in order\n"
		"kconfig/       fragments, merged in order\n"
		"artifact/      kernel configuration, build log and list of inputs\n\n"
		"To repeat it in an empty directory of the same machine:\n"
		"    %s <job.json\n"
		"To build and measure it anew, with this directory as the current one:\n"
		"    %s\n",
		(long long)run->id, XB_VERSION, build ? "build" : "boot",
		commit ? commit : "(none)", build ? "xbisect-build" : "xbisect-run", command);
}

/* The folded stacks that the run's event names. */
static void put_profiles(Bundle *b, const XbRunData *data)
{
	for (guint i = 0; i < data->events->len; i++) {
		const json_t *event = data->events->pdata[i];
		size_t k;
		json_t *phase;

		if (g_strcmp0(xb_json_text(event, "event"), "profile") != 0)
			continue;
		json_array_foreach(json_object_get(event, "phases"), k, phase)
		{
			const char *name = xb_json_text(phase, "file");
			g_autofree char *path = NULL;

			if (!xb_run_is_profile_name(name))
				continue;
			path = g_strdup_printf("runs/%lld/%s", (long long)data->run->id, name);
			put_file(b, path, name);
		}
	}
}

GBytes *xb_run_bundle(const XbWebConfig *config, const XbRunData *data)
{
	static const char *const artifacts[] = { "manifest.json", "inputs.txt" };
	g_autoptr(json_t) source = json_loads(data->variant->source, 0, NULL);
	g_autofree char *text = instructions(data, source);
	Bundle b = { g_byte_array_new(),
		     g_strdup_printf("xbisect-run-%lld", (long long)data->run->id), config,
		     data->run->started_ms / 1000 };

	put_member(b.tar, b.prefix, "README", text, strlen(text), b.time_s);
	put_json(&b, "run.json", xb_run_view(data));
	for (const XbRunFile *file = xb_run_files; file->name; file++) {
		g_autofree char *path =
			file->artifact
				? g_strdup_printf("artifacts/%lld/%s", (long long)data->variant->id,
						  file->artifact)
				: g_strdup_printf("runs/%lld/%s", (long long)data->run->id,
						  file->name);
		put_file(&b, path, file->name);
	}
	put_profiles(&b, data);
	for (guint i = 0; i < G_N_ELEMENTS(artifacts); i++) {
		g_autofree char *path = g_strdup_printf("artifacts/%lld/%s",
							(long long)data->variant->id, artifacts[i]);
		g_autofree char *name = g_strdup_printf("artifact/%s", artifacts[i]);
		put_file(&b, path, name);
	}
	put_blobs(&b, source, "patches");
	put_blobs(&b, source, "kconfig");
	g_byte_array_set_size(b.tar, b.tar->len + 2 * BLOCK);
	memset(b.tar->data + b.tar->len - 2 * BLOCK, 0, 2 * BLOCK);
	g_free(b.prefix);
	return g_byte_array_free_to_bytes(b.tar);
}
