/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's members are checked before anything is touched. */
#include "failure.h"
#include "job.h"

#define GOOD_COMMIT "0123456789abcdef0123456789abcdef01234567"

static json_t *good_job(void)
{
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "protocol", 1, "repo", "/r", "commit",
			 GOOD_COMMIT, "work_dir", "/w", "out_dir", "/o", "unknown", "ignored");
}

static void test_defaults(void)
{
	json_t *object = good_job();
	g_autoptr(GError) error = NULL;
	g_autoptr(XbBuildJob) job = xb_build_job_new(object, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(job->arch, ==, "x86_64");
	g_assert_cmpstr(job->kconfig_base, ==, "tinyconfig");
	g_assert_cmpint(job->sandbox, ==, XB_SANDBOX_BWRAP);
	g_assert_null(job->patches[0]);
	g_assert_null(job->ccache_dir);
	g_assert_false(job->clean);
	g_assert_cmpfloat(job->deadline_s, ==, 3600);
	g_assert_cmpint(job->jobs, >, 0);
	json_decref(object);
}

typedef struct {
	const char *name;
	const char *member;
	const char *value; /* JSON */
} Case;

static const Case cases[] = {
	{ "commit-is-short", "commit", "\"abc\"" },
	{ "commit-is-an-option", "commit", "\"--upload-pack=x\"" },
	{ "commit-is-upper-case", "commit", "\"0123456789ABCDEF0123456789ABCDEF01234567\"" },
	{ "commit-is-too-long", "commit", "\"" GOOD_COMMIT "0\"" },
	{ "relative-repo", "repo", "\"linux\"" },
	{ "no-repo", "repo", "null" },
	{ "repo-is-a-number", "repo", "7" },
	{ "relative-patch", "patches", "[\"/a\", \"b\"]" },
	{ "patches-is-a-string", "patches", "\"/a\"" },
	{ "kconfig-holds-a-number", "kconfig", "[3]" },
	{ "unknown-base", "kconfig_base", "\"allyesconfig\"" },
	{ "unknown-sandbox", "sandbox", "\"docker\"" },
	{ "sandbox-is-false", "sandbox", "false" },
	{ "clean-is-a-string", "clean", "\"yes\"" },
	{ "negative-deadline", "deadline_s", "-1" },
	{ "zero-deadline", "deadline_s", "0" },
	{ "endless-deadline", "deadline_s", "1e300" },
	{ "no-jobs", "jobs", "0" },
	{ "fractional-jobs", "jobs", "1.5" },
	{ "bad-size", "ccache_max_size", "\"5 apples\"" },
	{ "relative-cache", "ccache_dir", "\"cache\"" },
};

static void test_refused(gconstpointer data)
{
	const Case *item = data;
	json_t *object = good_job();
	g_autoptr(GError) error = NULL;

	json_object_set_new(object, item->member, json_loads(item->value, JSON_DECODE_ANY, NULL));
	g_assert_null(xb_build_job_new(object, &error));
	g_assert_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_JOB);
	g_assert_nonnull(strstr(error->message, item->member));
	g_assert_cmpint(xb_build_outcome(error), ==, XB_OUTCOME_HOST_TROUBLE);
	json_decref(object);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/job/defaults", test_defaults);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/job/refused/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_refused);
	}
	return g_test_run();
}
