/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-planner.c - when an image counts as one that can't be measured, and what is said of it. */
#include <glib/gstdio.h>

#include "planner.h"

static void test_an_image_that_cannot_be_measured(void)
{
	static const struct {
		XbTally tally;
		bool varying, deterministic; /* unbootable on such hosts */
	} cases[] = {
		{ { .ok = 3 }, false, false },
		{ { .failed = 1 }, false, true },
		{ { .failed = 2 }, true, true },
		{ { .ok = 2, .failed = 1 }, false, false },
		{ { .ok = 2, .failed = 2 }, true, true },
		{ { .ok = 3, .failed = 2 }, false, false },
		{ { .n_void = 1 }, false, true },
		{ { .n_void = 2 }, false, true },
		{ { .n_void = 3 }, true, true },
		{ { .ok = 1, .n_void = 5 }, false, true },
		{ { .ok = 1, .n_void = 6 }, true, true },
		{ { .ok = 20, .n_void = 10 }, false, false },
		{ { .trouble = 2 }, false, false },
		{ { .trouble = 3 }, true, true },
		{ { .ok = 1, .trouble = 3 }, false, false },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("case %u", i);
		g_assert_true(xb_tally_unbootable(&cases[i].tally, false) == cases[i].varying);
		g_assert_true(xb_tally_unbootable(&cases[i].tally, true) == cases[i].deterministic);
	}
	g_assert_false(xb_tally_unbootable(NULL, true));
}

/* ---- an endpoint that cannot be built ------------------------------------------------ */

#define N 3

static int64_t put_variant(XbDb *db, int node, XbVariantState state)
{
	g_autofree char *key = g_strdup_printf("k%d", node);
	int64_t id = xb_db_variant_ensure(db, key, "{}", false, NULL);
	g_autoptr(XbVariant) variant = xb_db_variant_get(db, id, NULL);

	/* of one that was built nothing is on the disk any more */
	variant->state = state;
	variant->detail = g_strdup(state == XB_VARIANT_BUILD_FAILED ? "level.c:3: error: x" : NULL);
	g_assert_true(xb_db_variant_update(db, variant, NULL));
	return id;
}

static void put_troubled_build(XbDb *db, int64_t job, int64_t variant)
{
	const XbRun run = { .kind = XB_RUN_BUILD,
			    .job_id = job,
			    .variant_id = variant,
			    .place = (char *)"0",
			    .started_ms = 5 };
	int64_t id = xb_db_run_add(db, &run, "runs/%lld", NULL);

	g_assert_true(
		xb_db_run_finish(db, id, XB_OUTCOME_HOST_TROUBLE, "the disk is gone", 6, NULL));
}

/* A range whose GOOD is in @state, and whose build has been in trouble three times. */
static int64_t put_job(XbDb *db, XbVariantState state)
{
	const XbJob job = { .kind = XB_JOB_BISECT, .created_ms = 1, .spec = (char *)"{}" };
	int64_t id = xb_db_job_add(db, &job, NULL);

	for (int node = 0; node < N; node++) {
		g_autofree char *label = g_strdup_printf("%040x", node);
		g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(int));
		const int parent = node - 1;
		const XbJobCommit commit = {
			.node = node,
			.label = label,
			.parents = parents,
			.tree = (char *)"t",
			.subject = (char *)"s",
			.variant_id = put_variant(db, node, node > 0 ? XB_VARIANT_UNBUILT : state),
		};

		if (node > 0)
			g_array_append_val(parents, parent);
		g_assert_true(xb_db_job_commit_add(db, id, &commit, NULL));
		for (int i = 0; node == 0 && i < 3; i++)
			put_troubled_build(db, id, commit.variant_id);
	}
	return id;
}

static void remove_all(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_unlink(file);
	}
	g_rmdir(path);
}

static void test_why_an_endpoint_is_not_built(void)
{
	static const struct {
		XbVariantState state;
		const char *why;
	} cases[] = {
		{ XB_VARIANT_UNBUILT, "building GOOD (000000000000) failed 3 times for reasons of "
				      "this machine, the last time: the disk is gone" },
		{ XB_VARIANT_BUILT, "building GOOD (000000000000) failed 3 times for reasons of "
				    "this machine, the last time: the disk is gone" },
		{ XB_VARIANT_BUILD_FAILED, "GOOD (000000000000) does not build, so there is "
					   "nothing to compare with: level.c:3: error: x" },
	};
	const XbCapacity capacity = { .hosts = 1, .builders = 1, .build_s = 1, .boot_s = 1 };

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *dir = g_dir_make_tmp("xbisect-planner-XXXXXX", NULL);
		g_autofree char *path = g_build_filename(dir, "xbisect.db", NULL);
		g_autoptr(GError) error = NULL;
		XbDaemon daemon = { .db = xb_db_open(path, false, &error) };
		XbPlanned planned = { .wants = g_array_new(FALSE, FALSE, sizeof(XbWant)) };

		g_assert_no_error(error);
		g_autoptr(XbJobData) data =
			xb_jobdata_load(daemon.db, put_job(daemon.db, cases[i].state), &error);
		g_assert_no_error(error);
		g_assert_true(xb_plan_bisect_job(&daemon, data, &capacity, &planned, &error));
		g_assert_cmpstr(planned.failure, ==, cases[i].why);
		xb_planned_clear(&planned);
		xb_db_close(daemon.db);
		remove_all(dir);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/planner/an image that cannot be measured",
			test_an_image_that_cannot_be_measured);
	g_test_add_func("/planner/why an endpoint is not built", test_why_an_endpoint_is_not_built);
	return g_test_run();
}
