/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Special functions and test statistics against what scipy says of them:
 * tests/oracle/statistics.txt, written by `make oracle`.
 */
#include "stats.h"

#include <math.h>
#include <string.h>

#define ORACLE "tests/oracle/statistics.txt"

static guint cases;

/* Equal to @tolerance, relative; near zero absolute. */
static void assert_close(const char *line, double got, double wanted, double tolerance)
{
	if (!(fabs(got - wanted) <= tolerance * fabs(wanted) + 1e-290)) {
		g_test_message("%s: got %.17g", line, got);
		g_test_fail();
	}
	cases++;
}

static double number(const char *text)
{
	return g_ascii_strtod(text, NULL);
}

static guint count(const char *text)
{
	return (guint)g_ascii_strtoull(text, NULL, 10);
}

/* "3:1.5,2,4" */
static double *sample(const char *text, guint *n)
{
	g_auto(GStrv) words = g_strsplit(strchr(text, ':') + 1, ",", -1);
	double *values;

	*n = count(text);
	g_assert_cmpuint(g_strv_length(words), ==, *n);
	values = g_new(double, *n);
	for (guint i = 0; i < *n; i++)
		values[i] = number(words[i]);
	return values;
}

static void check_beta(const char *line, char **in, char **out)
{
	/* From the differences of lgamma() a factor of 1e-13 or so is lost. */
	assert_close(line, xb_incomplete_beta(number(in[0]), number(in[1]), number(in[2])),
		     number(out[0]), 2e-11);
}

static void check_t_tail(const char *line, char **in, char **out)
{
	assert_close(line, xb_t_tail(number(in[0]), number(in[1])), number(out[0]), 1e-10);
}

static void check_t_quantile(const char *line, char **in, char **out)
{
	assert_close(line, xb_t_quantile(number(in[0]), number(in[1])), number(out[0]), 1e-10);
}

static void check_normal_tail(const char *line, char **in, char **out)
{
	assert_close(line, xb_normal_tail(number(in[0])), number(out[0]), 1e-13);
}

static void check_mwu_tail(const char *line, char **in, char **out)
{
	assert_close(line, xb_mann_whitney_tail(number(in[0]), count(in[1]), count(in[2])),
		     number(out[0]), 1e-12);
}

static void check_mwu_u(const char *line, char **in, char **out)
{
	guint m, n;
	g_autofree double *x = sample(in[0], &m), *y = sample(in[1], &n);

	assert_close(line, xb_mann_whitney_u(x, m, y, n), number(out[0]), 0);
}

static void check_mwu_p(const char *line, char **in, char **out)
{
	guint m, n;
	g_autofree double *x = sample(in[0], &m), *y = sample(in[1], &n);

	assert_close(line, xb_mann_whitney_tail(xb_mann_whitney_u(x, m, y, n), m, n),
		     number(out[0]), 1e-12);
}

static void check_ks(const char *line, char **in, char **out)
{
	assert_close(line, xb_kolmogorov_tail(number(in[0]), count(in[1]), count(in[2])),
		     number(out[0]), 1e-10);
}

static void check_hodges_lehmann(const char *line, char **in, char **out)
{
	double got[3] = { NAN, NAN, NAN };
	guint m, n;
	g_autofree double *x = sample(in[0], &m), *y = sample(in[1], &n);

	g_assert_true(xb_hodges_lehmann(x, m, y, n, number(in[2]), &got[0], &got[1], &got[2]));
	for (guint i = 0; i < 3; i++)
		assert_close(line, got[i], number(out[i]), 1e-15);
}

static const struct {
	const char *name;
	guint n_in, n_out;
	void (*check)(const char *line, char **in, char **out);
} functions[] = {
	{ "beta", 3, 1, check_beta },
	{ "t-tail", 2, 1, check_t_tail },
	{ "t-quantile", 2, 1, check_t_quantile },
	{ "normal-tail", 1, 1, check_normal_tail },
	{ "mwu-tail", 3, 1, check_mwu_tail },
	{ "mwu-u", 2, 1, check_mwu_u },
	{ "mwu-p", 2, 1, check_mwu_p },
	{ "ks", 3, 1, check_ks },
	{ "hodges-lehmann", 3, 3, check_hodges_lehmann },
};

static void test_one_function(gconstpointer data)
{
	guint f = GPOINTER_TO_UINT(data);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *prefix = g_strconcat(functions[f].name, " ", NULL);

	g_file_get_contents(ORACLE, &text, NULL, &error);
	g_assert_no_error(error);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	cases = 0;
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);

		if (!g_str_has_prefix(*line, prefix))
			continue;
		g_assert_cmpuint(g_strv_length(words), ==,
				 2 + functions[f].n_in + functions[f].n_out);
		functions[f].check(*line, words + 1, words + 2 + functions[f].n_in);
	}
	g_test_message("%u values", cases);
	g_assert_cmpuint(cases, >, 0);
}

/* ---- what no oracle is needed for ------------------------------------------------- */

static void test_what_is_no_number_gives_none(void)
{
	const double one = 1;
	double a, b, c;

	g_assert_true(isnan(xb_incomplete_beta(0, 1, 0.5)));
	g_assert_true(isnan(xb_incomplete_beta(1, 1, NAN)));
	g_assert_true(isnan(xb_t_tail(NAN, 3)));
	g_assert_true(isnan(xb_t_tail(1, 0)));
	g_assert_cmpfloat(xb_t_tail(INFINITY, 3), ==, 0);
	g_assert_true(isnan(xb_t_quantile(0, 3)));
	g_assert_true(isnan(xb_mann_whitney_tail(1, 0, 3)));
	g_assert_true(isnan(xb_kolmogorov_tail(NAN, 3, 3)));
	g_assert_false(xb_hodges_lehmann(&one, 1, &one, 1, 0.05, &a, &b, &c));
	g_assert_false(xb_hodges_lehmann(NULL, 0, &one, 1, 0.05, &a, &b, &c));
	g_assert_false(xb_kolmogorov_shift(&one, 1, &one, 1, 0.05, &a, &b));
}

static void test_the_normal_limit_joins_the_exact_distribution(void)
{
	/* 40,000 pairs are exact, 40,200 are not. */
	double exact = xb_mann_whitney_tail(17000, 200, 200);
	double limit = xb_mann_whitney_tail(17085, 201, 200);

	g_assert_cmpfloat(fabs(exact / limit - 1), <, 0.05);
	g_assert_cmpfloat(xb_mann_whitney_tail(20000, 201, 200), <, 0.5);
}

static void test_the_intervals_hold_the_shift_and_turn_with_the_samples(void)
{
	const double x[] = { 1.2, 3.4, 2.2, 5.1, 4.4, 9.0, 3.3, 2.8 };
	const double y[] = { 0.1, 1.1, 0.7, 2.0, -1.0, 0.3, 1.9, 0.9, 1.4 };
	double low, high, back_low, back_high;

	g_assert_true(xb_kolmogorov_shift(x, 8, y, 9, 0.05, &low, &high));
	g_assert_true(xb_kolmogorov_shift(y, 9, x, 8, 0.05, &back_low, &back_high));
	g_assert_cmpfloat(low, <, 2.3);
	g_assert_cmpfloat(high, >, 2.3);
	g_assert_cmpfloat_with_epsilon(low, -back_high, 1e-9);
	g_assert_cmpfloat_with_epsilon(high, -back_low, 1e-9);
	/* One wild value moves no end of it beyond its neighbours. */
	double wild[8];
	memcpy(wild, x, sizeof(x));
	wild[5] = 900;
	g_assert_true(xb_kolmogorov_shift(wild, 8, y, 9, 0.05, &back_low, &back_high));
	g_assert_cmpfloat_with_epsilon(back_low, low, 1e-9);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint f = 0; f < G_N_ELEMENTS(functions); f++) {
		g_autofree char *path =
			g_strconcat("/stats/", functions[f].name, " as scipy", NULL);
		g_test_add_data_func(path, GUINT_TO_POINTER(f), test_one_function);
	}
	g_test_add_func("/stats/what is no number gives none", test_what_is_no_number_gives_none);
	g_test_add_func("/stats/the normal limit joins the exact distribution",
			test_the_normal_limit_joins_the_exact_distribution);
	g_test_add_func("/stats/the intervals hold the shift and turn with the samples",
			test_the_intervals_hold_the_shift_and_turn_with_the_samples);
	return g_test_run();
}
