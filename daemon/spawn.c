/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.c - a worker process and its directory. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define PID_WAIT_MS 500 /* from a worker's fork to its pid in the file */
#define END_ROUNDS  20  /* looks at a session whose processes are killed, END_WAIT_MS apart */
#define END_WAIT_MS 10

void xb_spawn_signal(int pid, int signal_number)
{
	if (pid > 1)
		kill(-pid, signal_number);
}

int xb_spawn_read_pid(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "pid", NULL);
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? (int)g_ascii_strtoll(text, NULL, 10)
							    : 0;
}

static bool lock_is_held(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "lock", NULL);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool held;

	if (fd < 0)
		return false;
	held = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

int xb_spawn_lock_holder(const char *dir)
{
	int pid = 0;

	/* a worker that was forked a moment ago has the lock, but may not have written its pid */
	for (int waited_ms = 0; lock_is_held(dir) && !(pid = xb_spawn_read_pid(dir));
	     waited_ms += 10) {
		if (waited_ms >= PID_WAIT_MS)
			return 0;
		g_usleep(10000);
	}
	return pid;
}

/* ---- sessions ---------------------------------------------------------------- */

/* This boot and this pid namespace: within them a pid is what it was. Caller frees. */
static char *pid_space(void)
{
	g_autofree char *boot = NULL;
	g_autofree char *space = g_file_read_link("/proc/self/ns/pid", NULL);

	g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL);
	return g_strdup_printf("%s %s\n", boot ? g_strstrip(boot) : "?", space ? space : "?");
}

/* The session of the live process @pid, 0 when there is none: zombies are dead. */
static int live_session(int pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
	g_autofree char *text = NULL;
	const char *after;
	char process_state;
	int session;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	/* the name before it may hold anything */
	after = strrchr(text, ')');
	if (!after || sscanf(after, ") %c %*d %*d %d", &process_state, &session) != 2 ||
	    strchr("ZXx", process_state))
		return 0;
	return session;
}

/* The descriptor first: who it is of is asked after, so nobody else is killed. */
static bool kill_of_session(int pid, int session)
{
	int pidfd = pidfd_open(pid, 0);
	bool found = pidfd >= 0 && live_session(pid) == session &&
		     pidfd_send_signal(pidfd, SIGKILL, NULL, 0) == 0;

	if (pidfd >= 0)
		close(pidfd);
	return found;
}

static guint kill_session(int session)
{
	g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
	const char *name;
	guint count = 0;

	while (proc && (name = g_dir_read_name(proc))) {
		int pid = g_ascii_isdigit(*name) ? (int)g_ascii_strtoll(name, NULL, 10) : 0;

		if (pid > 1 && live_session(pid) == session)
			count += kill_of_session(pid, session);
	}
	return count;
}

void xb_spawn_end_session(int pid)
{
	if (pid <= 1 || pid == getsid(0) || live_session(pid))
		return;
	/* who is killed may have forked a moment before */
	for (guint i = 0; i < END_ROUNDS && kill_session(pid) > 0; i++)
		g_usleep(END_WAIT_MS * 1000);
}

void xb_spawn_end_orphans(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "pid_space", NULL);
	g_autofree char *now = pid_space();
	g_autofree char *then = NULL;

	if (g_file_get_contents(path, &then, NULL, NULL) && strcmp(then, now) == 0)
		xb_spawn_end_session(xb_spawn_read_pid(dir));
}

/* ---- start ------------------------------------------------------------------- */

/* In the child, between fork and exec: only async-signal-safe calls. */
typedef struct {
	int pid_fd;
} ChildSetup;

static void child_setup(gpointer data)
{
	const ChildSetup *setup = data;
	char digits[16];
	int length = 0;
	unsigned int pid = (unsigned int)getpid();

	setsid();
	do
		digits[sizeof(digits) - 1 - (size_t)length++] = (char)('0' + pid % 10);
	while ((pid /= 10) != 0);
	if (write(setup->pid_fd, digits + sizeof(digits) - length, (size_t)length) < 0)
		_exit(127);
}

static int open_in(const char *dir, const char *name, int flags)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	return open(path, flags | O_CLOEXEC, 0644);
}

static bool write_pid_space(const char *dir, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "pid_space", NULL);
	g_autofree char *text = pid_space();

	return g_file_set_contents(path, text, -1, error);
}

bool xb_spawn(const char *dir, char *const *argv, int *pid, GError **error)
{
	int in = open_in(dir, "job.json", O_RDONLY);
	int out = open_in(dir, "events.jsonl", O_WRONLY | O_CREAT | O_APPEND);
	int err = open_in(dir, "stderr", O_WRONLY | O_CREAT | O_APPEND);
	int lock = open_in(dir, "lock", O_RDWR | O_CREAT);
	ChildSetup setup = { open_in(dir, "pid", O_WRONLY | O_CREAT | O_TRUNC) };
	/* the worker's fourth descriptor keeps the lock; its children get only three */
	const int lock_target = 3;
	bool ok = false;

	if (in < 0 || out < 0 || err < 0 || lock < 0 || setup.pid_fd < 0 ||
	    flock(lock, LOCK_EX | LOCK_NB) != 0)
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", dir,
			    g_strerror(errno));
	else if (write_pid_space(dir, error))
		ok = g_spawn_async_with_pipes_and_fds(
			dir, (const char *const *)argv, NULL,
			G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, child_setup, &setup, in,
			out, err, &lock, &lock_target, 1, pid, NULL, NULL, NULL, error);
	for (guint i = 0; i < 5; i++) {
		int fd = (int[]){ in, out, err, lock, setup.pid_fd }[i];
		if (fd >= 0)
			close(fd);
	}
	return ok;
}

bool xb_spawn_write_job(const char *dir, json_t *job, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "job.json", NULL);
	g_autofree char *text = json_dumps(job, JSON_INDENT(2));

	if (g_mkdir_with_parents(dir, 0755) != 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", dir,
			    g_strerror(errno));
		return false;
	}
	return g_file_set_contents(path, text, -1, error);
}
