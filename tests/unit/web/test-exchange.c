/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-exchange.c - requests taken apart, and who may do what. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "access.h"
#include "exchange.h"
#include "plot.h"

static void test_targets(void)
{
	static const struct {
		const char *target, *path; /* NULL: malformed */
	} cases[] = {
		{ "/", "/" },         { "/a%20b?x=1", "/a b" },
		{ "/a%2fb", "/a/b" }, { "/a%00b", NULL },
		{ "/a%0ab", NULL },   { "/%ff", NULL },
		{ "/%zz", NULL },     { "http://elsewhere/", NULL },
		{ "", NULL },         { "/?a=%", NULL },
		{ "/?a=%00", NULL },  { "/?a=%ff", NULL },
		{ "/?&&a", "/" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(XbWebRequest) request = xb_web_request_new("GET", cases[i].target);

		g_assert_cmpint(request->problem == NULL, ==, cases[i].path != NULL);
		g_assert_nonnull(request->path);
		if (cases[i].path)
			g_assert_cmpstr(request->path, ==, cases[i].path);
	}
	g_autofree char *filler = g_strnfill(XB_TARGET_MAX, 'a');
	g_autofree char *target = g_strconcat("/", filler, NULL);
	g_autoptr(XbWebRequest) request = xb_web_request_new("GET", target);
	g_assert_nonnull(request->problem);
}

static void test_parameters(void)
{
	g_autoptr(XbWebRequest) request =
		xb_web_request_new("GET", "/?a=1&a=2&b=x+y%2B&n=-5&big=99999999999999999999&e=");
	g_autofree char *cookie = NULL;
	g_autoptr(GBytes) body = g_bytes_new_static("good=v6.0&bad=%3Cb%3E&empty=", 28);

	g_assert_cmpstr(xb_web_query(request, "a"), ==, "1");
	g_assert_cmpstr(xb_web_query(request, "b"), ==, "x y+");
	g_assert_cmpint(xb_web_query_int(request, "n", 7), ==, -5);
	g_assert_cmpint(xb_web_query_int(request, "big", 7), ==, 7);
	g_assert_cmpint(xb_web_query_int(request, "none", 7), ==, 7);
	xb_web_request_add_header(request, "Cookie", "other=1; xbisect=abc; xbisect2=d");
	cookie = xb_web_cookie(request, "xbisect");
	g_assert_cmpstr(cookie, ==, "abc");
	xb_web_request_add_header(request, "Content-Type", "application/x-www-form-urlencoded");
	xb_web_request_set_body(request, body);
	g_assert_cmpstr(xb_web_form(request, "bad"), ==, "<b>");
	g_assert_null(xb_web_form(request, "empty"));
}

/* ---- access ---------------------------------------------------------------------- */

static void test_token_file(void)
{
	g_autofree char *dir = g_dir_make_tmp("xbisect-test.XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "token", NULL);
	g_autofree char *token = NULL, *read = NULL;
	g_autoptr(GError) error = NULL;
	struct stat st;

	g_assert_null(xb_access_token(path, &error));
	g_clear_error(&error);
	token = xb_access_new_token(path, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(strlen(token), ==, 48);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 0777, ==, 0600);
	read = xb_access_token(path, &error);
	g_assert_cmpstr(read, ==, token);
	g_chmod(path, 0640);
	g_assert_null(xb_access_token(path, &error));
	g_assert_nonnull(strstr(error->message, "chmod 600"));
	g_clear_error(&error);
	g_assert_true(g_file_set_contents(path, "short\n", -1, NULL));
	g_chmod(path, 0600);
	g_assert_null(xb_access_token(path, &error));
	g_assert_nonnull(strstr(error->message, "too short"));
	g_unlink(path);
	g_rmdir(dir);
}

static void test_who_has_shown_the_token(void)
{
	const char *token = "0123456789abcdef0123";
	g_autofree char *set = xb_access_cookie(token);
	g_autofree char *pair = g_strndup(set, strcspn(set, ";"));
	g_autoptr(XbWebRequest) nobody = xb_web_request_new("GET", "/");
	g_autoptr(XbWebRequest) browser = xb_web_request_new("GET", "/");
	g_autoptr(XbWebRequest) script = xb_web_request_new("GET", "/");
	g_autoptr(XbWebRequest) wrong = xb_web_request_new("GET", "/");

	g_assert_null(strstr(set, token)); /* it does not lie in the browser's files */
	g_assert_nonnull(strstr(set, "HttpOnly"));
	g_assert_nonnull(strstr(set, "SameSite=Strict"));
	xb_web_request_add_header(browser, "Cookie", pair);
	xb_web_request_add_header(script, "Authorization", "Bearer 0123456789abcdef0123");
	xb_web_request_add_header(wrong, "Authorization", "Bearer 0123456789abcdef0124");
	g_assert_cmpint(xb_access_of(token, nobody), ==, XB_ACCESS_NONE);
	g_assert_cmpint(xb_access_of(token, browser), ==, XB_ACCESS_COOKIE);
	g_assert_cmpint(xb_access_of(token, script), ==, XB_ACCESS_BEARER);
	g_assert_cmpint(xb_access_of(token, wrong), ==, XB_ACCESS_NONE);
	g_assert_cmpint(xb_access_of(NULL, script), ==, XB_ACCESS_NONE);
	g_assert_cmpint(xb_access_of("another token of that length", browser), ==, XB_ACCESS_NONE);
}

static void test_names_of_this_server(void)
{
	const XbWebConfig config = { .names = (char *)"lab;lab.example.org" };
	static const struct {
		const char *host;
		bool ours;
	} cases[] = {
		{ "127.0.0.1:8347", true },
		{ "[::1]:8347", true },
		{ "localhost", true },
		{ "LAB:80", true },
		{ "lab.example.org", true },
		{ "evil.example", false },
		{ "", false },
		{ "lab.example.org.", false },
		{ "192.0.2.7", true },
		{ "[", false },
		{ NULL, false },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(xb_access_host_is_ours(&config, cases[i].host), ==, cases[i].ours);
}

static void test_origins(void)
{
	static const struct {
		const char *origin;
		bool ours;
	} cases[] = {
		{ "http://lab:8347", true }, { "https://lab:8347", true },
		{ "http://lab", false },     { "http://evil:8347", false },
		{ "null", false },           { "file://lab:8347", false },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(XbWebRequest) request = xb_web_request_new("POST", "/");

		xb_web_request_add_header(request, "Host", "lab:8347");
		g_assert_false(xb_access_origin_is_ours(request));
		xb_web_request_add_header(request, "Origin", cases[i].origin);
		g_assert_cmpint(xb_access_origin_is_ours(request), ==, cases[i].ours);
	}
}

/* ---- statistics of plots ------------------------------------------------------------ */

static void test_intervals(void)
{
	const double values[] = { 1, 2, 3, 4, 5 };
	const double base[] = { 1.0, 1.01, 0.99 }, test[] = { 1.1, 1.11, 1.09 };
	XbSpread spread = xb_spread_of(values, 5);
	XbRatio ratio = xb_ratio_of(base, 3, test, 3);

	/* R: t.test(1:5) */
	g_assert_cmpfloat_with_epsilon(spread.low, 1.036757, 1e-3);
	g_assert_cmpfloat_with_epsilon(spread.high, 4.963243, 1e-3);
	g_assert_cmpfloat_with_epsilon(xb_t95(30), 2.042272, 1e-3);
	g_assert_cmpfloat_with_epsilon(xb_t95(1000), 1.962339, 1e-4);
	g_assert_true(ratio.low < 1.1 && 1.1 < ratio.high);
	g_assert_cmpfloat_with_epsilon(ratio.ratio, 1.1, 1e-3);
	g_assert_true(isnan(xb_ratio_of(base, 3, test, 0).ratio));
	g_assert_true(isnan(xb_ratio_of(base, 3, test, 1).low));
}

static void test_scales(void)
{
	const double same[] = { 2, 2 }, bad[] = { NAN, INFINITY };
	double ticks[XB_TICKS_MAX];
	XbScale flat = xb_scale_over(same, 2, 0, 100), none = xb_scale_over(bad, 2, 0, 100);

	g_assert_cmpfloat_with_epsilon(xb_scale_at(&flat, 2), 50, 1e-9);
	g_assert_true(isfinite(none.low) && isfinite(none.high));
	g_assert_cmpuint(xb_scale_ticks(&flat, 5, ticks), >, 0);
	for (int e = -12; e < 12; e++) {
		const double values[] = { pow(10, e), 3 * pow(10, e) };
		XbScale scale = xb_scale_over(values, 2, 0, 1);
		g_assert_cmpuint(xb_scale_ticks(&scale, 5, ticks), >=, 2);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/exchange/targets", test_targets);
	g_test_add_func("/exchange/parameters", test_parameters);
	g_test_add_func("/access/token-file", test_token_file);
	g_test_add_func("/access/who-has-shown-the-token", test_who_has_shown_the_token);
	g_test_add_func("/access/names-of-this-server", test_names_of_this_server);
	g_test_add_func("/access/origins", test_origins);
	g_test_add_func("/plot/intervals", test_intervals);
	g_test_add_func("/plot/scales", test_scales);
	return g_test_run();
}
