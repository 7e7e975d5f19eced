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

static int run_job(const RunnerJob *job)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RunnerRun) run = NULL;
	const RunnerDriver *driver = runner_driver_of(job, &error);
	json_t *fingerprint = driver ? runner_fingerprint(driver, job, &error) : NULL;

	if (!fingerprint)
		return done(XB_OUTCOME_HOST_TROUBLE, error->message);
	if (!xb_emit(fingerprint))
		return 1;
	if (strcmp(job->kind, "fingerprint") == 0)
		return done(XB_OUTCOME_OK, NULL);

	run = runner_run_new(job);
	g_unix_signal_add(SIGTERM, on_terminate, run);
	g_unix_signal_add(SIGINT, on_terminate, run);
	g_unix_signal_add(SIGHUP, on_terminate, run);
	driver->run(run);
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
