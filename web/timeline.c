/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timeline.c - see timeline.h. */
#include "timeline.h"

#include <math.h>
#include <string.h>

#include "plot.h"

#define POINTS_DRAWN  2000 /* of a series, the latest, or those before the one asked for */
#define POINTS_LINKED 500  /* more of them are drawn as one line of dots */
#define LEFT          90
#define RIGHT         950
#define BOTTOM        260

/* ---- one series ------------------------------------------------------------------------- */

typedef struct {
	const XbWatch *watch;
	char *workload, *metric;
	GPtrArray *levels;  /* XbWatchLevel* */
	GPtrArray *changes; /* XbWatchChange*, of the whole branch */
	guint others;       /* levels of other hosts or workloads, which are left out */
	guint first, end;   /* levels that are drawn */
} Series;

static void series_clear(Series *series)
{
	g_free(series->workload);
	g_free(series->metric);
	g_clear_pointer(&series->levels, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Series, series_clear)

/* Levels of two classes of hosts are never compared: those of the latest stay. How many went. */
static guint keep_last_class(GPtrArray *levels)
{
	const XbWatchLevel *last = levels->len ? levels->pdata[levels->len - 1] : NULL;
	guint before = levels->len;

	for (guint i = levels->len; i-- > 0;) {
		const XbWatchLevel *level = levels->pdata[i];

		if (strcmp(level->host_fp, last->host_fp) != 0 ||
		    strcmp(level->workload_fp, last->workload_fp) != 0)
			g_ptr_array_remove_index(levels, i);
	}
	return before - levels->len;
}

static bool series_load(XbPage *page, Series *series, const char *name, GError **error)
{
	int64_t before = xb_web_query_int(page->request, "before", 0);
	g_auto(GStrv) parts = g_strsplit(name, "\n", 2);

	series->workload = g_strdup(parts[0]);
	series->metric = g_strdup(parts[1] ? parts[1] : "");
	series->levels = xb_db_watch_levels(page->db, series->watch->id, series->workload,
					    series->metric, error);
	if (!series->levels)
		return false;
	series->others = keep_last_class(series->levels);
	series->end = series->levels->len;
	while (before && series->end > 0 &&
	       ((XbWatchLevel *)series->levels->pdata[series->end - 1])->seq >= before)
		series->end--;
	series->first = series->end > POINTS_DRAWN ? series->end - POINTS_DRAWN : 0;
	return true;
}

static bool is_of(const Series *series, const XbWatchChange *change)
{
	return strcmp(change->workload, series->workload) == 0 &&
	       strcmp(change->metric, series->metric) == 0;
}

/* Half of the 95 % interval of the mean of the boots; NAN for one boot. */
static double half_of(const XbWatchLevel *level)
{
	return level->boots > 1 ? level->level * level->sd * xb_t95((guint)level->boots - 1) /
					  sqrt(level->boots)
				: NAN;
}

static XbScale level_scale(const Series *series)
{
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = series->first; i < series->end; i++)
		g_array_append_val(values, ((XbWatchLevel *)series->levels->pdata[i])->level);
	return xb_scale_over((const double *)(gconstpointer)values->data, values->len, BOTTOM, 10);
}

static void put_band(XbHtml *out, const Series *series, const XbScale *x, const XbScale *y)
{
	bool started = false;

	xb_html(out, "<path class=\"band\" d=\"");
	for (guint i = series->first; i < series->end; i++) {
		const XbWatchLevel *level = series->levels->pdata[i];
		double half = half_of(level);

		xb_html(out, started ? "L%.1f %.1f" : "M%.1f %.1f",
			xb_scale_at(x, (double)level->seq),
			CLAMP(xb_scale_at(y, level->level + (isfinite(half) ? half : 0)), 0,
			      BOTTOM));
		started = true;
	}
	for (guint i = series->end; i-- > series->first;) {
		const XbWatchLevel *level = series->levels->pdata[i];
		double half = half_of(level);

		xb_html(out, "L%.1f %.1f", xb_scale_at(x, (double)level->seq),
			CLAMP(xb_scale_at(y, level->level - (isfinite(half) ? half : 0)), 0,
			      BOTTOM));
	}
	xb_html(out, "Z\"/>");
}

static void put_dots(XbHtml *out, const Series *series, const XbScale *x, const XbScale *y)
{
	xb_html(out, "<path class=\"dots\" d=\"");
	for (guint i = series->first; i < series->end; i++) {
		const XbWatchLevel *level = series->levels->pdata[i];

		xb_html(out, "M%.1f %.1fh0", xb_scale_at(x, (double)level->seq),
			xb_scale_at(y, level->level));
	}
	xb_html(out, "\"/>");
}

static void put_drawing(XbHtml *out, const Series *series)
{
	const XbWatchLevel *first = series->levels->pdata[series->first];
	const XbWatchLevel *last = series->levels->pdata[series->end - 1];
	const double ends[] = { (double)first->seq, (double)last->seq };
	XbScale x = xb_scale_over(ends, 2, LEFT, RIGHT), y = level_scale(series);

	xb_html(out,
		"<svg viewBox=\"0 0 960 280\" role=\"group\" aria-label=\"%s of %s over the "
		"commits\">",
		series->metric, series->watch->name);
	xb_plot_y_axis(out, &y, LEFT, RIGHT, first->unit);
	put_band(out, series, &x, &y);
	for (guint i = 0; i < series->changes->len; i++) {
		const XbWatchChange *change = series->changes->pdata[i];
		double at = xb_scale_at(&x, (double)change->to_seq);

		if (is_of(series, change) && at >= LEFT && at <= RIGHT)
			xb_html(out,
				"<line class=\"change\" x1=\"%.1f\" x2=\"%.1f\" y1=\"4\" "
				"y2=\"%d\"/>",
				at, at, BOTTOM);
	}
	if (series->end - series->first > POINTS_LINKED) {
		put_dots(out, series, &x, &y);
		xb_html(out, "</svg>\n");
		return;
	}
	for (guint i = series->first; i < series->end; i++) {
		const XbWatchLevel *level = series->levels->pdata[i];
		g_autofree char *id = xb_short_id(level->commit);
		g_autofree char *value = xb_value_text(level->level, level->unit);

		xb_html(out,
			"<a href=\"/%s/%lld\"><circle class=\"point\" cx=\"%.1f\" cy=\"%.1f\" "
			"r=\"3\"><title>%s %s: %s</title></circle></a>",
			level->run_id ? "run" : "job",
			(long long)(level->run_id ? level->run_id : level->job_id),
			xb_scale_at(&x, (double)level->seq), xb_scale_at(&y, level->level), id,
			level->subject, value);
	}
	xb_html(out, "</svg>\n");
}

/* The latest change of this series, or NULL: what a bisect would be proposed of. */
static const XbWatchChange *latest_change(const Series *series)
{
	const XbWatchChange *latest = NULL;

	for (guint i = 0; i < series->changes->len; i++) {
		const XbWatchChange *change = series->changes->pdata[i];

		if (is_of(series, change) && (!latest || change->to_seq > latest->to_seq))
			latest = change;
	}
	return latest;
}

static void put_choice(XbHtml *out, const char *name, const char *commit, const char *id,
		       bool chosen)
{
	xb_html(out,
		chosen ? "<td><input type=\"radio\" name=\"%s\" value=\"%s\" aria-label=\"%s "
			 "%s\" checked></td>"
		       : "<td><input type=\"radio\" name=\"%s\" value=\"%s\" aria-label=\"%s "
			 "%s\"></td>",
		name, commit, strcmp(name, "good") == 0 ? "from" : "to", id);
}

static void put_point(XbHtml *out, const XbWatchLevel *level, const XbWatchChange *change)
{
	double half = half_of(level);
	g_autofree char *id = xb_short_id(level->commit);
	g_autofree char *value = xb_value_text(level->level, level->unit);

	xb_html(out, "<tr data-x=\"%lld\" data-level=\"%.12g\"", (long long)level->seq,
		level->level);
	if (isfinite(half))
		xb_html(out, " data-low=\"%.12g\" data-high=\"%.12g\"", level->level - half,
			level->level + half);
	xb_html(out, ">");
	put_choice(out, "good", level->commit, id, change && change->from_seq == level->seq);
	put_choice(out, "bad", level->commit, id, change && change->to_seq == level->seq);
	xb_html(out,
		"<td class=\"n\">%lld</td><td><code>%s</code></td><td>%s</td>"
		"<td class=\"n\">%s</td><td class=\"n\">%d</td><td>",
		(long long)level->seq, id, level->subject, value, level->boots);
	if (level->run_id)
		xb_html(out, "<a href=\"/run/%lld\">boot %lld</a> of ", (long long)level->run_id,
			(long long)level->run_id);
	xb_html(out, "<a href=\"/job/%lld\">job %lld</a></td></tr>\n", (long long)level->job_id,
		(long long)level->job_id);
}

static void put_points(XbHtml *out, const Series *series, guint number)
{
	const XbWatchChange *change = latest_change(series);
	const XbWatchLevel *last = series->levels->pdata[series->end - 1];

	xb_html(out,
		"<form method=\"get\" action=\"/queue\" id=\"between%u\"><input type=\"hidden\" "
		"name=\"what\" value=\"bisect\"><input type=\"hidden\" name=\"like\" "
		"value=\"%lld\">"
		"<input type=\"hidden\" name=\"workload\" value=\"%s/%s\"><details><summary>The "
		"same as a table, to choose two commits and bisect between them</summary>"
		"<p class=\"actions\"><button>Bisect between these</button></p>"
		"<div class=\"wide\"><table><thead><tr><th>From</th><th>To</th><th>#</th><th>Commit"
		"</th><th>Subject</th><th>Level</th><th>Boots</th><th>Measured by</th></tr></thead>"
		"<tbody>\n",
		number, (long long)last->job_id, series->workload, series->metric);
	for (guint i = series->first; i < series->end; i++)
		put_point(out, series->levels->pdata[i], change);
	xb_html(out, "</tbody></table></div></details></form>\n");
}

/* The commit at @seq, or its number where it is not among the levels. Caller frees. */
static char *commit_at(const Series *series, int64_t seq)
{
	for (guint i = 0; i < series->levels->len; i++) {
		const XbWatchLevel *level = series->levels->pdata[i];

		if (level->seq == seq)
			return xb_short_id(level->commit);
	}
	return g_strdup_printf("%" G_GINT64_FORMAT, seq);
}

static void put_changes(XbHtml *out, const Series *series)
{
	const XbWatchLevel *first = series->levels->pdata[0];

	for (guint i = 0; i < series->changes->len; i++) {
		const XbWatchChange *change = series->changes->pdata[i];
		g_autofree char *before = xb_value_text(change->before, first->unit);
		g_autofree char *after = xb_value_text(change->after, first->unit);
		g_autofree char *by = xb_change_text(change->after / change->before);

		if (!is_of(series, change))
			continue;
		g_autofree char *from = commit_at(series, change->from_seq);
		g_autofree char *to = commit_at(series, change->to_seq);

		xb_html(out,
			"<p>Changed between <code>%s</code> and <code>%s</code>: "
			"<strong>%s</strong>, "
			"from %s to %s. ",
			from, to, by, before, after);
		if (change->job_id)
			xb_html(out, "<a href=\"/job/%lld\">Bisected by job %lld</a>",
				(long long)change->job_id, (long long)change->job_id);
		else
			xb_html(out, "%s", change->detail);
		xb_html(out, "</p>\n");
	}
}

static void put_series(XbHtml *out, const Series *series, guint number)
{
	const XbWatchLevel *last;

	if (series->end == series->first)
		return;
	last = series->levels->pdata[series->end - 1];
	g_autofree char *workload = xb_url(series->workload), *metric = xb_url(series->metric);
	xb_html(out,
		"<section id=\"s%u\"><h2>%s of %s</h2>\n<figure class=\"plot timeline\" "
		"data-unit=\"%s\" "
		"data-queue=\"/queue?what=bisect&amp;like=%lld&amp;workload=%s/%s\" "
		"data-changes=\"",
		number, series->metric, series->workload, last->unit, (long long)last->job_id,
		workload, metric);
	for (guint i = 0; i < series->changes->len; i++) {
		const XbWatchChange *change = series->changes->pdata[i];
		if (is_of(series, change))
			xb_html(out, "%lld ", (long long)change->to_seq);
	}
	xb_html(out, "\">\n");
	put_drawing(out, series);
	put_points(out, series, number);
	xb_html(out, "</figure>\n");
	if (series->others)
		xb_html(out, "<p>%u measurements of other hosts or settings are not drawn.</p>\n",
			series->others);
	if (series->first > 0)
		xb_html(out, "<p><a href=\"?before=%lld\">Earlier commits</a></p>\n",
			(long long)((XbWatchLevel *)series->levels->pdata[series->first])->seq);
	put_changes(out, series);
	xb_html(out, "</section>\n");
}

bool xb_timeline(XbPage *page, XbHtml *out, const XbWatch *watch, GPtrArray *changes,
		 const char *name, guint number, GError **error)
{
	g_auto(Series) series = { .watch = watch, .changes = changes };

	if (!series_load(page, &series, name, error))
		return false;
	put_series(out, &series, number);
	return true;
}
