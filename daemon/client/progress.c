/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * progress.c - a running job as lines; see progress.h.
 */
#include "progress.h"

#include <math.h>
#include <string.h>

#include "format.h"
#include "job.h"
#include "term.h"

#define LOG_LINES 3

/* ---- the view ------------------------------------------------------------------- */

static char *heading(const json_t *job, double now)
{
	g_autofree char *title = xb_text(job, "title");
	g_autofree char *kind = xb_text(job, "kind");
	g_autofree char *state = xb_text(job, "state");
	g_autofree char *phase = xb_text(job, "progress.phase");
	double started = xb_number(job, "started");
	g_autofree char *span = xb_format_span(started > 0 ? now - started : NAN);
	GString *line = g_string_new(NULL);

	g_string_append_printf(line, "#%" G_GINT64_FORMAT " %s", xb_integer(job, "id"),
			       *title != '\0' ? title : kind);
	g_string_append_printf(line, "  %s", *phase != '\0' ? phase : state);
	if (started > 0)
		g_string_append_printf(line, "  %s", span);
	return g_string_free(line, FALSE);
}

/* "1 boot", "2 boots" */
static void append_count(GString *line, gint64 n, const char *what)
{
	g_string_append_printf(line, "%" G_GINT64_FORMAT " %s%s", n, what, n == 1 ? "" : "s");
}

static char *counts_line(const json_t *job)
{
	GString *line = g_string_new("  ");
	gint64 commits = xb_integer(job, "commits_in_range");
	gint64 matter = xb_integer(job, "can_matter");
	gint64 reused = xb_integer(job, "counts.builds_reused");
	gint64 skipped = xb_integer(job, "counts.skipped");

	if (commits > 0)
		append_count(line, commits, "commit");
	if (commits > 0 && matter > 0)
		g_string_append_printf(line, " (%" G_GINT64_FORMAT " can matter)", matter);
	if (commits > 0)
		g_string_append(line, " | ");
	append_count(line, xb_integer(job, "counts.builds"), "build");
	if (reused > 0)
		g_string_append_printf(line, " + %" G_GINT64_FORMAT " reused", reused);
	g_string_append(line, " | ");
	append_count(line, xb_integer(job, "counts.boots"), "boot");
	if (skipped > 0)
		g_string_append_printf(line, " | %" G_GINT64_FORMAT " skipped", skipped);
	return g_string_free(line, FALSE);
}

static char *running_line(const json_t *item, double age_s, int columns)
{
	g_autofree char *kind = xb_text(item, "kind");
	g_autofree char *commit = xb_short_commit(item, "commit");
	g_autofree char *subject = xb_text(item, "subject");
	g_autofree char *where = xb_text(item, "where");
	g_autofree char *detail = xb_text(item, "detail");
	double seconds = xb_number(item, "seconds"), expected = xb_number(item, "expected_s");
	g_autofree char *span = xb_format_span(seconds + age_s);
	g_autofree char *of = expected > 0 ? xb_format_span(expected) : NULL;
	g_autofree char *time =
		of != NULL ? g_strdup_printf("%s of ~%s", span, of) : g_strdup(span);
	g_autofree char *what = g_strdup_printf("%s %s", commit, subject);
	g_autofree char *fitted = xb_format_fit(what, CLAMP(columns - 46, 12, 60), TRUE);

	return g_strdup_printf("  %-5s %s  %-8s %-14s %s", kind, fitted, where, time, detail);
}

static char *leading_line(const json_t *job)
{
	g_autofree char *commit = xb_short_commit(job, "progress.leading.commit");
	g_autofree char *subject = xb_text(job, "progress.leading.subject");
	g_autofree char *p = xb_format_probability(xb_number(job, "progress.leading.probability"));

	double ratio = xb_number(job, "effect.ratio");
	g_autofree char *change = isfinite(ratio) && ratio > 0 ? xb_format_change(ratio) : NULL;

	return g_strdup_printf("  leading %s (%s%s%s) %s", commit, p, change != NULL ? ", " : "",
			       change != NULL ? change : "", subject);
}

/* "2 steps so far: +30.00% 1a2b3c4d5e6f, -5.00% ..."; NULL without any. */
static char *steps_found_line(const json_t *job)
{
	const json_t *steps = xb_member(job, "steps"), *step;
	size_t n = json_array_size(steps), i;
	GString *line;

	if (n == 0 || !json_is_true(xb_member(job, "all")))
		return NULL;
	line = g_string_new(NULL);
	g_string_append_printf(line, "  %zu step%s so far:", n, n == 1 ? "" : "s");
	json_array_foreach(steps, i, step)
	{
		g_autofree char *commit = xb_short_commit(step, "id");
		g_autofree char *change = xb_format_change(xb_number(step, "effect.ratio"));

		g_string_append_printf(line, "%s %s %s", i > 0 ? "," : "", change, commit);
	}
	return g_string_free(line, FALSE);
}

static char *steps_line(const json_t *job, double age_s)
{
	double done = xb_number(job, "progress.steps_done");
	double left = xb_number(job, "progress.steps_left");
	double seconds = xb_number(job, "progress.seconds_left");
	g_autofree char *span = xb_format_span(MAX(seconds - age_s, 0));
	double share = done + left > 0 ? done / (done + left) : 0;
	int filled = (int)(CLAMP(share, 0, 1) * 24);
	g_autofree char *full = g_strnfill((gsize)filled, '#');
	g_autofree char *empty = g_strnfill((gsize)(24 - filled), '.');
	GString *line = g_string_new(NULL);

	g_string_append_printf(line, "  [%s%s] %.0f steps done, about %.0f left", full, empty, done,
			       left);
	if (isfinite(seconds))
		g_string_append_printf(line, ", about %s", span);
	return g_string_free(line, FALSE);
}

static char *log_text(const json_t *line)
{
	g_autoptr(json_t) entry = json_pack("{s:O}", "text", line);

	return xb_text(entry, "text");
}

static void add_log(GPtrArray *lines, const json_t *job)
{
	const json_t *last = xb_member(job, "progress.last");
	size_t n = json_array_size(last);

	for (size_t i = n > LOG_LINES ? n - LOG_LINES : 0; i < n; i++) {
		g_autofree char *text = log_text(json_array_get(last, i));

		xb_lines_add(lines, "2", g_strdup_printf("  . %s", text));
	}
}

/* A line as wide as the terminal makes some terminals wrap: one column stays. */
static void fit_lines(GPtrArray *lines, int columns, int rows)
{
	if (lines->len > (guint)MAX(rows - 1, 1))
		g_ptr_array_set_size(lines, MAX(rows - 1, 1));
	for (guint i = 0; i < lines->len; i++) {
		XbLine *line = g_ptr_array_index(lines, i);
		char *fitted = xb_format_fit(line->text, MAX(columns - 1, 1), FALSE);

		g_free(line->text);
		line->text = fitted;
	}
}

GPtrArray *xb_progress_view(const json_t *job, double age_s, double now, int columns, int rows)
{
	GPtrArray *lines = xb_lines_new();
	const json_t *running = xb_member(job, "progress.running"), *item;
	g_autofree char *note = xb_text(job, "note");
	g_autofree char *found = NULL;
	size_t i;

	xb_lines_add(lines, "1", heading(job, now));
	xb_lines_add(lines, NULL, counts_line(job));
	json_array_foreach(running, i, item)
		xb_lines_add(lines, "36", running_line(item, age_s, columns));
	if (xb_member(job, "progress.leading.commit") != NULL)
		xb_lines_add(lines, "33", leading_line(job));
	found = steps_found_line(job);
	if (found != NULL)
		xb_lines_add(lines, "33", g_strdup(found));
	if (xb_member(job, "progress.steps_left") != NULL)
		xb_lines_add(lines, NULL, steps_line(job, age_s));
	if (*note != '\0')
		xb_lines_add(lines, "35", g_strdup_printf("  note: %s", note));
	add_log(lines, job);
	fit_lines(lines, columns, rows);
	return lines;
}

/* ---- changes --------------------------------------------------------------------- */

/* progress.last is a window over the job's log: what came is what follows the
 * longest end of the old window that the new one begins with. */
static void add_logged(GPtrArray *lines, const json_t *before, const json_t *job)
{
	const json_t *old = xb_member(before, "progress.last");
	const json_t *new = xb_member(job, "progress.last");
	size_t n_old = json_array_size(old), n_new = json_array_size(new);
	size_t common = MIN(n_old, n_new);

	for (; common > 0; common--) {
		size_t i = 0;

		while (i < common &&
		       json_equal(json_array_get(old, n_old - common + i), json_array_get(new, i)))
			i++;
		if (i == common)
			break;
	}
	for (size_t i = common; i < n_new; i++)
		g_ptr_array_add(lines, log_text(json_array_get(new, i)));
}

static void add_estimate(GPtrArray *lines, const json_t *before, const json_t *job)
{
	double left = xb_number(job, "progress.steps_left");
	double seconds = xb_number(job, "progress.seconds_left");
	g_autofree char *span = xb_format_span(seconds);

	if (!isfinite(left) || left == xb_number(before, "progress.steps_left"))
		return;
	g_ptr_array_add(lines, g_strdup_printf("%.0f steps done, about %.0f left%s%s",
					       xb_number(job, "progress.steps_done"), left,
					       isfinite(seconds) ? ", about " : "",
					       isfinite(seconds) ? span : ""));
}

/* A member whose text is worth a line when it changes. */
static void add_changed(GPtrArray *lines, const json_t *before, const json_t *job, const char *path,
			const char *label)
{
	g_autofree char *old = xb_text(before, path);
	g_autofree char *new = xb_text(job, path);

	if (*new != '\0' && strcmp(old, new) != 0)
		g_ptr_array_add(lines, g_strdup_printf("%s%s", label, new));
}

GPtrArray *xb_progress_changes(const json_t *before, const json_t *job)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *old = xb_text(before, "progress.leading.commit");
	g_autofree char *new = xb_text(job, "progress.leading.commit");

	add_changed(lines, before, job, "state", "state: ");
	add_changed(lines, before, job, "progress.phase", "phase: ");
	add_changed(lines, before, job, "note", "note: ");
	add_logged(lines, before, job);
	if (*new != '\0' && strcmp(old, new) != 0)
		g_ptr_array_add(lines, g_strchug(leading_line(job)));
	if (json_array_size(xb_member(job, "steps")) >
	    json_array_size(xb_member(before, "steps"))) {
		char *found = steps_found_line(job);

		if (found != NULL)
			g_ptr_array_add(lines, g_strchug(found));
	}
	add_estimate(lines, before, job);
	return lines;
}
