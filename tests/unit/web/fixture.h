/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fixture.h - a small database with hostile text in every column that shows,
 * and a site over it. Included by the tests of pages and by the fuzzer.
 */
#ifndef XB_TEST_WEB_FIXTURE_H
#define XB_TEST_WEB_FIXTURE_H

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "access.h"
#include "alerts.h"
#include "host-tasks.h"
#include "site.h"
#include "watches.h"

#define NOW_MS  ((int64_t)1700000000000)
#define TOKEN   "0123456789abcdef0123456789"
#define HOSTILE "<script>alert(1)</script>\" onload=\"x() <b>bold \033[31m \342\200\256rtl \001"

typedef struct {
	char *dir, *path;
	XbDb *db; /* the writer */
	XbWebConfig config;
	XbSite *site;
} Fixture;

static int64_t put_variant(Fixture *f, int i, XbVariantState state, const char *image)
{
	g_autofree char *key = g_strdup_printf("k%d", i);
	g_autoptr(XbVariant) variant = NULL;
	int64_t id =
		xb_db_variant_ensure(f->db, key, "{\"commit\":\"c\",\"patches\":[]}", i >= 8, NULL);

	variant = xb_db_variant_get(f->db, id, NULL);
	variant->state = state;
	g_free(variant->detail);
	g_free(variant->image_sha256);
	g_free(variant->toolchain);
	variant->detail = g_strdup(state == XB_VARIANT_BUILD_FAILED ? HOSTILE : "");
	variant->image_sha256 = g_strdup(image);
	variant->toolchain = g_strdup(HOSTILE);
	g_assert_true(xb_db_variant_update(f->db, variant, NULL));
	return id;
}

static int64_t put_run(Fixture *f, int64_t job, int node, int64_t variant, XbRunKind kind,
		       double level)
{
	const XbRun run = { .kind = kind,
			    .job_id = job,
			    .node = node,
			    .variant_id = variant,
			    .place = (char *)(kind == XB_RUN_BOOT ? "lab<1>" : "0"),
			    .workload = (char *)"map-unmap",
			    .purpose = (char *)"search",
			    .why = (char *)"halves the candidates " HOSTILE,
			    .phase = (char *)"boot",
			    .started_ms = NOW_MS - 60000,
			    .deadline_ms = NOW_MS,
			    .host_fp = (char *)"h",
			    .workload_fp = (char *)"w" };
	g_autofree char *dirs = g_strdup_printf("%s/runs/%%lld", f->dir);
	int64_t id = xb_db_run_add(f->db, &run, dirs, NULL);

	g_assert_cmpint(id, >, 0);
	for (int i = 0; isfinite(level) && i < 3; i++) {
		g_assert_true(xb_db_sample_add(f->db, id, "unmap", i, level * (1 + i * 0.001), "s",
					       NULL));
		g_assert_true(xb_db_sample_add(f->db, id, "map.b1024", i, 2, "s", NULL));
		g_assert_true(xb_db_sample_add(f->db, id, "map.b2048", i, 3, "s", NULL));
	}
	g_assert_true(xb_db_event_add(f->db, id, 1, "phase",
				      "{\"event\":\"phase\",\"phase\":\"boot\",\"t\":1.5}", NULL));
	g_assert_true(xb_db_event_add(f->db, id, 2, "phase",
				      "{\"event\":\"phase\",\"phase\":\"workload\",\"t\":4.5}",
				      NULL));
	g_assert_true(xb_db_event_add(
		f->db, id, 3, "counter",
		"{\"event\":\"counter\",\"name\":\"<script>alert(2)\",\"value\":7}", NULL));
	return id;
}

static void finish_run(Fixture *f, int64_t id, XbOutcome outcome)
{
	g_assert_true(
		xb_db_run_finish(f->db, id, outcome, outcome ? HOSTILE : "", NOW_MS - 1000, NULL));
}

static void put_commits(Fixture *f, int64_t job, int n, const int64_t *variants)
{
	for (int i = 0; i < n; i++) {
		g_autofree char *label = g_strnfill(40, (char)('0' + i));
		int parent = i - 1;
		XbJobCommit commit = { .node = i,
				       .label = label,
				       .parents = g_array_new(FALSE, FALSE, sizeof(int)),
				       .tree = (char *)"",
				       .subject = (char *)HOSTILE,
				       .variant_id = variants[i] };

		if (i > 0)
			g_array_append_val(commit.parents, parent);
		g_assert_true(xb_db_job_commit_add(f->db, job, &commit, NULL));
		g_array_unref(commit.parents);
	}
}

static int64_t put_job(Fixture *f, XbJobKind kind, const char *verdict)
{
	const XbJob job = {
		.kind = kind,
		.created_ms = NOW_MS - 100000,
		.verdict = (char *)verdict,
		.spec = (char *)"{\"repo\":\"/"
				"r<b>bold\",\"good\":\"v1<b>bold\",\"bad\":\"v2\",\"metric\":"
				"\"unmap\",\"unit\":\"s\",\"workload\":\"map-unmap\",\"host\":\"\","
				"\"lower_is_better\":true,\"confidence\":0.99,\"host_fp\":\"h\","
				"\"workload_fp\":\"w\",\"workload_settings\":{\"name\":\"map-"
				"unmap\"}}",
	};
	int64_t id = xb_db_job_add(f->db, &job, NULL);

	g_assert_cmpint(id, >, 0);
	g_assert_true(xb_db_journal_add(f->db, id, NOW_MS, "queued " HOSTILE, NULL));
	return id;
}

/* Job 1: a bisect of six commits with a culprit. */
static void put_bisect(Fixture *f)
{
	const int64_t variants[] = {
		put_variant(f, 0, XB_VARIANT_BUILT, "i0"),
		put_variant(f, 1, XB_VARIANT_UNBUILT, NULL),
		put_variant(f, 2, XB_VARIANT_BUILT, "i2"),
		put_variant(f, 3, XB_VARIANT_BUILT, "i3"),
		put_variant(f, 4, XB_VARIANT_BUILD_FAILED, NULL),
		put_variant(f, 5, XB_VARIANT_BUILT, "i5"),
	};
	int64_t clean = put_variant(f, 8, XB_VARIANT_BUILT, "i8");
	int64_t job = put_job(
		f, XB_JOB_BISECT,
		"{\"kind\":\"culprit\",\"confidence\":0.995,\"commits\":[{\"id\":"
		"\"3333333333333333333333333333333333333333\",\"subject\":\"<script>alert(3)\","
		"\"probability\":0.995,\"node\":3},{\"id\":"
		"\"4444444444444444444444444444444444444444\",\"subject\":\"x\",\"probability\":"
		"0.005,\"node\":4}],\"effect\":{\"base\":1.0,\"test\":1.1,\"ratio\":1.1,\"ci_low\":"
		"1.09,\"ci_high\":1.11},\"culprit_node\":3,\"other_steps\":0.2,\"can_matter\":4,"
		"\"steps_left\":0,\"seconds_left\":0,\"reason\":\"because <b>bold\",\"alike\":"
		"[[1,1]]}");
	static const int measured[] = { 0, 2, 3, 5 };
	const XbJobImage image = { 3, false, clean, (char *)"" };
	const XbJobImage revert = { 3, true, 0, (char *)"conflicts in " HOSTILE };
	const XbCulprit culprit = {
		(char *)"{\"commit\":\"3333333333333333333333333333333333333333\",\"subject\":"
			"\"<script>alert(4)\",\"author\":\"<b>bold\",\"email\":\"a@b\",\"date\":"
			"1700000000,\"message\":\"<b>bold\",\"diffstat\":\" a | 1 +\"}",
		(char *)"diff --git a/a b/a\n@@ -1 +1 @@\n-old line\n+new line\n <script>alert(5)\n"
	};

	put_commits(f, job, 6, variants);
	for (guint i = 0; i < G_N_ELEMENTS(measured); i++)
		for (int n = 0; n < 3; n++)
			finish_run(f,
				   put_run(f, job, measured[i], variants[measured[i]], XB_RUN_BOOT,
					   (measured[i] < 3 ? 1.0 : 1.1) + n * 0.001),
				   XB_OUTCOME_OK);
	finish_run(f, put_run(f, job, 4, variants[4], XB_RUN_BUILD, NAN), XB_OUTCOME_BUILD_FAILED);
	finish_run(f, put_run(f, job, 3, clean, XB_RUN_BOOT, 1.1), XB_OUTCOME_OK);
	g_assert_true(xb_db_job_image_add(f->db, job, &image, NULL));
	g_assert_true(xb_db_job_image_add(f->db, job, &revert, NULL));
	g_assert_true(xb_db_culprit_set(f->db, job, &culprit, NULL));
	g_assert_true(xb_db_job_set_state(f->db, job, XB_JOB_DONE, NULL, NOW_MS, NULL));
}

/* Job 2: a bisect that runs; job 3: an A/B. */
static void put_others(Fixture *f)
{
	const int64_t variants[] = { put_variant(f, 0, XB_VARIANT_BUILT, "i0"),
				     put_variant(f, 5, XB_VARIANT_BUILT, "i5") };
	int64_t running = put_job(f, XB_JOB_BISECT, NULL);
	int64_t ab =
		put_job(f, XB_JOB_AB,
			"{\"kind\":\"different\",\"confidence\":0.99,\"commits\":[],\"effect\":"
			"{\"base\":1.0,\"test\":1.1,\"ratio\":1.1,\"ci_low\":1.09,\"ci_high\":"
			"1.11},\"reason\":\"\"}");

	put_commits(f, running, 2, variants);
	put_commits(f, ab, 2, variants);
	g_assert_true(xb_db_job_set_state(f->db, running, XB_JOB_RUNNING, NULL, NOW_MS, NULL));
	put_run(f, running, 1, variants[1], XB_RUN_BUILD, NAN);
	g_assert_true(xb_db_job_set_state(f->db, ab, XB_JOB_DONE, NULL, NOW_MS, NULL));
	const XbHostRow host = { .name = (char *)"lab<1>",
				 .reason = (char *)HOSTILE,
				 .troubles = 3,
				 .drained = (char *)HOSTILE,
				 .labels = (char *)HOSTILE,
				 .health = (char *)HOSTILE };
	g_assert_true(xb_db_host_set(f->db, &host, NULL));
	g_assert_true(xb_db_host_note_add(f->db, host.name, 0, HOSTILE, NOW_MS, NULL));
	g_assert_cmpint(
		xb_db_host_task_add(f->db, host.name, XB_HOST_RECOVER, HOSTILE, NOW_MS, NULL), >,
		0);
}

/* A watched branch with a change of its level, and an alert about it. */
static void put_branch(Fixture *f)
{
	const XbWatch watch = { .name = (char *)"main line",
				.repo = (char *)"https://example.org/<b>bold.git",
				.branch = (char *)"main",
				.spec = (char *)"{}",
				.every_ms = 3600000,
				.created_ms = NOW_MS };
	int64_t id = xb_db_watch_add(f->db, &watch, NULL);
	const XbWatchChange change = { .watch_id = id,
				       .workload = (char *)"map-unmap",
				       .metric = (char *)"unmap",
				       .from_seq = 5,
				       .to_seq = 6,
				       .before = 1.0,
				       .after = 1.1,
				       .created_ms = NOW_MS,
				       .job_id = 1,
				       .detail = (char *)"" };
	const XbAlert alert = { .key = (char *)"k",
				.kind = XB_ALERT_CULPRIT,
				.job_id = 1,
				.commit = (char *)"3333333333333333333333333333333333333333",
				.subject = (char *)HOSTILE,
				.workload = (char *)"map-unmap",
				.metric = (char *)"unmap",
				.unit = (char *)"s",
				.host_fp = (char *)"h",
				.workload_fp = (char *)"w",
				.base = 1,
				.test = 1.1,
				.ratio = 1.1,
				.confidence = 0.99,
				.created_ms = NOW_MS };
	bool is_new;

	g_assert_cmpint(id, >, 0);
	for (int i = 1; i <= 10; i++) {
		g_autofree char *commit_id = g_strdup_printf("%040d", i);
		const XbWatchCommit commit = { i,      commit_id,     (char *)HOSTILE,
					       NOW_MS, (char *)"tip", false };
		const XbWatchLevel level = { .seq = i,
					     .unit = (char *)"s",
					     .level = i < 6 ? 1.0 : 1.1,
					     .sd = i == 3 ? NAN : 0.002,
					     .boots = i == 3 ? 1 : 4,
					     .host_fp = (char *)"h",
					     .workload_fp = (char *)"w" };

		g_assert_true(xb_db_watch_commit_add(f->db, id, &commit, NULL));
		g_assert_true(xb_db_watch_point_add(f->db, id, i, "map-unmap", 3, NULL));
		g_assert_true(xb_db_watch_level_set(f->db, id, "map-unmap", "unmap", &level, NULL));
	}
	g_assert_cmpint(xb_db_watch_change_add(f->db, &change, NULL), >, 0);
	g_assert_cmpint(xb_db_alert_add(f->db, &alert, &is_new, NULL), >, 0);
}

static void set_up(Fixture *f, gconstpointer unused)
{
	g_autofree char *token = NULL;
	g_autoptr(GError) error = NULL;
	(void)unused;

	f->dir = g_dir_make_tmp("xbisect-test.XXXXXX", NULL);
	f->path = g_build_filename(f->dir, "xbisect.db", NULL);
	f->db = xb_db_open(f->path, false, &error);
	g_assert_no_error(error);
	put_bisect(f);
	put_others(f);
	put_branch(f);
	f->config = (XbWebConfig){ .state_dir = f->dir };
	f->config.token_file = g_build_filename(f->dir, "web.token", NULL);
	g_assert_true(g_file_set_contents(f->config.token_file, TOKEN "\n", -1, NULL));
	g_chmod(f->config.token_file, 0600);
	f->site = xb_site_new(&f->config, NULL);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		if (g_file_test(child, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
			remove_tree(child);
		else
			g_unlink(child);
	}
	g_rmdir(path);
}

static void tear_down(Fixture *f, gconstpointer unused)
{
	(void)unused;
	xb_site_free(f->site);
	xb_db_close(f->db);
	remove_tree(f->dir);
	g_free(f->config.token_file);
	g_free(f->path);
	g_free(f->dir);
}

/* @bearer: a token that is shown; @form: an urlencoded body. */
static XbWebResponse *ask(Fixture *f, const char *method, const char *target, const char *bearer,
			  const char *form)
{
	g_autoptr(XbWebRequest) request = xb_web_request_new(method, target);

	xb_web_request_add_header(request, "Host", "localhost:8347");
	if (bearer) {
		g_autofree char *value = g_strconcat("Bearer ", bearer, NULL);
		xb_web_request_add_header(request, "Authorization", value);
	}
	if (form) {
		g_autoptr(GBytes) body = g_bytes_new(form, strlen(form));
		xb_web_request_add_header(request, "Content-Type",
					  "application/x-www-form-urlencoded");
		xb_web_request_set_body(request, body);
	}
	return xb_site_answer(f->site, request, NOW_MS);
}

/* The body of a GET that must end with @status; caller frees. */
static G_GNUC_UNUSED char *get(Fixture *f, const char *target, guint status)
{
	g_autoptr(XbWebResponse) response = ask(f, "GET", target, NULL, NULL);
	gsize length = 0;
	const char *data = response->body ? g_bytes_get_data(response->body, &length) : "";

	if (response->status != status)
		g_test_message("%s: %u: %.*s", target, response->status, (int)length, data);
	g_assert_cmpuint(response->status, ==, status);
	return g_strndup(data, length);
}

#endif
