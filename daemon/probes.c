/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probes.c - asks workers for their fingerprints, asynchronously. */
#include "probes.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROBE_DEADLINE_S 20
#define LAB_DEADLINE_S   60            /* a machine is asked over the network */
#define ANSWER_MAX       (1024 * 1024) /* bytes; more is not an answer */

typedef struct {
	XbDaemon *daemon;
	char *host;
	bool ready;
	bool guessed; /* the worker did not answer: the fingerprints are those below */
	char *host_fp, *workload_fp;
	json_t *facts; /* or NULL */
	/* what stands in when the worker does not answer */
	char *fallback_host, *fallback_workload;
	GSubprocess *process;
	GByteArray *answer;
	guint deadline;
	GCancellable *cancellable;
} Probe;

struct XbProbes {
	XbDaemon *daemon;
	GHashTable *hosts; /* "HOST\nWORKLOAD-JSON" -> Probe */
	Probe *builder;
};

static void probe_free(Probe *probe)
{
	if (!probe)
		return;
	if (probe->cancellable)
		g_cancellable_cancel(probe->cancellable);
	g_clear_handle_id(&probe->deadline, g_source_remove);
	g_clear_object(&probe->cancellable);
	g_clear_object(&probe->process);
	g_clear_pointer(&probe->answer, g_byte_array_unref);
	g_free(probe->host);
	g_free(probe->host_fp);
	g_free(probe->workload_fp);
	json_decref(probe->facts);
	g_free(probe->fallback_host);
	g_free(probe->fallback_workload);
	g_free(probe);
}

XbProbes *xb_probes_new(XbDaemon *daemon)
{
	XbProbes *self = g_new0(XbProbes, 1);

	self->daemon = daemon;
	self->hosts =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)probe_free);
	return self;
}

void xb_probes_free(XbProbes *self)
{
	if (!self)
		return;
	g_hash_table_unref(self->hosts);
	probe_free(self->builder);
	g_free(self);
}

static char *hash_text(const char *what, const char *text)
{
	g_autofree char *all = g_strconcat(what, "\n", text, NULL);
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
}

/* Take the fingerprint event out of the worker's answer, if it is there. */
static void probe_parse(Probe *probe)
{
	g_autoptr(XbEventReader) reader = xb_event_reader_new();
	json_t *event;

	xb_event_reader_feed(reader, (const char *)probe->answer->data, probe->answer->len);
	while ((event = xb_event_reader_next(reader, NULL))) {
		g_autoptr(json_t) owned = event;
		const char *name = json_string_value(json_object_get(event, "event"));
		const char *host = json_string_value(json_object_get(event, "host"));
		const char *workload = json_string_value(json_object_get(event, "workload"));
		const char *builder = json_string_value(json_object_get(event, "builder"));

		if (g_strcmp0(name, "fingerprint") != 0)
			continue;
		if (builder)
			host = workload = builder;
		if (!host || !workload || strlen(host) > 256 || strlen(workload) > 256)
			continue;
		g_free(probe->host_fp);
		g_free(probe->workload_fp);
		probe->host_fp = g_strdup(host);
		probe->workload_fp = g_strdup(workload);
		json_decref(probe->facts);
		probe->facts = json_incref(json_object_get(event, "facts"));
	}
}

static void probe_settle(Probe *probe)
{
	g_clear_handle_id(&probe->deadline, g_source_remove);
	g_clear_object(&probe->process);
	if (!probe->host_fp) {
		probe->guessed = true;
		probe->host_fp = g_strdup(probe->fallback_host);
		probe->workload_fp = g_strdup(probe->fallback_workload);
	}
	probe->ready = true;
	xb_daemon_poke(probe->daemon);
}

static void probe_read(Probe *probe);

static void on_chunk(GObject *source, GAsyncResult *result, gpointer data)
{
	Probe *probe = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) chunk =
		g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* the probe is gone or settled */
	if (chunk && g_bytes_get_size(chunk) > 0 && probe->answer->len < ANSWER_MAX) {
		g_byte_array_append(probe->answer, g_bytes_get_data(chunk, NULL),
				    (guint)g_bytes_get_size(chunk));
		probe_read(probe);
		return;
	}
	g_subprocess_force_exit(probe->process);
	probe_parse(probe);
	probe_settle(probe);
}

static void probe_read(Probe *probe)
{
	g_input_stream_read_bytes_async(g_subprocess_get_stdout_pipe(probe->process), 16384,
					G_PRIORITY_DEFAULT, probe->cancellable, on_chunk, probe);
}

static gboolean on_deadline(gpointer data)
{
	Probe *probe = data;

	probe->deadline = 0;
	g_warning("%s: no fingerprint in time", probe->host);
	g_subprocess_force_exit(probe->process);
	/* not waiting for the end of its output: a child of it may keep that open */
	g_cancellable_cancel(probe->cancellable);
	probe_settle(probe);
	return G_SOURCE_REMOVE;
}

/* @job as an open file without a name; -1 when there is none to be had. */
static int job_file(json_t *job)
{
	g_autofree char *text = json_dumps(job, JSON_COMPACT);
	int fd = memfd_create("job", MFD_CLOEXEC);
	size_t length = strlen(text);

	if (fd >= 0 &&
	    (write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static Probe *probe_start(XbDaemon *daemon, const char *name, char **argv, json_t *job,
			  guint deadline_s)
{
	Probe *probe = g_new0(Probe, 1);
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	g_autoptr(GError) error = NULL;
	int input = job_file(job);

	probe->daemon = daemon;
	probe->host = g_strdup(name);
	probe->cancellable = g_cancellable_new();
	probe->answer = g_byte_array_new();
	if (input >= 0)
		g_subprocess_launcher_take_stdin_fd(launcher, input);
	probe->process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, &error);
	if (!probe->process) {
		g_warning("%s: %s", argv[0], error->message);
		return probe;
	}
	probe->deadline = g_timeout_add_seconds(deadline_s, on_deadline, probe);
	probe_read(probe);
	return probe;
}

void xb_probes_ask_builder(XbProbes *self)
{
	char **argv = self->daemon->config->builder_command;
	g_autoptr(json_t) job = json_pack("{s:i,s:s,s:s,s:s}", "protocol", XB_PROTOCOL_VERSION,
					  "kind", "fingerprint", "id", "fingerprint", "sandbox",
					  self->daemon->config->sandbox);
	g_autofree char *command = g_strjoinv(" ", argv);

	probe_free(self->builder);
	self->builder = probe_start(self->daemon, "builder", argv, job, PROBE_DEADLINE_S);
	self->builder->fallback_host = hash_text("builder", command);
	self->builder->fallback_workload = g_strdup("");
	if (!self->builder->process)
		probe_settle(self->builder);
	while (!self->builder->ready)
		g_main_context_iteration(NULL, TRUE);
}

const char *xb_probes_builder(const XbProbes *self)
{
	return self->builder ? self->builder->host_fp : NULL;
}

bool xb_probes_builder_is(const XbProbes *self, const char *fingerprint)
{
	const Probe *builder = self->builder;

	return builder->guessed || strcmp(fingerprint, builder->host_fp) == 0 ||
	       strcmp(fingerprint, builder->fallback_host) == 0;
}

void xb_probes_builder_reported(XbProbes *self, const char *fingerprint)
{
	Probe *builder = self->builder;

	if (builder->guessed || strcmp(fingerprint, builder->host_fp) == 0)
		return;
	g_message("the builder's toolchain has changed");
	g_free(builder->host_fp);
	builder->host_fp = g_strdup(fingerprint);
}

static char *probe_key(const char *host, json_t *workload)
{
	g_autofree char *text = json_dumps(workload, JSON_COMPACT | JSON_SORT_KEYS);
	return g_strconcat(host, "\n", text, NULL);
}

bool xb_probes_host(XbProbes *self, const XbHostConfig *host, json_t *workload,
		    const char **host_fp, const char **workload_fp)
{
	g_autofree char *key = probe_key(host->name, workload);
	Probe *probe = g_hash_table_lookup(self->hosts, key);

	if (!probe) {
		g_autoptr(json_t) job =
			json_pack("{s:i,s:s,s:s,s:O,s:O}", "protocol", XB_PROTOCOL_VERSION, "kind",
				  "fingerprint", "id", "fingerprint", "host", host->settings,
				  "workload", workload);
		g_autofree char *settings =
			json_dumps(host->settings, JSON_COMPACT | JSON_SORT_KEYS);

		probe = probe_start(self->daemon, host->name, self->daemon->config->runner_command,
				    job, host->recovers ? LAB_DEADLINE_S : PROBE_DEADLINE_S);
		probe->fallback_host = hash_text("host", settings);
		probe->fallback_workload = hash_text("workload", strchr(key, '\n') + 1);
		g_hash_table_replace(self->hosts, g_steal_pointer(&key), probe);
		if (!probe->process)
			probe_settle(probe);
	}
	if (!probe->ready)
		return false;
	*host_fp = probe->host_fp;
	*workload_fp = probe->workload_fp;
	return true;
}

static const Probe *find_probe(const XbProbes *self, const char *host, json_t *workload)
{
	g_autofree char *key = probe_key(host, workload);

	return g_hash_table_lookup(self->hosts, key);
}

bool xb_probes_known(const XbProbes *self, const char *host, json_t *workload, const char **host_fp,
		     const char **workload_fp)
{
	const Probe *probe = find_probe(self, host, workload);

	if (!probe || !probe->ready)
		return false;
	*host_fp = probe->host_fp;
	*workload_fp = probe->workload_fp;
	return true;
}

json_t *xb_probes_facts(const XbProbes *self, const char *host, json_t *workload)
{
	const Probe *probe = find_probe(self, host, workload);

	return probe ? json_incref(probe->facts) : NULL;
}

bool xb_probes_asking(const XbProbes *self, const char *host)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, self->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Probe *probe = value;

		if (!probe->ready && strcmp(probe->host, host) == 0)
			return true;
	}
	return false;
}

static gboolean is_of_host(gpointer key, gpointer value, gpointer host)
{
	const Probe *probe = value;
	(void)key;
	return probe->ready && strcmp(probe->host, host) == 0;
}

void xb_probes_forget(XbProbes *self, const char *host)
{
	g_hash_table_foreach_remove(self->hosts, is_of_host, (gpointer)host);
}

bool xb_probes_reported(XbProbes *self, const char *host, json_t *workload, const char *host_fp,
			const char *workload_fp)
{
	g_autofree char *key = probe_key(host, workload);
	Probe *probe = g_hash_table_lookup(self->hosts, key);

	if (probe && probe->ready && probe->guessed && host_fp && workload_fp) {
		g_free(probe->host_fp);
		g_free(probe->workload_fp);
		probe->host_fp = g_strdup(host_fp);
		probe->workload_fp = g_strdup(workload_fp);
		probe->guessed = false;
		return true;
	}
	xb_probes_forget(self, host);
	return false;
}
