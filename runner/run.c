/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run.c - see run.h. */
#include "run.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DETAIL_MAX 4000

RunnerRun *runner_run_new(const RunnerJob *job)
{
	RunnerRun *run = g_new0(RunnerRun, 1);

	run->job = job;
	run->loop = g_main_loop_new(NULL, FALSE);
	return run;
}

void runner_run_free(RunnerRun *run)
{
	if (!run)
		return;
	g_main_loop_unref(run->loop);
	g_free(run->detail);
	g_free(run);
}

void runner_run_end(RunnerRun *run, XbOutcome outcome, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	if (run->ended)
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	run->ended = true;
	run->outcome = outcome;
	run->detail = xb_text_safe(text, -1, DETAIL_MAX, false);
	g_main_loop_quit(run->loop);
}

void runner_run_emit(RunnerRun *run, json_t *event)
{
	if (!xb_emit(event))
		runner_run_end(run, XB_OUTCOME_HOST_TROUBLE, "events can't be written: %s",
			       g_strerror(errno));
}

void runner_run_phase(RunnerRun *run, const char *phase)
{
	runner_run_emit(run, json_pack("{s:s,s:s}", "event", "phase", "phase", phase));
}

void runner_run_loop(RunnerRun *run)
{
	if (!run->ended)
		g_main_loop_run(run->loop);
}

typedef struct {
	guint64 file_max;
	pid_t parent;
} ChildSetup;

/* Between fork and exec: async-signal-safe calls only. */
static void child_setup(gpointer data)
{
	const ChildSetup *setup = data;
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != setup->parent)
		_exit(127); /* the runner died before the line above */
	if (setup->file_max) {
		struct rlimit limit = { setup->file_max, setup->file_max };
		setrlimit(RLIMIT_FSIZE, &limit);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

pid_t runner_child_start(char *const *argv, const char *dir, int in, int out, int err,
			 guint64 file_max, GError **error)
{
	ChildSetup setup = { file_max, getpid() };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	GPid pid = -1;
	gboolean started;
	int copy = -1;

	if (null < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "/dev/null: %s",
			    g_strerror(errno));
		return -1;
	}
	if (err >= 0 && err <= 2) {
		/* GLib would set close-on-exec on a descriptor that is in its place already */
		err = copy = fcntl(err, F_DUPFD_CLOEXEC, 3);
	}
	started = g_spawn_async_with_fds(dir, (char **)argv, NULL,
					 G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH,
					 child_setup, &setup, &pid, in < 0 ? null : in,
					 out < 0 ? null : out, err < 0 ? null : err, error);
	close(null);
	if (copy >= 0)
		close(copy);
	if (!started)
		return -1;
	setpgid(pid, pid); /* in the parent as well, so that no signal comes too early */
	return pid;
}

/* Wait up to @seconds for @pid; true when it was reaped. */
static bool reap_within(pid_t pid, double seconds, int *status)
{
	gint64 end = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid || (got < 0 && errno != EINTR))
			return true;
		if (g_get_monotonic_time() >= end)
			return false;
		g_usleep(10000);
	}
}

int runner_child_end(pid_t pid, double grace_s)
{
	int status = 0;

	if (grace_s > 0) {
		kill(-pid, SIGTERM);
		if (reap_within(pid, grace_s, &status)) {
			kill(-pid, SIGKILL); /* what it left behind in its group */
			return status;
		}
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

char *runner_status_text(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return g_strdup_printf("killed by signal %d (%s)", WTERMSIG(wait_status),
				       strsignal(WTERMSIG(wait_status)));
	return g_strdup_printf("exit status %d", WEXITSTATUS(wait_status));
}
