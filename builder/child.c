/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child.c - fork, poll, kill, reap: one command with a deadline. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"

#define LINE_MAX_BYTES 4096
#define GRACE_US       (2 * G_USEC_PER_SEC)
#define REAP_US        (20 * G_USEC_PER_SEC)
#define NICENESS       10
#define IO_BEST_EFFORT 2 /* class of ioprio_set(2); 7 is its lowest level */
#define IO_CLASS_SHIFT 13

static int stop_fd = -1;
static bool stop_seen;

typedef struct {
	const XbChild *child;
	pid_t pid;
	int pid_fd;
	int out_fd;
	char line[LINE_MAX_BYTES];
	gsize line_length;
	gint64 last_second_us;
	gint64 kill_us; /* 0: nobody asked it to end yet */
	GError *reason; /* why it was asked to end */
} Run;

bool xb_stop_setup(GError **error)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	/* What a command leaves behind becomes a child of this process, so that it
	 * can be seen to its end. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (stop_fd < 0)
		xb_build_set_errno(error, "signals cannot be set up");
	return stop_fd >= 0;
}

bool xb_stop_requested(void)
{
	struct signalfd_siginfo info;

	if (!stop_seen && stop_fd >= 0)
		stop_seen = read(stop_fd, &info, sizeof(info)) == (ssize_t)sizeof(info);
	return stop_seen;
}

bool xb_stop_check(gint64 deadline_us, GError **error)
{
	if (xb_stop_requested()) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_STOPPED, "ended on request");
		return false;
	}
	if (g_get_monotonic_time() >= deadline_us) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_STOPPED,
			    "the deadline of the build is over");
		return false;
	}
	return true;
}

static void limit(int resource, rlim_t value)
{
	struct rlimit now;

	if (getrlimit(resource, &now) != 0)
		return;
	now.rlim_cur = MIN(value, now.rlim_max);
	now.rlim_max = now.rlim_cur;
	setrlimit(resource, &now);
}

/* After fork: nothing here may allocate. */
static G_NORETURN void exec_child(const XbChild *child, const int out[2], int failed_fd,
				  pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (nice(NICENESS) == -1)
		errno = 0; /* it may be the new value, and is no reason to stop */
	syscall(SYS_ioprio_set, 1, 0, (IO_BEST_EFFORT << IO_CLASS_SHIFT) | 7);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, (rlim_t)8 << 30);
	limit(RLIMIT_AS, (rlim_t)32 << 30);
	limit(RLIMIT_NOFILE, 4096);
	limit(RLIMIT_NPROC, 16384);
	/* What we were given (the run's lock, a job server) is not for the tree under test. */
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	if (dup2(null, STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0 &&
	    dup2(out[1], STDERR_FILENO) >= 0 && (!child->cwd || chdir(child->cwd) == 0))
		execvpe(child->argv[0], (char *const *)child->argv,
			(char *const *)child->environment);
	if (write(failed_fd, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

static bool start(Run *run, GError **error)
{
	int out[2], failed[2];
	int child_errno = 0;
	pid_t parent = getpid();
	ssize_t got;

	if (pipe2(out, O_CLOEXEC) != 0) {
		xb_build_set_errno(error, "pipe");
		return false;
	}
	if (pipe2(failed, O_CLOEXEC) != 0) {
		xb_build_set_errno(error, "pipe");
		close(out[0]);
		close(out[1]);
		return false;
	}
	run->pid = fork();
	if (run->pid == 0)
		exec_child(run->child, out, failed[1], parent);
	child_errno = run->pid < 0 ? errno : 0;
	close(out[1]);
	close(failed[1]);
	run->out_fd = out[0];
	if (run->pid > 0) {
		setpgid(run->pid, run->pid);
		do
			got = read(failed[0], &child_errno, sizeof(child_errno));
		while (got < 0 && errno == EINTR);
		if (got > 0)
			waitpid(run->pid, NULL, 0);
	}
	close(failed[0]);
	if (child_errno) {
		errno = child_errno;
		xb_build_set_errno(error, "cannot run %s", run->child->argv[0]);
		close(run->out_fd);
		return false;
	}
	fcntl(run->out_fd, F_SETFL, O_NONBLOCK);
	run->pid_fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	if (run->pid_fd < 0) {
		xb_build_set_errno(error, "pidfd_open (it needs Linux 5.3)");
		kill(-run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
		close(run->out_fd);
	}
	return run->pid_fd >= 0;
}

static void end_line(Run *run)
{
	run->line[run->line_length] = '\0';
	run->line_length = 0;
	if (run->child->on_line)
		run->child->on_line(run->line, run->child->data);
}

static void take_output(Run *run, const char *bytes, gsize length)
{
	if (run->child->log)
		xb_log_write(run->child->log, bytes, length);
	for (gsize i = 0; i < length; i++) {
		if (bytes[i] == '\n')
			end_line(run);
		else if (run->line_length < sizeof(run->line) - 1)
			run->line[run->line_length++] = bytes[i];
	}
}

/* Read what is there now; false at end of file. */
static bool drain(Run *run, int rounds)
{
	char buffer[65536];

	while (rounds-- > 0) {
		ssize_t got = read(run->out_fd, buffer, sizeof(buffer));

		if (got == 0)
			return false;
		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		take_output(run, buffer, (gsize)got);
	}
	return true;
}

static void check_time(Run *run)
{
	gint64 now = g_get_monotonic_time();

	if (run->child->on_second && now - run->last_second_us >= G_USEC_PER_SEC) {
		run->last_second_us = now;
		run->child->on_second(run->child->data);
	}
	if (run->kill_us) {
		if (now >= run->kill_us)
			kill(-run->pid, SIGKILL);
	} else if (!xb_stop_check(run->child->deadline_us, &run->reason)) {
		run->kill_us = now + GRACE_US;
		kill(-run->pid, SIGTERM);
	}
}

/* Poll until the command itself is gone. */
static void follow(Run *run)
{
	struct pollfd fds[] = {
		{ .fd = run->out_fd, .events = POLLIN },
		{ .fd = run->pid_fd, .events = POLLIN },
		{ .fd = stop_fd, .events = POLLIN },
	};

	for (;;) {
		gint64 left_ms = (run->child->deadline_us - g_get_monotonic_time()) / 1000 + 1;

		fds[2].fd = run->kill_us ? -1 : stop_fd;
		poll(fds, G_N_ELEMENTS(fds), run->kill_us ? 100 : (int)CLAMP(left_ms, 0, 1000));
		if (fds[0].revents && !drain(run, 16))
			fds[0].fd = -1;
		check_time(run);
		if (fds[1].revents)
			return;
	}
}

static void kill_children(void)
{
	g_autofree char *list = NULL;
	g_auto(GStrv) pids = NULL;

	if (!g_file_get_contents("/proc/thread-self/children", &list, NULL, NULL))
		return;
	pids = g_strsplit(list, " ", -1);
	for (char **pid = pids; *pid; pid++) {
		if (g_ascii_strtoll(*pid, NULL, 10) > 0)
			kill((pid_t)g_ascii_strtoll(*pid, NULL, 10), SIGKILL);
	}
}

/*
 * The command is gone, but the first process of its sandbox may need a moment
 * more: that one ends when every process in the sandbox has, and only then
 * nothing writes to the object directory any longer.
 */
static bool reap_rest(GError **error)
{
	gint64 give_up_us = g_get_monotonic_time() + REAP_US;

	while (g_get_monotonic_time() < give_up_us) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid == 0) {
			kill_children();
			g_usleep(2000);
		}
	}
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST,
		    "processes of the build do not end");
	return false;
}

bool xb_child_run(const XbChild *child, int *status, GError **error)
{
	Run run = { .child = child };
	bool gone;

	if (!start(&run, error))
		return false;
	follow(&run);
	/* The leader is dead but not reaped, so the group's id is still ours:
	 * whatever it left behind ends now. */
	kill(-run.pid, SIGKILL);
	while (waitpid(run.pid, status, 0) < 0 && errno == EINTR)
		;
	gone = reap_rest(run.reason ? NULL : error);
	drain(&run, 1024);
	if (run.line_length > 0)
		end_line(&run);
	close(run.out_fd);
	close(run.pid_fd);
	if (run.reason) {
		g_propagate_error(error, run.reason);
		return false;
	}
	if (!gone)
		return false;
	if (WIFSIGNALED(*status)) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST, "%s was killed: %s",
			    child->argv[0], strsignal(WTERMSIG(*status)));
		return false;
	}
	return true;
}
