/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver-command.c - any program that speaks the protocol boots the kernel: it
 * gets the job on stdin, whatever its kind, and writes events to stdout. Its stream is checked
 * line by line and passed on; whatever is wrong with it is host-trouble.
 */
#include "driver.h"

#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STREAM_MAX (64u << 20) /* bytes of all events */
#define GRACE_S    7           /* to switch a machine off, after SIGTERM */
#define LINGER_S   5           /* to exit, after "done" */

typedef struct {
	RunnerRun *run;
	XbEventReader *reader;
	pid_t pid;
	int out;
	guint64 bytes;
	bool done;      /* its last event came, */
	gint64 done_us; /* then */
	XbOutcome outcome;
	char *detail;
} Command;

static char **parse_command(const RunnerJob *job, GError **error)
{
	g_autofree char *text = runner_setting(job->host, "command", NULL);
	char **argv = NULL;

	if (!text) {
		g_set_error(error, RUNNER_JOB_ERROR, 0, "driver=command needs command=");
		return NULL;
	}
	if (!g_shell_parse_argv(text, NULL, &argv, error))
		g_prefix_error(error, "command=%s: ", text);
	return argv;
}

/* What the command does is its own affair; it is known by its words and its
 * file. `fingerprint=TEXT` in the host's group stands for all else. */
static bool facts(const RunnerJob *job, json_t **host, json_t **workload, GError **error)
{
	g_auto(GStrv) argv = parse_command(job, error);
	g_autofree char *path = argv ? g_find_program_in_path(argv[0]) : NULL;
	g_autofree char *hash = NULL;
	g_autofree char *extra = runner_setting(job->host, "fingerprint", "");
	g_autofree char *iterations = runner_setting(job->workload, "iterations", "");
	g_autofree char *warmup = runner_setting(job->workload, "warmup", "");
	g_autofree char *program = runner_setting(job->workload, "program", "");
	g_autofree char *args = runner_setting(job->workload, "args", "");
	json_t *words;

	if (!argv)
		return false;
	if (!path) {
		g_set_error(error, RUNNER_JOB_ERROR, 0, "command=%s: no such program", argv[0]);
		return false;
	}
	hash = runner_hash_file(path, error);
	if (!hash)
		return false;
	words = json_array();
	for (guint i = 0; argv[i]; i++)
		json_array_append_new(words, json_string(argv[i]));
	*host = json_pack("{s:o,s:s,s:s}", "command", words, "command_sha256", hash, "fingerprint",
			  extra);
	*workload = json_pack("{s:s,s:s,s:s,s:s,s:O?}", "iterations", iterations, "warmup", warmup,
			      "program", program, "args", args, "params",
			      json_object_get(job->workload, "params"));
	return *host && *workload;
}

static bool valid_sample(const json_t *event)
{
	const json_t *value = json_object_get(event, "value");
	const json_t *iteration = json_object_get(event, "iteration");

	return json_is_string(json_object_get(event, "metric")) && json_is_number(value) &&
	       isfinite(json_number_value(value)) && (!iteration || json_is_integer(iteration));
}

static void take_done(Command *command, const json_t *event)
{
	const char *outcome = json_string_value(json_object_get(event, "outcome"));
	const char *detail = json_string_value(json_object_get(event, "detail"));

	if (!xb_outcome_parse(outcome, &command->outcome) ||
	    command->outcome == XB_OUTCOME_BUILD_FAILED) {
		runner_run_end(command->run, XB_OUTCOME_HOST_TROUBLE,
			       "the command's outcome is no word of the protocol: %s",
			       outcome ? outcome : "(none)");
		return;
	}
	command->done = true;
	command->done_us = g_get_monotonic_time();
	command->detail = g_strdup(detail ? detail : "");
}

static void take_event(Command *command, json_t *event)
{
	const char *name = json_string_value(json_object_get(event, "event"));

	if (!name) {
		runner_run_end(command->run, XB_OUTCOME_HOST_TROUBLE,
			       "an event of the command has no name");
	} else if (strcmp(name, "done") == 0) {
		take_done(command, event);
	} else if (strcmp(name, "sample") == 0 && !valid_sample(event)) {
		runner_run_end(command->run, XB_OUTCOME_HOST_TROUBLE,
			       "a sample of the command lacks metric or value");
	} else {
		/* Ours is already out, and was asked for before the job. */
		if (strcmp(name, "fingerprint") == 0)
			json_object_set_new(event, "event", json_string("command-fingerprint"));
		runner_run_emit(command->run, json_incref(event));
	}
}

static void take_events(Command *command)
{
	g_autoptr(GError) error = NULL;
	json_t *event;

	while (!command->run->ended && (event = xb_event_reader_next(command->reader, &error))) {
		take_event(command, event);
		json_decref(event);
	}
	if (error)
		runner_run_end(command->run, XB_OUTCOME_HOST_TROUBLE,
			       "the command's output is not the protocol: %s", error->message);
}

/* Its output ended without "done". */
static void judge_broken_off(Command *command)
{
	int wait_status = runner_child_end(command->pid, LINGER_S);
	g_autofree char *status = runner_status_text(wait_status);

	command->pid = -1;
	runner_run_end(command->run, XB_OUTCOME_HOST_TROUBLE,
		       "the command ended without \"done\": %s", status);
}

static gboolean on_output(int fd, GIOCondition condition, gpointer data)
{
	Command *command = data;
	char buffer[65536];
	ssize_t got = read(fd, buffer, sizeof(buffer));

	(void)condition;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return G_SOURCE_CONTINUE;
	if (got <= 0) {
		if (!command->done)
			judge_broken_off(command);
		return G_SOURCE_REMOVE; /* else on_tick() waits for its exit */
	}
	command->bytes += (guint64)got;
	if (command->bytes > STREAM_MAX)
		runner_run_end(command->run, XB_OUTCOME_HOST_TROUBLE,
			       "the command's output is endless (over %u MiB)", STREAM_MAX >> 20);
	xb_event_reader_feed(command->reader, buffer, (gsize)got);
	take_events(command);
	return command->run->ended ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* After "done" it may tidy up for a while; what it leaves behind is ended. */
static gboolean on_tick(gpointer data)
{
	Command *command = data;
	bool gone;

	if (!command->done)
		return G_SOURCE_CONTINUE;
	gone = waitpid(command->pid, NULL, WNOHANG) == command->pid;
	if (!gone && g_get_monotonic_time() - command->done_us < LINGER_S * G_USEC_PER_SEC)
		return G_SOURCE_CONTINUE;
	if (gone) {
		kill(-command->pid, SIGKILL);
		command->pid = -1;
	}
	runner_run_end(command->run, command->outcome, "%s", command->detail);
	return G_SOURCE_REMOVE;
}

static gboolean on_deadline(gpointer data)
{
	Command *command = data;

	runner_run_end(command->run, XB_OUTCOME_HOST_TROUBLE,
		       "the command was not finished after %.0f s", command->run->job->deadline_s);
	return G_SOURCE_REMOVE;
}

/* The job as a file without a name: the command may take its time to read. */
static int job_descriptor(const RunnerJob *job)
{
	g_autofree char *text = json_dumps(job->json, JSON_COMPACT);
	gsize length = strlen(text), done = 0;
	int fd = memfd_create("job", MFD_CLOEXEC);

	while (fd >= 0 && done < length) {
		ssize_t wrote = write(fd, text + done, length - done);

		if (wrote <= 0) {
			close(fd);
			return -1;
		}
		done += (gsize)wrote;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static bool start(Command *command, GError **error)
{
	const RunnerJob *job = command->run->job;
	g_auto(GStrv) argv = parse_command(job, error);
	int in, ends[2];

	if (!argv)
		return false;
	in = job_descriptor(job);
	if (in < 0 || !g_unix_open_pipe(ends, FD_CLOEXEC, error)) {
		g_prefix_error(error, "%s: ", argv[0]);
		if (in >= 0)
			close(in);
		else
			g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
				    "the job can't be passed on: %s", g_strerror(errno));
		return false;
	}
	command->pid = runner_child_start(argv, job->dir, in, ends[1], STDERR_FILENO, 0, error);
	close(in);
	close(ends[1]);
	command->out = ends[0];
	return command->pid > 0;
}

static void run_command(Command *command)
{
	guint output = g_unix_fd_add(command->out, G_IO_IN | G_IO_HUP, on_output, command);
	guint tick = g_timeout_add(50, on_tick, command);
	guint deadline =
		g_timeout_add((guint)(command->run->job->deadline_s * 1000), on_deadline, command);
	const guint sources[] = { output, tick, deadline };

	runner_run_loop(command->run);
	for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
		GSource *source = g_main_context_find_source_by_id(NULL, sources[i]);

		if (source)
			g_source_destroy(source);
	}
}

static void run(RunnerRun *run)
{
	Command command = { .run = run, .pid = -1, .out = -1 };
	g_autoptr(GError) error = NULL;

	command.reader = xb_event_reader_new();
	if (start(&command, &error))
		run_command(&command);
	else
		runner_run_end(run, XB_OUTCOME_HOST_TROUBLE, "%s", error->message);
	if (command.pid > 0)
		runner_child_end(command.pid, GRACE_S);
	if (command.out >= 0)
		close(command.out);
	xb_event_reader_free(command.reader);
	g_free(command.detail);
}

/* Its own steps come as events of the command; that there is one is ours to say. */
static void check(RunnerRun *command_run)
{
	g_autoptr(GError) error = NULL;
	json_t *host = NULL, *workload = NULL;
	bool usable = facts(command_run->job, &host, &workload, &error);

	runner_check_event(command_run, "settings", usable,
			   usable ? "the command is there" : error->message,
			   usable ? NULL : "set command= to a program that speaks the protocol");
	json_decref(host);
	json_decref(workload);
	if (usable)
		run(command_run);
	else
		runner_run_end(command_run, XB_OUTCOME_HOST_TROUBLE, "%s", error->message);
}

const RunnerDriver runner_driver_command = {
	.name = "command",
	.summary = "a program of yours that speaks the protocol (command=)",
	.facts = facts,
	.run = run,
	.check = check,
	.recover = run,
};
