/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report-reproduce.c - the command that asks for a job again, as far as JOB
 * tells of it; see report.h.
 */
#include <math.h>
#include <string.h>

#include "job.h"
#include "report.h"

/* Quotes only where a shell needs them: people read it. */
static void append_word(GString *command, const char *word)
{
	static const char plain[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_./:=,@%+";
	g_autofree char *quoted = g_shell_quote(word);
	bool is_plain = *word != '\0' && word[strspn(word, plain)] == '\0';

	g_string_append_printf(command, " %s", is_plain ? word : quoted);
}

static void append_option(GString *command, const json_t *job, const char *option,
			  const char *member)
{
	g_autofree char *value = xb_text(job, member);

	if (*value == '\0')
		return;
	g_string_append_printf(command, " %s", option);
	append_word(command, value);
}

/* Left out where it is @usual, which is what is taken without the option. */
static void append_share(GString *command, const json_t *job, const char *option,
			 const char *member, double usual)
{
	double value = xb_number(job, member);

	if (isfinite(value) && value != usual)
		g_string_append_printf(command, " %s %.12g%%", option, 100 * value);
}

static void append_flag(GString *command, const json_t *job, const char *option, const char *member)
{
	if (json_is_true(xb_member(job, member)))
		g_string_append_printf(command, " %s", option);
}

/* Of a prebuilt kernel there is its path, with which no revision begins. */
static void append_side(GString *command, const char *text)
{
	g_autofree char *word = g_strconcat(*text == '/' ? "image:" : "", text, NULL);

	append_word(command, word);
}

static void append_name(GString *command, const json_t *name, size_t node)
{
	g_autoptr(json_t) one = json_pack("{s:O}", "name", name);
	g_autofree char *given = xb_text(one, "name");
	g_autofree char *usual = node == 0 ? g_strdup("base") : g_strdup_printf("v%zu", node);
	g_autofree char *word = g_strdup_printf("%zu:%s", node, given);

	if (*given == '\0' || strcmp(given, usual) == 0)
		return;
	g_string_append(command, " --name");
	append_word(command, word);
}

/* All variants stand in one member, with blanks between them. False where one has a blank itself:
 * nobody knows where it ends. */
static bool append_variants(GString *command, const json_t *job)
{
	const json_t *names = xb_member(job, "names"), *name;
	g_autofree char *good = xb_text(job, "good"), *bad = xb_block(job, "bad");
	g_auto(GStrv) variants = g_strsplit(bad, " ", -1);
	size_t i;

	if (g_strv_length(variants) + 1 != json_array_size(names))
		return false;
	json_array_foreach(names, i, name) append_name(command, name, i);
	append_side(command, good);
	for (char **variant = variants; *variant != NULL; variant++)
		append_side(command, *variant);
	return true;
}

/* False where it is not known: of a list of images JOB holds the ends only. */
static bool append_range(GString *command, const json_t *job)
{
	g_autofree char *good = xb_text(job, "good"), *bad = xb_text(job, "bad");
	g_autofree char *range = g_strdup_printf("%s..%s", good, bad);

	if (xb_is(job, "repo", ""))
		return false;
	append_flag(command, job, "--all", "all");
	append_flag(command, job, "--first-parent", "first_parent");
	append_word(command, range);
	return true;
}

static bool append_sides(GString *command, const json_t *job)
{
	g_autofree char *good = xb_text(job, "good"), *bad = xb_text(job, "bad");

	append_side(command, good);
	if (*bad != '\0')
		append_side(command, bad);
	return true;
}

static bool append_command(GString *command, const json_t *job)
{
	g_autofree char *kind = xb_text(job, "kind");
	bool compares = xb_member(job, "names") != NULL;

	g_string_append_printf(command, "xbisect %s", compares ? "compare" : kind);
	append_option(command, job, "--repo", "repo");
	append_option(command, job, "--workload", "workload");
	append_option(command, job, "--metric", "metric");
	append_option(command, job, "--host", "host");
	append_share(command, job, "--confidence", "confidence_asked", 0.99);
	append_share(command, job, "--min-effect", "min_effect", 0.01);
	if (xb_is(job, "kind", "bisect"))
		return append_range(command, job);
	if (xb_is(job, "kind", "ab"))
		append_share(command, job, "--resolve", "resolve", NAN);
	return compares ? append_variants(command, job) : append_sides(command, job);
}

void xb_report_reproduce(XbWriter *w, const json_t *job)
{
	g_autoptr(GString) text = g_string_new(NULL);
	bool is_known = append_command(text, job);

	if (is_known)
		g_string_append_c(text, '\n');
	else
		g_string_truncate(text, 0);
	g_string_append_printf(text, "xbisect retry %" G_GINT64_FORMAT, xb_integer(job, "id"));
	w->section(w, "How to reproduce");
	w->literal(w, text->str);
	if (is_known)
		w->paragraph(w,
			     "The first command names neither patches nor kernel config fragments "
			     "nor a number of boots: xbisect retry repeats the job with those it "
			     "had, on the very same commits.");
	w->paragraph(w,
		     "The directory of each build and boot holds its job.json: xbisect-build and "
		     "xbisect-run repeat it with < job.json. A kernel under test could forge "
		     "its own timings; the console of each boot is kept beside them.");
}
