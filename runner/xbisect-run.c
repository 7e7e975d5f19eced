/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xbisect-run - one job from stdin, its events to stdout: boots one kernel
 * once on one host, runs the workload, and says what came of it.
 */
#include "driver.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static gboolean on_terminate(gpointer data)
{
	runner_run_end(data, XB_OUTCOME_HOST_TROUBLE, "ended on request");
	return G_SOURCE_CONTINUE;
}

static int done(XbOutcome outcome, const char *detail)
{
	return xb_emit_done(outcome, detail) && outcome == XB_OUTCOME_OK ? 0 : 1;
}

/* Of a driver without a check of its own: whether the host can be used at all. */
static void check_facts(RunnerRun *run, const RunnerDriver *driver)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) fingerprint = runner_fingerprint(driver, run->job, &error);

	runner_check_event(run, "settings", fingerprint != NULL,
			   fingerprint ? "what the host needs is there" : error->message, NULL);
	runner_run_end(run, fingerprint ? XB_OUTCOME_OK : XB_OUTCOME_HOST_TROUBLE, "%s",
		       fingerprint ? "" : error->message);
}

static void run_kind(RunnerRun *run, const RunnerDriver *driver)
{
	const char *kind = run->job->kind;

	if (strcmp(kind, "run") == 0)
		driver->run(run);
	else if (strcmp(kind, "check") == 0 && driver->check)
		driver->check(run);
	else if (strcmp(kind, "check") == 0)
		check_facts(run, driver);
	else if (strcmp(kind, "lock") == 0 && driver->lock)
		driver->lock(run);
	else if (strcmp(kind, "lock") == 0)
		runner_run_end(run, XB_OUTCOME_OK, "driver=%s has no lock", driver->name);
	else if (driver->recover)
		driver->recover(run);
	else
		runner_run_end(run, XB_OUTCOME_OK, "driver=%s has nothing to bring back",
			       driver->name);
}

/* Emits the fingerprint where it can be told before the run. */
static bool tell_fingerprint(const RunnerDriver *driver, const RunnerJob *job, GError **error)
{
	json_t *fingerprint;

	if (runner_job_of_host(job) ||
	    (strcmp(job->kind, "run") == 0 && driver->run_tells_fingerprint))
		return true;
	fingerprint = runner_fingerprint(driver, job, error);
	if (!fingerprint)
		return false;
	if (xb_emit(fingerprint))
		return true;
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
		    "events can't be written: %s", g_strerror(errno));
	return false;
}

static int run_job(const RunnerJob *job)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RunnerRun) run = NULL;
	const RunnerDriver *driver = runner_driver_of(job, &error);

	if (!driver || !tell_fingerprint(driver, job, &error))
		return done(XB_OUTCOME_HOST_TROUBLE, error->message);
	if (strcmp(job->kind, "fingerprint") == 0)
		return done(XB_OUTCOME_OK, NULL);

	run = runner_run_new(job);
	g_unix_signal_add(SIGTERM, on_terminate, run);
	g_unix_signal_add(SIGINT, on_terminate, run);
	g_unix_signal_add(SIGHUP, on_terminate, run);
	run_kind(run, driver);
	return done(run->outcome, run->detail);
}

static void print_help(void)
{
	printf("usage: xbisect-run < JOB.json\n"
	       "\n"
	       "Boot one kernel once and run a workload in its dom0. The job is one JSON\n"
	       "object on stdin, the events are JSON lines on stdout; the console is the file\n"
	       "\"console\" in the current directory. See xbisect-run(1), xbisect-protocol(7).\n"
	       "\n"
	       "Kinds of hosts (\"driver\" in the job's \"host\"):\n");
	for (guint i = 0; runner_drivers[i]; i++)
		printf("  %-9s %s\n", runner_drivers[i]->name, runner_drivers[i]->summary);
	printf("\n"
	       "Example:\n"
	       "  xbisect-run <<'EOF'\n"
	       "  {\"protocol\":1, \"kind\":\"run\", \"host\":{\"driver\":\"qemu\"},\n"
	       "   \"artifact\":{\"dir\":\"/path/of/kernel\", \"kernel\":\"bzImage\"},\n"
	       "   \"workload\":{\"name\":\"map-unmap\", \"iterations\":5}}\n"
	       "  EOF\n");
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) json = NULL;
	g_autoptr(RunnerJob) job = NULL;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		print_help();
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("xbisect-run " XB_VERSION "\n");
		return 0;
	}
	if (argc > 1) {
		g_printerr("xbisect-run: unexpected argument '%s'; try --help\n", argv[1]);
		return 1;
	}
	/* A reader that goes away is an error of write(), not the end of us:
	 * there is an emulator to stop. */
	signal(SIGPIPE, SIG_IGN);
	json = xb_job_read(STDIN_FILENO, NULL, &error);
	job = json ? runner_job_new(json, &error) : NULL;
	if (!job)
		return done(XB_OUTCOME_HOST_TROUBLE, error->message);
	return run_job(job);
}
