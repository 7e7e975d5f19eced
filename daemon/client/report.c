/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.c - what a job found, as documents; see report.h.
 */
#include "report.h"

#include <math.h>
#include <string.h>

#include "format.h"
#include "job.h"
#include "text.h"

#define MAX_CANDIDATES 20

static void add_cell(GPtrArray *cells, char *text)
{
	g_ptr_array_add(cells, text);
}

static GPtrArray *cells_new(const char *const *heading, guint n)
{
	GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < n; i++)
		add_cell(cells, g_strdup(heading[i]));
	return cells;
}

static void optional_field(XbWriter *w, const char *name, const json_t *job, const char *path)
{
	g_autofree char *value = xb_text(job, path);

	if (*value != '\0')
		w->field(w, name, value);
}

/* ---- verdict and culprit ------------------------------------------------------------ */

/* What the daemon warns of. */
static void write_warnings(XbWriter *w, const json_t *job)
{
	const json_t *warnings = xb_member(job, "warnings"), *warning;
	size_t i;

	json_array_foreach(warnings, i, warning)
	{
		g_autoptr(json_t) one = json_pack("{s:O}", "text", warning);
		optional_field(w, "warning", one, "text");
	}
}

static void write_other_steps(XbWriter *w, const json_t *job)
{
	double other = xb_number(job, "other_steps");

	if (!(other > 0.05) || json_is_true(xb_member(job, "all")))
		return;
	g_autofree char *p = xb_format_probability(other);
	g_autofree char *text = g_strdup_printf(
		"%sthe range holds another step with probability %s; bisect --all finds each",
		xb_is(job, "verdict.kind", "range") ? "if the likeliest is the culprit, " : "", p);
	w->field(w, "mind", text);
}

static void write_drift(XbWriter *w, const json_t *job)
{
	double drift = xb_number(job, "verdict.drift");

	if (!isfinite(drift) || drift == 0)
		return;
	g_autofree char *change = xb_format_change(1 + drift);
	g_autofree char *text =
		g_strdup_printf("the host drifted by %s over the job's boots", change);
	w->field(w, "mind", text);
}

/* What a reader of the verdict has to know besides. */
static void write_cautions(XbWriter *w, const json_t *job)
{
	optional_field(w, "note", job, "note");
	write_warnings(w, job);
	write_other_steps(w, job);
	write_drift(w, job);
}

static void write_verdict(XbWriter *w, const json_t *job)
{
	g_autofree char *verdict = xb_job_verdict_line(job);
	g_autofree char *effect = xb_job_effect_line(job);
	g_autofree char *reason = xb_text(job, "reason");
	g_autofree char *asked = NULL;
	double confidence = xb_number(job, "confidence_asked");

	w->section(w, "Verdict");
	w->field(w, "verdict", verdict);
	if (effect != NULL)
		w->field(w, "effect", effect);
	if (isfinite(confidence)) {
		asked = xb_asked_text(confidence);
		w->field(w, "asked for", asked);
	}
	if (*reason != '\0' && xb_is(job, "state", "done"))
		w->field(w, "why", reason);
	write_cautions(w, job);
}

/* Each step of the range that was found, the largest first. */
void xb_report_steps(XbWriter *w, const json_t *job)
{
	static const char *const heading[] = { "commit", "change", "", "probability", "subject" };
	const json_t *steps = xb_member(job, "steps"), *step;
	g_autoptr(GPtrArray) cells = cells_new(heading, 5);
	size_t i;

	if (!json_is_true(xb_member(job, "all")) || json_array_size(steps) == 0)
		return;
	json_array_foreach(steps, i, step)
	{
		add_cell(cells, xb_short_commit(step, "id"));
		add_cell(cells, xb_format_change(xb_number(step, "effect.ratio")));
		add_cell(cells,
			 g_strdup(json_is_true(xb_member(step, "regression")) ? "regression"
									      : "improvement"));
		add_cell(cells, xb_format_probability(xb_number(step, "probability")));
		add_cell(cells, xb_text(step, "subject"));
	}
	w->section(w, xb_is(job, "state", "done") ? "Steps of the range" : "Steps found so far");
	w->table(w, cells, 5, 1u << 1 | 1u << 3);
}

static char *culprit_date(const json_t *job)
{
	double unix_s = xb_number(job, "culprit.date");

	return isfinite(unix_s) ? xb_format_time(unix_s) : xb_text(job, "culprit.date");
}

/* The message without its first line, which is the subject. */
static const char *message_body(const char *message)
{
	const char *newline = strchr(message, '\n');

	return newline != NULL ? newline + strspn(newline, "\n") : "";
}

/* One whose effect is not known is a regression: that is what is searched for. */
static bool is_improvement(const json_t *job)
{
	return isfinite(xb_number(job, "effect.ratio")) && !xb_job_is_regression(job);
}

static void write_culprit(XbWriter *w, const json_t *job)
{
	g_autofree char *commit = xb_text(job, "culprit.commit");
	g_autofree char *author = xb_text(job, "culprit.author");
	g_autofree char *email = xb_text(job, "culprit.email");
	g_autofree char *subject = xb_text(job, "culprit.subject");
	g_autofree char *message = xb_block(job, "culprit.message");
	g_autofree char *diffstat = xb_block(job, "culprit.diffstat");
	g_autofree char *date = culprit_date(job);
	g_autoptr(GString) text = g_string_new(NULL);

	if (*commit == '\0')
		return;
	g_string_append_printf(text, "commit %s\nAuthor: %s <%s>\nDate:   %s\n\n    %s\n", commit,
			       author, email, date, subject);
	if (*message_body(message) != '\0') {
		g_auto(GStrv) lines = g_strsplit(message_body(message), "\n", -1);

		g_string_append_c(text, '\n');
		for (char **line = lines; *line != NULL; line++)
			g_string_append_printf(text, "%s%s\n", **line != '\0' ? "    " : "", *line);
	}
	if (*diffstat != '\0')
		g_string_append_printf(text, "\n%s\n", diffstat);
	g_strchomp(text->str);
	w->section(w, is_improvement(job) ? "First better commit" : "First bad commit");
	w->literal(w, text->str);
	optional_field(w, "it",
		       (const json_t *)json_array_get(xb_member(job, "verdict.commits"), 0),
		       "path.text");
}

/* A range: what is left, the most probable first. */
static void write_candidates(XbWriter *w, const json_t *job)
{
	static const char *const heading[] = { "commit", "probability", "subject" };
	const json_t *commits = xb_member(job, "verdict.commits"), *commit;
	g_autoptr(GPtrArray) cells = cells_new(heading, 3);
	gint64 more;
	size_t i;

	if (!xb_is(job, "verdict.kind", "range") && !xb_is(job, "verdict.kind", "unresolved"))
		return;
	json_array_foreach(commits, i, commit)
	{
		if (i >= MAX_CANDIDATES)
			break;
		add_cell(cells, xb_short_commit(commit, "id"));
		add_cell(cells, xb_format_probability(xb_number(commit, "probability")));
		add_cell(cells, xb_text(commit, "subject"));
	}
	if (cells->len <= 3)
		return;
	w->section(w, "Candidates");
	w->table(w, cells, 3, 1u << 1);
	more = xb_job_range_size(job) - (cells->len / 3 - 1);
	if (more > 0) {
		g_autofree char *text = g_strdup_printf("and %" G_GINT64_FORMAT " more commit%s",
							more, more == 1 ? "" : "s");
		w->paragraph(w, text);
	}
}

/* ---- levels ---------------------------------------------------------------------------- */

/* What the engine gives as a level is its own mean over boots; the spread to
 * show with it is that of the commit measured most often at that level. NAN
 * when none is within a thousandth. */
static double error_at(const GPtrArray *levels, double level)
{
	const XbJobLevel *best = NULL;

	for (guint i = 0; i < levels->len; i++) {
		const XbJobLevel *one = g_ptr_array_index(levels, i);

		if (one->boots > (best != NULL ? best->boots : 0) &&
		    fabs(one->level - level) <= 1e-3 * fabs(level))
			best = one;
	}
	return best != NULL ? best->error : NAN;
}

static void write_side(XbWriter *w, const json_t *job, const char *side, double level,
		       const GPtrArray *levels)
{
	g_autofree char *sides = g_strdup_printf("sides.%s", side);
	const json_t *own = xb_member(job, sides);
	g_autofree char *unit = xb_text(job, "effect.unit");
	g_autofree char *label = xb_text(job, strcmp(side, "base") == 0 ? "good" : "bad");
	double boots = xb_number(own, "boots"), sd = xb_number(own, "sd");
	double error =
		boots > 1 && isfinite(sd) ? level * sd / sqrt(boots) : error_at(levels, level);
	g_autofree char *text = xb_format_level(level, error, unit);
	g_autofree char *line = NULL;

	if (boots > 0)
		line = g_strdup_printf("%s   %.0f boots%s%s", text, boots,
				       *label != '\0' ? "   " : "", label);
	else
		line = g_strdup(text);
	w->field(w, side, line);
}

void xb_report_levels(XbWriter *w, const json_t *job)
{
	g_autoptr(GPtrArray) levels = xb_job_levels(job);
	double base = xb_number(job, "effect.base"), test = xb_number(job, "effect.test");
	g_autofree char *metric = xb_text(job, "effect.metric");
	g_autofree char *workload = xb_text(job, "workload");
	g_autofree char *heading = g_strdup_printf("Level of %s in %s", metric, workload);

	if (xb_report_comparisons(w, job) || (!isfinite(base) && !isfinite(test)))
		return;
	w->section(w, heading);
	if (isfinite(base))
		write_side(w, job, "base", base, levels);
	if (isfinite(test) && !xb_is(job, "kind", "measure"))
		write_side(w, job, "test", test, levels);
	xb_report_metrics(w, job);
}

void xb_report_confirmation(XbWriter *w, const json_t *job)
{
	static const char *const heading[] = { "image", "commit", "boots", "level", "detail" };
	const json_t *entries = xb_member(job, "confirmation"), *entry;
	g_autoptr(GPtrArray) cells = cells_new(heading, 5);
	g_autofree char *unit = xb_text(job, "unit");
	size_t i;

	if (json_array_size(entries) == 0)
		return;
	json_array_foreach(entries, i, entry)
	{
		add_cell(cells, xb_text(entry, "image"));
		add_cell(cells, xb_short_commit(entry, "commit"));
		add_cell(cells, xb_text(entry, "boots"));
		add_cell(cells, xb_format_value(xb_number(entry, "level"), unit));
		add_cell(cells, xb_text(entry, "detail"));
	}
	w->section(w, "Confirmation (fresh boots in turn)");
	w->table(w, cells, 5, 1u << 2 | 1u << 3);
}

/* ---- all that was measured ---------------------------------------------------------------- */

static char *level_note(const XbJobLevel *level, double reference)
{
	if (level->boots == 0)
		return g_strdup(level->outcome != NULL ? level->outcome : "-");
	if (!isfinite(reference) || reference == 0)
		return g_strdup("");
	return xb_format_change(level->level / reference);
}

void xb_report_commits(XbWriter *w, const json_t *job)
{
	static const char *const heading[] = { "commit",  "image",       "boots",  "level",
					       "to base", "probability", "subject" };
	g_autoptr(GPtrArray) levels = xb_job_levels(job);
	g_autoptr(GPtrArray) cells = cells_new(heading, 7);
	g_autofree char *unit = xb_text(job, "unit");
	double base = xb_number(job, "effect.base");

	if (levels->len == 0)
		return;
	for (guint i = 0; i < levels->len; i++) {
		const XbJobLevel *level = g_ptr_array_index(levels, i);
		g_autofree char *value = xb_format_level(level->level, level->error, unit);

		add_cell(cells, g_strndup(level->commit, strlen(level->commit) == 40 ? 12 : 60));
		add_cell(cells, g_strdup(level->image));
		add_cell(cells, g_strdup_printf("%u", level->boots));
		add_cell(cells, g_steal_pointer(&value));
		add_cell(cells, level_note(level, base));
		add_cell(cells, xb_format_probability(level->probability));
		add_cell(cells, g_strdup(level->subject));
	}
	w->section(w, "Everything measured, in that order");
	w->table(w, cells, 7, 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5);
}

/* ---- facts ---------------------------------------------------------------------------------- */

static void write_counts(XbWriter *w, const json_t *job)
{
	g_autofree char *line = NULL;

	if (xb_member(job, "counts") == NULL)
		return;
	line = g_strdup_printf(
		"%" G_GINT64_FORMAT " builds (%" G_GINT64_FORMAT " reused, %" G_GINT64_FORMAT
		" ahead of need), %" G_GINT64_FORMAT " boots, %" G_GINT64_FORMAT " skipped",
		xb_integer(job, "counts.builds"), xb_integer(job, "counts.builds_reused"),
		xb_integer(job, "counts.prebuilt"), xb_integer(job, "counts.boots"),
		xb_integer(job, "counts.skipped"));
	w->field(w, "work", line);
}

static void write_range(XbWriter *w, const json_t *job)
{
	g_autofree char *good = xb_text(job, "good"), *bad = xb_text(job, "bad");
	g_autoptr(GString) line = g_string_new(NULL);

	if (*good == '\0' && *bad == '\0')
		return;
	if (!xb_is(job, "kind", "bisect")) {
		w->field(w, "variant", good);
		if (*bad != '\0')
			w->field(w, "against", bad);
		return;
	}
	g_string_append_printf(line, "%s..%s", good, bad);
	if (xb_integer(job, "commits_in_range") > 0)
		g_string_append_printf(line, "   %" G_GINT64_FORMAT " commits",
				       xb_integer(job, "commits_in_range"));
	if (xb_integer(job, "can_matter") > 0)
		g_string_append_printf(line, ", %" G_GINT64_FORMAT " can matter",
				       xb_integer(job, "can_matter"));
	w->field(w, "range", line->str);
	optional_field(w, "of them", job, "path.text");
	optional_field(w, "from", job, "good_id");
	optional_field(w, "to", job, "bad_id");
}

/* The machines that it was measured on, whichever the job asked for. */
static void write_hosts(XbWriter *w, const json_t *job)
{
	const json_t *list = xb_member(job, "measurements"), *one;
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GString) names = g_string_new(NULL);
	g_autofree char *class = xb_text(job, "host_fp");
	size_t i;

	json_array_foreach(list, i, one)
	{
		char *host = xb_text(one, "host");

		if (*host == '\0' || g_hash_table_contains(seen, host)) {
			g_free(host);
			continue;
		}
		g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", host);
		g_hash_table_add(seen, host);
	}
	if (names->len == 0) {
		optional_field(w, "host", job, "host");
		return;
	}
	if (*class != '\0')
		g_string_append_printf(names, " (class %.12s)", class);
	w->field(w, g_hash_table_size(seen) > 1 ? "hosts" : "host", names->str);
}

static void write_kernel(XbWriter *w, const json_t *job)
{
	g_autofree char *hash = xb_text(job, "kernel.config_sha256");
	g_autofree char *text = g_strdup_printf("sha256 %s", hash);

	optional_field(w, "toolchain", job, "kernel.toolchain");
	if (*hash != '\0')
		w->field(w, "config", text);
}

void xb_report_facts(XbWriter *w, const json_t *job)
{
	double started = xb_number(job, "started"), finished = xb_number(job, "finished");
	g_autofree char *when = xb_format_time(started);
	g_autofree char *span = xb_format_span(finished - started);

	optional_field(w, "repository", job, "repo");
	write_range(w, job);
	write_hosts(w, job);
	write_kernel(w, job);
	optional_field(w, "workload", job, "workload");
	optional_field(w, "metric", job, "metric");
	if (started > 0)
		w->field(w, "started", when);
	if (started > 0 && finished > 0)
		w->field(w, "took", span);
	write_counts(w, job);
	optional_field(w, "directory", job, "dir");
}

/* ---- documents --------------------------------------------------------------------------------
 */

void xb_report_write(XbWriter *w, const json_t *job)
{
	g_autofree char *title = xb_text(job, "title");
	g_autofree char *heading =
		g_strdup_printf("xbisect job %" G_GINT64_FORMAT "%s%s", xb_integer(job, "id"),
				*title != '\0' ? ": " : "", title);

	w->title(w, heading);
	write_verdict(w, job);
	write_culprit(w, job);
	write_candidates(w, job);
	xb_report_steps(w, job);
	xb_report_levels(w, job);
	xb_report_explanation(w, job);
	xb_report_confirmation(w, job);
	xb_report_profile(w, job);
	w->section(w, "Where");
	xb_report_facts(w, job);
	xb_report_commits(w, job);
	xb_report_reproduce(w, job);
}

char *xb_report_text(const json_t *job)
{
	GString *out = g_string_new(NULL);
	XbWriter writer = xb_writer_text(out);

	xb_report_write(&writer, job);
	return g_string_free(out, FALSE);
}

char *xb_report_markdown(const json_t *job)
{
	GString *out = g_string_new(NULL);
	XbWriter writer = xb_writer_markdown(out);

	xb_report_write(&writer, job);
	return g_string_free(out, FALSE);
}

char *xb_report_summary(const json_t *job)
{
	GString *out = g_string_new(NULL);
	XbWriter w = xb_writer_text(out);
	g_autofree char *verdict = xb_job_verdict_line(job);
	g_autofree char *effect = xb_job_effect_line(job);
	gint64 id = xb_integer(job, "id");

	g_string_append_printf(out, "job %" G_GINT64_FORMAT ": %s\n", id, verdict);
	if (effect != NULL)
		g_string_append_printf(out, "  %s\n", effect);
	write_cautions(&w, job);
	if (xb_member(job, "culprit.commit") != NULL) {
		write_culprit(&w, job);
	} else {
		write_candidates(&w, job);
		xb_report_steps(&w, job);
	}
	xb_report_levels(&w, job);
	xb_report_explanation(&w, job);
	xb_report_confirmation(&w, job);
	if (xb_member(job, "counts") != NULL) {
		g_string_append_c(out, '\n');
		write_counts(&w, job);
	}
	g_string_append_printf(out,
			       "\nMore: xbisect report %" G_GINT64_FORMAT
			       "   xbisect show %" G_GINT64_FORMAT
			       "   xbisect log %" G_GINT64_FORMAT "\n",
			       id, id, id);
	return g_string_free(out, FALSE);
}
