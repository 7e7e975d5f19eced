/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-command.c - see lab-command.h. */
#include "lab-command.h"

#include "text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (1u << 20) /* that is kept; */
#define OUTPUT_END (8u << 20) /* and what ends it */
#define LINE_SHOWN 300
#define POLL_S     0.03

void lab_result_clear(LabResult *self)
{
	g_clear_pointer(&self->out, g_free);
	g_clear_pointer(&self->err, g_free);
}

int lab_memory_file(const char *data, gsize length, GError **error)
{
	int fd = memfd_create("lab", MFD_CLOEXEC);
	gsize done = 0;

	while (fd >= 0 && done < length) {
		ssize_t wrote = write(fd, data + done, length - done);

		if (wrote <= 0) {
			close(fd);
			fd = -1;
			break;
		}
		done += (gsize)wrote;
	}
	if (fd < 0)
		lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "no memory for a file: %s",
			 g_strerror(errno));
	else
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static char *read_all(int fd)
{
	char *text = g_malloc0(OUTPUT_MAX + 1);
	gsize length = 0;
	ssize_t got;

	while (length < OUTPUT_MAX &&
	       (got = pread(fd, text + length, OUTPUT_MAX - length, (off_t)length)) > 0)
		length += (gsize)got;
	for (gsize i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return g_realloc(text, length + 1);
}

static bool is_endless(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_size > OUTPUT_END;
}

/* True when it was reaped; else it was ended. The files that it writes itself have no limit: they
 * are its own. What it prints has. */
static bool wait_for(Lab *lab, pid_t pid, const int fds[2], gint64 deadline_us, LabResult *result,
		     GError **error)
{
	while (waitpid(pid, &result->wait_status, WNOHANG) != pid) {
		bool going = lab_wait(lab, POLL_S, error);

		if (going && lab_seconds_left(deadline_us) > 0 && !is_endless(fds[0]) &&
		    !is_endless(fds[1]))
			continue;
		result->late = going;
		result->wait_status = runner_child_end(pid, 0.5);
		return going;
	}
	kill(-pid, SIGKILL); /* what it left behind */
	return true;
}

bool lab_command(Lab *lab, const char *what, char *const *argv, int input, double deadline_s,
		 LabResult *result, GError **error)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	gint64 start = g_get_monotonic_time();
	g_autofree char *text = NULL;
	bool ok = false;
	pid_t pid = -1;

	*result = (LabResult){ 0 };
	if (out >= 0 && err >= 0)
		pid = runner_child_start(argv, NULL, input, out, err, 0, error);
	else
		lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s: %s", what, g_strerror(errno));
	if (pid > 0) {
		ok = wait_for(lab, pid, (const int[]){ out, err }, lab_deadline(deadline_s), result,
			      error);
		result->out = read_all(out);
		result->err = read_all(err);
		text = lab_result_text(result);
		lab_log(lab, "%s: %s (%s, %.2f s)", what, ok ? text : "ended", argv[0],
			(double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC);
	} else if (error && *error) {
		g_prefix_error(error, "%s: ", what);
		lab_log(lab, "%s", (*error)->message);
	}
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	return ok;
}

bool lab_result_ok(const LabResult *self)
{
	return !self->late && WIFEXITED(self->wait_status) && WEXITSTATUS(self->wait_status) == 0;
}

/* The last line of @text that says something, made safe; NULL for none. */
static char *last_line(const char *text)
{
	g_autofree char *copy = g_strchomp(g_strdup(text ? text : ""));
	const char *newline = strrchr(copy, '\n');
	const char *line = newline ? newline + 1 : copy;

	return *line ? xb_text_safe(line, -1, LINE_SHOWN, false) : NULL;
}

char *lab_result_text(const LabResult *self)
{
	g_autofree char *status = runner_status_text(self->wait_status);
	g_autofree char *line = last_line(self->err);

	if (!line)
		line = last_line(self->out);
	if (self->late)
		return g_strdup_printf("not finished in time%s%s", line ? ": " : "",
				       line ? line : "");
	if (lab_result_ok(self))
		return g_strdup(line ? line : "ok");
	return g_strdup_printf("%s%s%s", status, line ? ": " : "", line ? line : "");
}

bool lab_command_ok(Lab *lab, const char *what, char *const *argv, int input, double deadline_s,
		    LabResult *result, GError **error)
{
	g_autofree char *text = NULL;

	if (!lab_command(lab, what, argv, input, deadline_s, result, error))
		return false;
	if (lab_result_ok(result))
		return true;
	text = lab_result_text(result);
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s: %s", what, text);
}
