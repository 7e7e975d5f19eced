/* SPDX-License-Identifier: GPL-2.0-or-later */
/* task.c - workers that are neither builds nor boots. */
#include "task.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol.h"
#include "removal.h"
#include "spawn.h"

#define EVENTS_MAX (4 * 1024 * 1024) /* bytes of events.jsonl that are read */

struct XbTask {
	int64_t id;
	char *dir;
	int pid, pidfd;
	guint exit_source, deadline_source;
	XbTaskEnded ended;
	void *user;
};

static gboolean on_exit_seen(int fd, GIOCondition condition, gpointer data)
{
	XbTask *task = data;
	(void)fd;
	(void)condition;

	task->exit_source = 0;
	/* stragglers, while the group's number is still its own */
	xb_spawn_signal(task->pid, SIGKILL);
	xb_spawn_end_session(task->pid);
	waitpid(task->pid, NULL, WNOHANG); /* an adopted one is somebody else's child */
	task->ended(task, task->user);
	return G_SOURCE_REMOVE;
}

static gboolean on_deadline(gpointer data)
{
	XbTask *task = data;

	g_warning("%s: killed after its deadline", task->dir);
	task->deadline_source = 0;
	xb_spawn_signal(task->pid, SIGKILL);
	return G_SOURCE_REMOVE;
}

/* NULL when the process is gone already. */
static XbTask *follow(const char *dir, int pid, int64_t id, double deadline_s, XbTaskEnded ended,
		      void *user)
{
	int pidfd = pid > 1 ? pidfd_open(pid, 0) : -1;
	XbTask *task;

	if (pidfd < 0)
		return NULL;
	fcntl(pidfd, F_SETFD, FD_CLOEXEC);
	task = g_new0(XbTask, 1);
	task->id = id;
	task->dir = g_strdup(dir);
	task->pid = pid;
	task->pidfd = pidfd;
	task->ended = ended;
	task->user = user;
	task->exit_source = g_unix_fd_add(pidfd, G_IO_IN, on_exit_seen, task);
	task->deadline_source = g_timeout_add((guint)(deadline_s * 1000), on_deadline, task);
	return task;
}

XbTask *xb_task_start(const char *dir, char *const *argv, json_t *job, int64_t id,
		      double deadline_s, XbTaskEnded ended, void *user, GError **error)
{
	XbTask *task;
	int pid = 0;

	if (!xb_remove_at(AT_FDCWD, dir)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s cannot be removed", dir);
		return NULL;
	}
	if (!xb_spawn_write_job(dir, job, error) || !xb_spawn(dir, argv, &pid, error))
		return NULL;
	/* our child: it stays until it is waited for, so there is a pidfd */
	task = follow(dir, pid, id, deadline_s, ended, user);
	if (task == NULL) {
		xb_spawn_signal(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
			    "%s cannot be followed: no more file descriptors?", argv[0]);
	}
	return task;
}

XbTask *xb_task_adopt(const char *dir, int64_t id, double deadline_s, XbTaskEnded ended, void *user)
{
	XbTask *task = follow(dir, xb_spawn_lock_holder(dir), id, deadline_s, ended, user);

	if (!task)
		xb_spawn_end_orphans(dir);
	return task;
}

void xb_task_free(XbTask *task)
{
	if (task == NULL)
		return;
	g_clear_handle_id(&task->exit_source, g_source_remove);
	g_clear_handle_id(&task->deadline_source, g_source_remove);
	close(task->pidfd);
	g_free(task->dir);
	g_free(task);
}

static void on_killed(XbTask *task, void *user)
{
	(void)user;
	xb_task_free(task);
}

void xb_task_kill(XbTask *task)
{
	task->ended = on_killed;
	xb_spawn_signal(task->pid, SIGKILL);
}

int64_t xb_task_id(const XbTask *task)
{
	return task->id;
}

const char *xb_task_dir(const XbTask *task)
{
	return task->dir;
}

/* ---- what it said ------------------------------------------------------------------ */

static void feed(XbEventReader *reader, const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "events.jsonl", NULL);
	char buffer[65536];
	gsize total = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	while (fd >= 0 && total < EVENTS_MAX && (n = read(fd, buffer, sizeof(buffer))) > 0) {
		xb_event_reader_feed(reader, buffer, (size_t)n);
		total += (gsize)n;
	}
	if (fd >= 0)
		close(fd);
}

json_t *xb_task_events(const char *dir, const char *name)
{
	g_autoptr(XbEventReader) reader = xb_event_reader_new();
	json_t *list = json_array(), *event;

	feed(reader, dir);
	while ((event = xb_event_reader_next(reader, NULL)) != NULL) {
		if (g_strcmp0(json_string_value(json_object_get(event, "event")), name) == 0)
			json_array_append(list, event);
		json_decref(event);
	}
	return list;
}

json_t *xb_task_event(const char *dir, const char *name)
{
	g_autoptr(json_t) list = xb_task_events(dir, name);
	size_t n = json_array_size(list);

	return n > 0 ? json_incref(json_array_get(list, n - 1)) : NULL;
}
