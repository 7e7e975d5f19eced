/* SPDX-License-Identifier: GPL-2.0-or-later */
/* usage.c - see usage.h. Linux's /proc, see proc(5). */
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 8

/* Of one thread: /proc/PID/task/TID/stat. A thread that is gone is nothing. */
static void add_thread(const char *dir, double *cpu_s, bool *busy)
{
	g_autofree char *path = g_build_filename(dir, "stat", NULL);
	g_autofree char *text = NULL;
	const char *after;
	char state;
	unsigned long long user, system;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return;
	/* The name before it is the program's own choice, blanks and ) included. */
	after = strrchr(text, ')');
	if (!after || sscanf(after, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
			     &state, &user, &system) != 3)
		return;
	*cpu_s += (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	*busy = *busy || state == 'R' || state == 'D';
}

static bool add_process(pid_t pid, guint depth, double *cpu_s, bool *busy)
{
	g_autofree char *tasks = g_strdup_printf("/proc/%d/task", (int)pid);
	g_autoptr(GDir) entries = g_dir_open(tasks, 0, NULL);
	const char *name;

	while (entries && (name = g_dir_read_name(entries))) {
		g_autofree char *dir = g_build_filename(tasks, name, NULL);
		g_autofree char *path = g_build_filename(dir, "children", NULL);
		g_autofree char *children = NULL;
		char *end;

		add_thread(dir, cpu_s, busy);
		if (!g_file_get_contents(path, &children, NULL, NULL))
			return false;
		for (char *at = children; depth < DEPTH_MAX; at = end) {
			long child = strtol(at, &end, 10);

			if (end == at)
				break;
			add_process((pid_t)child, depth + 1, cpu_s, busy);
		}
	}
	return entries != NULL;
}

bool runner_usage_read(pid_t pid, double *cpu_s, bool *busy)
{
	*cpu_s = 0;
	*busy = false;
	return add_process(pid, 0, cpu_s, busy);
}

void runner_usage_start(UsageClock *self)
{
	*self = (UsageClock){ .then_us = g_get_monotonic_time() };
}

void runner_usage_advance(UsageClock *self, pid_t pid)
{
	gint64 now_us = g_get_monotonic_time();
	double passed = (double)(now_us - self->then_us) / G_USEC_PER_SEC;
	double cpu_s, had;
	bool busy;

	self->then_us = now_us;
	if (!runner_usage_read(pid, &cpu_s, &busy)) {
		self->seconds += passed; /* all that is known */
		return;
	}
	/* Several threads may run at once; no more than what passed counts. */
	had = CLAMP(cpu_s - self->cpu_s, 0, passed);
	self->cpu_s = cpu_s;
	self->seconds += busy ? had : passed;
}
