/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.c - a worker process and its directory. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#define PID_WAIT_MS 500 /* from a worker's fork to its pid in the file */

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
	else
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
