/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of level: found where they are, and not where they are not. */
#include <math.h>
#include <stdlib.h>

#include "changepoint.h"
#include "random.h"

static const XbChangeOptions options = { .floor = 0.01, .min_segment = 2 };

static GArray *changes_of(const double *values, guint n)
{
	g_autoptr(GArray) segments = xb_change_segments(values, n, &options);

	return xb_change_report(segments, &options);
}

/* "from-to" of each change. */
static char *spell(const double *values, guint n)
{
	g_autoptr(GArray) changes = changes_of(values, n);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < changes->len; i++)
		g_string_append_printf(text, "%s%u-%u", i > 0 ? " " : "",
				       g_array_index(changes, XbChange, i).from,
				       g_array_index(changes, XbChange, i).to);
	return g_string_free(text, FALSE);
}

static void changes_are_where_they_are(void)
{
	static const struct {
		const char *name;
		double values[12]; /* 0 ends */
		const char *wanted;
	} cases[] = {
		{ "nothing", { 0 }, "" },
		{ "one value", { 1 }, "" },
		{ "two values", { 1, 2 }, "" },
		{ "level", { 1, 1, 1, 1, 1, 1 }, "" },
		{ "a step", { 1, 1, 1, 1.1, 1.1 }, "2-3" },
		{ "at the shortest", { 1, 1, 1.1, 1.1 }, "1-2" },
		{ "down", { 1.1, 1.1, 1.1, 1, 1 }, "2-3" },
		{ "up and back", { 1, 1, 1, 1.1, 1.1, 1.1, 1, 1 }, "2-3 5-6" },
		{ "a lone spike", { 1, 1, 1, 5, 1, 1, 1 }, "" },
		{ "a spike at the end is not known yet", { 1, 1, 1, 1, 5 }, "" },
		{ "a spike at the start", { 5, 1, 1, 1, 1 }, "" },
		{ "below the floor", { 1, 1, 1, 1.008, 1.008, 1.008 }, "" },
		{ "a spike before a step", { 1, 1, 1, 7, 1, 1, 1, 1.1, 1.1, 1.1, 1.1 }, "6-7" },
		{ "drift that comes to the floor",
		  { 1, 1, 1, 1.007, 1.007, 1.007, 1.014, 1.014, 1.014 },
		  "2-6" },
		{ "wavering around the floor is one change",
		  { 1, 1, 1, 1.0102, 1.0102, 1.0102, 1.0008, 1.0008, 1.0008, 1.0104, 1.0104 },
		  "2-3" },
		{ "large and small numbers", { 1e-9, 1e-9, 1e9, 1e9 }, "1-2" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = NULL;
		guint n = 0;

		while (n < G_N_ELEMENTS(cases[i].values) && cases[i].values[n] > 0)
			n++;
		got = spell(cases[i].values, n);
		g_test_message("%s", cases[i].name);
		g_assert_cmpstr(got, ==, cases[i].wanted);
	}
}

static void segments_cover_everything(void)
{
	XbRandom random = { 7 };
	double values[60] = { 1 };

	for (guint n = 0; n <= G_N_ELEMENTS(values); n++) {
		g_autoptr(GArray) segments = NULL;
		guint at = 0;

		for (guint i = 0; i < n; i++)
			values[i] = exp(xb_random_normal(&random) * (n % 3) + (i / 10) % 2);
		segments = xb_change_segments(values, n, &options);
		for (guint i = 0; i < segments->len; i++) {
			const XbLevelRun *segment = &g_array_index(segments, XbLevelRun, i);

			g_assert_cmpuint(segment->first, ==, at);
			g_assert_true(segment->n >= 2 || n < 2);
			g_assert_true(isfinite(segment->level));
			at += segment->n;
		}
		g_assert_cmpuint(at, ==, n);
	}
}

/* Noise of 0.5 %: a series of 200 without a change raises none in 99 of 100; one of six
 * deviations is found within one value of its place after three values. */
static void noise_is_quiet_and_a_step_is_found(void)
{
	XbRandom random = { 11 };
	double values[200];
	guint false_alarms = 0, found = 0;

	for (guint trial = 0; trial < 300; trial++) {
		g_autoptr(GArray) changes = NULL;

		for (guint i = 0; i < 200; i++)
			values[i] = exp(0.005 * xb_random_normal(&random));
		changes = changes_of(values, 200);
		false_alarms += changes->len > 0;
	}
	for (guint trial = 0; trial < 300; trial++) {
		g_autoptr(GArray) changes = NULL;

		for (guint i = 0; i < 103; i++)
			values[i] = exp(0.005 * xb_random_normal(&random) + (i >= 100 ? 0.03 : 0));
		changes = changes_of(values, 103);
		for (guint i = 0; i < changes->len; i++)
			found += abs((int)g_array_index(changes, XbChange, i).to - 100) <= 1;
	}
	g_test_message("false alarms %u, found %u of 300", false_alarms, found);
	g_assert_cmpuint(false_alarms, <=, 3);
	g_assert_cmpuint(found, >=, 270);
}

static void a_level_is_back_when_little_is_left(void)
{
	g_assert_true(xb_change_is_back(1, 1.1, 1.0));
	g_assert_true(xb_change_is_back(1, 1.1, 1.02));
	g_assert_true(xb_change_is_back(1, 1.1, 0.8));
	g_assert_false(xb_change_is_back(1, 1.1, 1.05));
	g_assert_false(xb_change_is_back(1, 1.1, 1.1));
	g_assert_true(xb_change_is_back(2, 1, 2.5));
	g_assert_false(xb_change_is_back(2, 1, 1.5));
}

static void boots_go_where_a_change_may_be(void)
{
	const XbGap gaps[] = {
		{ 1000, 1, 1 }, { 100, 1, 1.1 }, { 0, 1, 5 }, { 30, NAN, 1 }, { 40, 1, 1.001 },
	};
	const XbGap done[] = { { 0, 1, 5 }, { 0, NAN, NAN } };

	g_assert_cmpint(xb_change_choose_gap(gaps, 5, 0.01), ==, 1);
	/* a thousand commits between equal levels are worth more than four that hold a step */
	g_assert_cmpint(
		xb_change_choose_gap((const XbGap[]){ { 1000, 1, 1 }, { 4, 1, 1.1 } }, 2, 0.01), ==,
		0);
	g_assert_cmpint(xb_change_choose_gap(gaps + 2, 3, 0.01), ==, 1);
	g_assert_cmpint(xb_change_choose_gap(done, 2, 0.01), ==, -1);
	g_assert_cmpint(xb_change_choose_gap(NULL, 0, 0.01), ==, -1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/changepoint/changes-are-where-they-are", changes_are_where_they_are);
	g_test_add_func("/changepoint/segments-cover-everything", segments_cover_everything);
	g_test_add_func("/changepoint/noise-is-quiet-and-a-step-is-found",
			noise_is_quiet_and_a_step_is_found);
	g_test_add_func("/changepoint/a-level-is-back-when-little-is-left",
			a_level_is_back_when_little_is_left);
	g_test_add_func("/changepoint/boots-go-where-a-change-may-be",
			boots_go_where_a_change_may_be);
	return g_test_run();
}
