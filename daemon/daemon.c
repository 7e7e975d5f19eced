/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon.c - the small things that all parts of the daemon use. */
#include "daemon.h"

#include <string.h>

#include "schedule.h"
#include "text.h"

#define JOURNAL_MAX 8192 /* bytes of one line */

int64_t xb_now_ms(void)
{
	return g_get_real_time() / 1000;
}

static gboolean on_plan(gpointer data)
{
	XbDaemon *self = data;

	self->plan_source = 0;
	if (!self->stopping)
		xb_schedule_round(self);
	return G_SOURCE_REMOVE;
}

void xb_daemon_poke(XbDaemon *self)
{
	if (!self->plan_source && !self->stopping)
		self->plan_source = g_idle_add(on_plan, self);
}

typedef struct {
	XbDaemon *daemon;
	guint *source;
} Later;

static gboolean on_later(gpointer data)
{
	const Later *later = data;

	*later->source = 0;
	xb_daemon_poke(later->daemon);
	return G_SOURCE_REMOVE;
}

void xb_daemon_poke_later(XbDaemon *self, guint *source, guint delay_ms)
{
	Later *later = g_new(Later, 1);

	*later = (Later){ self, source };
	*source = g_timeout_add_full(G_PRIORITY_DEFAULT, delay_ms, on_later, later, g_free);
}

void xb_journal(XbDaemon *self, int64_t job_id, const char *format, ...)
{
	g_autofree char *raw = NULL, *text = NULL;
	g_autoptr(GError) error = NULL;
	va_list args;

	va_start(args, format);
	raw = g_strdup_vprintf(format, args);
	va_end(args);
	text = xb_text_safe(raw, -1, JOURNAL_MAX, true);
	if (job_id)
		g_message("job %lld: %s", (long long)job_id, text);
	else
		g_message("%s", text);
	if (!xb_db_journal_add(self->db, job_id, xb_now_ms(), text, &error))
		g_warning("journal: %s", error->message);
}

char *xb_state_path(const XbDaemon *self, const char *first, ...)
{
	GString *path = g_string_new(self->config->state_dir);
	va_list args;

	va_start(args, first);
	for (const char *part = first; part; part = va_arg(args, const char *))
		g_string_append_printf(path, "/%s", part);
	va_end(args);
	return g_string_free(path, FALSE);
}
