/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab.c - see lab.h. */
#include "lab.h"

#include "text.h"

#include <string.h>
#include <sys/random.h>

#define LOG_LINE_MAX 2000
#define LEAVE_S      15 /* besides power_pause_s: to switch the machine off and on */

G_DEFINE_QUARK(xb - lab, lab_error)

bool lab_fail(GError **error, XbOutcome outcome, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, LAB_ERROR, (int)outcome, text);
	return false;
}

/* No kernel that ran before can know it, and no two boots have the same. */
static void make_nonce(char nonce[33])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		g_error("no random numbers");
	for (guint i = 0; i < sizeof(bytes); i++)
		g_snprintf(nonce + 2 * (gsize)i, 3, "%02x", bytes[i]);
}

Lab *lab_new(const RunnerJob *job, RunnerRun *run, GError **error)
{
	g_autoptr(Lab) self = g_new0(Lab, 1);
	g_autofree char *path = g_build_filename(job->dir, "lab.log", NULL);

	self->job = job;
	self->run = run;
	self->start_us = g_get_monotonic_time();
	make_nonce(self->nonce);
	self->host = lab_host_new(job, error);
	if (!self->host)
		return NULL;
	if (!run)
		return g_steal_pointer(&self);
	self->end_us = lab_deadline(job->deadline_s -
				    MIN(self->host->power_pause_s + LEAVE_S, job->deadline_s / 4));
	self->log = fopen(path, "ae");
	if (!self->log) {
		lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s can't be written: %s", path,
			 g_strerror(errno));
		return NULL;
	}
	return g_steal_pointer(&self);
}

void lab_free(Lab *self)
{
	if (!self)
		return;
	lab_host_free(self->host);
	if (self->log)
		fclose(self->log);
	g_free(self);
}

void lab_log(Lab *self, const char *format, ...)
{
	double passed = (double)(g_get_monotonic_time() - self->start_us) / G_USEC_PER_SEC;
	g_autofree char *text = NULL;
	g_autofree char *safe = NULL;
	va_list args;

	if (!self->log)
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	safe = xb_text_safe(text, -1, LOG_LINE_MAX, false);
	fprintf(self->log, "%9.3f %s\n", passed, safe);
	fflush(self->log);
}

gint64 lab_deadline(double seconds)
{
	return g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
}

double lab_seconds_left(gint64 deadline_us)
{
	return (double)(deadline_us - g_get_monotonic_time()) / G_USEC_PER_SEC;
}

static gboolean on_time(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

bool lab_wait(Lab *self, double seconds, GError **error)
{
	bool limited = self->end_us && !self->closing, late = false;
	double most = limited ? MIN(seconds, lab_seconds_left(self->end_us)) : seconds;
	guint timer = g_timeout_add((guint)MAX(most * 1000, 1), on_time, &late);

	if (self->closing || !self->run || !self->run->ended)
		g_main_context_iteration(NULL, TRUE);
	if (!late)
		g_source_remove(timer);
	if (self->run && self->run->ended && !self->closing)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "ended on request");
	if (limited && lab_seconds_left(self->end_us) <= 0)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"the deadline of %.0f s is over: deadline= must cover the "
				"known-good system, the boot, settling and the workload",
				self->job->deadline_s);
	return true;
}

bool lab_pause(Lab *self, double seconds, GError **error)
{
	gint64 end = lab_deadline(seconds);

	while (lab_seconds_left(end) > 0)
		if (!lab_wait(self, lab_seconds_left(end), error))
			return false;
	return true;
}
