/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * job.c - reading JOB for people; see job.h.
 */
#include "job.h"

#include <math.h>
#include <string.h>

#include "format.h"
#include "text.h"

#define LINE_MAX_BYTES  4096
#define BLOCK_MAX_BYTES (1024 * 1024)

const json_t *xb_member(const json_t *object, const char *path)
{
	g_auto(GStrv) names = g_strsplit(path, ".", -1);

	for (char **name = names; *name != NULL && object != NULL; name++)
		object = json_object_get(object, *name);
	return json_is_null(object) ? NULL : object;
}

static char *text_of(const json_t *value, gsize max, bool multiline)
{
	if (json_is_string(value))
		return xb_text_safe(json_string_value(value), (gssize)json_string_length(value),
				    max, multiline);
	if (json_is_integer(value))
		return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_real(value))
		return g_strdup_printf("%g", json_real_value(value));
	if (json_is_boolean(value))
		return g_strdup(json_is_true(value) ? "yes" : "no");
	return g_strdup("");
}

/* A newline in a text of one line is a blank, not an escape: reasons and
 * details are often written over several lines. */
char *xb_text(const json_t *object, const char *path)
{
	char *text = text_of(xb_member(object, path), LINE_MAX_BYTES, true);

	g_strdelimit(text, "\n\t", ' ');
	return g_strchomp(text);
}

char *xb_block(const json_t *object, const char *path)
{
	return g_strchomp(text_of(xb_member(object, path), BLOCK_MAX_BYTES, true));
}

double xb_number(const json_t *object, const char *path)
{
	const json_t *value = xb_member(object, path);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

gint64 xb_integer(const json_t *object, const char *path)
{
	return json_integer_value(xb_member(object, path));
}

bool xb_is(const json_t *object, const char *path, const char *value)
{
	return g_strcmp0(json_string_value(xb_member(object, path)), value) == 0;
}

static char *shorten_commit(char *text)
{
	if (strlen(text) == 40 && strspn(text, "0123456789abcdef") == 40)
		text[12] = '\0';
	return text;
}

char *xb_short_commit(const json_t *object, const char *path)
{
	return shorten_commit(xb_text(object, path));
}

/* ---- state and verdict ----------------------------------------------------------- */

bool xb_job_ended(const json_t *job)
{
	return xb_is(job, "state", "done") || xb_is(job, "state", "failed") ||
	       xb_is(job, "state", "cancelled");
}

XbExit xb_job_exit(const json_t *job)
{
	if (xb_is(job, "state", "failed") || xb_is(job, "state", "cancelled"))
		return XB_EXIT_FAILED;
	if (!xb_is(job, "state", "done"))
		return XB_EXIT_OK;
	if (xb_is(job, "verdict.kind", "none") || xb_is(job, "verdict.kind", "same"))
		return XB_EXIT_NONE;
	if (xb_is(job, "verdict.kind", "range") || xb_is(job, "verdict.kind", "unresolved"))
		return XB_EXIT_UNRESOLVED;
	return XB_EXIT_OK;
}

/* The commit that the verdict names first. */
static void append_leading(GString *line, const json_t *job)
{
	const json_t *first = json_array_get(xb_member(job, "verdict.commits"), 0);
	g_autofree char *commit = xb_short_commit(first, "id");
	g_autofree char *subject = xb_text(first, "subject");

	if (*commit == '\0')
		return;
	g_string_append_printf(line, " %s", commit);
	if (*subject != '\0')
		g_string_append_printf(line, " (\"%s\")", subject);
}

gint64 xb_job_range_size(const json_t *job)
{
	return MAX(xb_integer(job, "verdict.range_size"),
		   (gint64)json_array_size(xb_member(job, "verdict.commits")));
}

/* Likelier than all else, but less sure than asked: no boot is left that could tell more. */
static bool is_unsure_none(const json_t *job)
{
	return xb_is(job, "verdict.kind", "none") &&
	       xb_number(job, "verdict.confidence") < xb_number(job, "confidence_asked");
}

static void append_kind(GString *line, const json_t *job)
{
	gint64 commits = xb_job_range_size(job);
	g_autofree char *kind = xb_text(job, "verdict.kind");

	if (strcmp(kind, "culprit") == 0) {
		g_string_append(line, "culprit");
		append_leading(line, job);
	} else if (strcmp(kind, "range") == 0) {
		g_string_append_printf(line,
				       "range of %" G_GINT64_FORMAT " commit%s, most probably",
				       commits, commits == 1 ? "" : "s");
		append_leading(line, job);
	} else if (strcmp(kind, "none") == 0) {
		g_string_append(line, is_unsure_none(job) ? "no regression found"
							  : "no regression in this range");
	} else if (strcmp(kind, "same") == 0) {
		double resolve = xb_number(job, "resolve");

		if (!isfinite(resolve))
			resolve = xb_number(job, "min_effect");
		g_string_append(line, "no difference");
		if (isfinite(resolve))
			g_string_append_printf(line, ": the same within %.3g%%", 100 * resolve);
	} else if (strcmp(kind, "different") == 0) {
		g_string_append(line, "the variants differ");
	} else {
		g_string_append(line, kind);
	}
}

static void append_confidence(GString *line, const json_t *job)
{
	double confidence = xb_number(job, "verdict.confidence");
	g_autofree char *p = xb_format_probability(confidence);

	if (is_unsure_none(job)) {
		g_autofree char *asked = xb_asked_text(xb_number(job, "confidence_asked"));

		g_string_append_printf(line,
				       " (%s: less than the %s asked for, and no boots are left "
				       "that could tell more)",
				       p, asked);
	} else if (isfinite(confidence)) {
		g_string_append_printf(line, ", confidence %s", p);
	}
}

char *xb_job_verdict_line(const json_t *job)
{
	GString *line = g_string_new(NULL);

	if (!xb_is(job, "state", "done")) {
		g_autofree char *state = xb_text(job, "state");
		g_autofree char *reason = xb_text(job, "reason");

		g_string_append(line, state);
		if (*reason != '\0')
			g_string_append_printf(line, ": %s", reason);
	} else if (xb_member(job, "verdict.kind") != NULL) {
		append_kind(line, job);
		append_confidence(line, job);
	} else {
		g_string_append(line, "done");
	}
	return g_string_free(line, FALSE);
}

/* A time is slower or faster; what else is only known to be better or worse
 * where JOB says which way is better. */
static const char *direction_word(const json_t *job, const char *unit, double ratio)
{
	static const char *const times[] = { "s", "ms", "us", "ns", NULL };
	const json_t *lower = xb_member(job, "lower_is_better");

	if (g_strv_contains(times, unit) && !json_is_false(lower))
		return ratio > 1 ? "slower" : "faster";
	return ratio > 1 ? "higher" : "lower";
}

char *xb_job_effect_line(const json_t *job)
{
	double ratio = xb_number(job, "effect.ratio");
	double low = xb_number(job, "effect.ci_low"), high = xb_number(job, "effect.ci_high");
	double asked = xb_number(job, "confidence_asked");
	g_autofree char *metric = xb_text(job, "effect.metric");
	g_autofree char *unit = xb_text(job, "effect.unit");
	g_autofree char *change = xb_format_change(ratio);
	g_autofree char *variant = xb_text(job, "effect.variant");
	GString *line;

	if (!isfinite(ratio) || ratio <= 0 || xb_is(job, "kind", "measure"))
		return NULL;
	line = g_string_new(NULL);
	if (*variant != '\0')
		g_string_append_printf(line, "%s: ", variant);
	if (fabs(ratio - 1) < 5e-5)
		g_string_append_printf(line, "%s unchanged (%s", metric, change);
	else
		g_string_append_printf(line, "%s %.2fx %s (%s", metric,
				       ratio > 1 ? ratio : 1 / ratio,
				       direction_word(job, unit, ratio), change);
	if (isfinite(low) && isfinite(high)) {
		g_autofree char *from = xb_format_change(low);
		g_autofree char *to = xb_format_change(high);

		if (isfinite(asked))
			g_string_append_printf(line, ", %g%% interval %s .. %s", asked * 100, from,
					       to);
		else
			g_string_append_printf(line, ", interval %s .. %s", from, to);
	}
	g_string_append_c(line, ')');
	return g_string_free(line, FALSE);
}

bool xb_job_is_regression(const json_t *job)
{
	double ratio = xb_number(job, "effect.ratio");

	return json_is_false(xb_member(job, "lower_is_better")) ? ratio < 1 : ratio > 1;
}

/* ---- levels ------------------------------------------------------------------------ */

void xb_job_level_free(XbJobLevel *level)
{
	if (level == NULL)
		return;
	g_free(level->commit);
	g_free(level->variant);
	g_free(level->image);
	g_free(level->subject);
	g_free(level->outcome);
	g_array_unref(level->boot_means);
	g_free(level);
}

static double mean_of(const double *values, guint n)
{
	double sum = 0;

	for (guint i = 0; i < n; i++)
		sum += values[i];
	return n > 0 ? sum / n : NAN;
}

/* Standard error of the mean; NAN for fewer than two. */
static double error_of(const double *values, guint n)
{
	double mean = mean_of(values, n), sum = 0;

	for (guint i = 0; i < n; i++)
		sum += (values[i] - mean) * (values[i] - mean);
	return n > 1 ? sqrt(sum / (n - 1) / n) : NAN;
}

static XbJobLevel *level_for(GPtrArray *levels, GHashTable *by_key, const json_t *measurement)
{
	g_autofree char *commit = xb_text(measurement, "commit");
	g_autofree char *variant = xb_text(measurement, "variant");
	g_autofree char *key = g_strdup_printf("%s\n%s", commit, variant);
	XbJobLevel *level = g_hash_table_lookup(by_key, key);

	if (level != NULL)
		return level;
	level = g_new0(XbJobLevel, 1);
	level->commit = g_steal_pointer(&commit);
	level->variant = g_steal_pointer(&variant);
	level->image = xb_text(measurement, "image");
	level->subject = xb_text(measurement, "subject");
	level->boot_means = g_array_new(FALSE, FALSE, sizeof(double));
	level->level = level->error = level->probability = NAN;
	g_ptr_array_add(levels, level);
	g_hash_table_insert(by_key, g_steal_pointer(&key), level);
	return level;
}

static void add_measurement(XbJobLevel *level, const json_t *measurement)
{
	const json_t *samples = xb_member(measurement, "samples");
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
	size_t i;
	const json_t *sample;

	if (!xb_is(measurement, "outcome", "ok")) {
		level->failed++;
		g_free(level->outcome);
		level->outcome = xb_text(measurement, "outcome");
		return;
	}
	json_array_foreach(samples, i, sample)
	{
		double value = json_number_value(sample);

		if (json_is_number(sample))
			g_array_append_val(values, value);
	}
	if (values->len == 0)
		return;
	double mean = mean_of((double *)(void *)values->data, values->len);
	g_array_append_val(level->boot_means, mean);
	level->boots++;
	level->samples += values->len;
	if (level->boots == 1)
		level->error = error_of((double *)(void *)values->data, values->len);
}

static void add_verdict(GPtrArray *levels, const json_t *job)
{
	const json_t *commits = xb_member(job, "verdict.commits"), *commit;
	g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
	size_t i;

	json_array_foreach(commits, i, commit)
	{
		const char *id = json_string_value(xb_member(commit, "id"));

		if (id != NULL)
			g_hash_table_insert(by_id, (gpointer)id, (gpointer)commit);
	}
	for (guint j = 0; j < levels->len; j++) {
		XbJobLevel *level = g_ptr_array_index(levels, j);

		commit = g_hash_table_lookup(by_id, level->commit);
		if (commit == NULL)
			continue;
		level->probability = xb_number(commit, "probability");
		if (*level->subject == '\0') {
			g_free(level->subject);
			level->subject = xb_text(commit, "subject");
		}
	}
}

GPtrArray *xb_job_levels(const json_t *job)
{
	GPtrArray *levels = g_ptr_array_new_with_free_func((GDestroyNotify)xb_job_level_free);
	g_autoptr(GHashTable) by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const json_t *measurements = xb_member(job, "measurements"), *measurement;
	size_t i;

	json_array_foreach(measurements, i, measurement)
		add_measurement(level_for(levels, by_key, measurement), measurement);
	for (guint j = 0; j < levels->len; j++) {
		XbJobLevel *level = g_ptr_array_index(levels, j);
		double *means = (double *)(void *)level->boot_means->data;

		level->level = mean_of(means, level->boots);
		if (level->boots > 1)
			level->error = error_of(means, level->boots);
	}
	add_verdict(levels, job);
	return levels;
}
