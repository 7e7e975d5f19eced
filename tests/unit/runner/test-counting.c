/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-counting.c - counters of any host into a profile of entries into Xen. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "counting.h"
#include "folded.h"

/* What xbisect-dom0 prints: two iterations of unmap, one of map. */
static const char *const lines[] = {
	"counter unmap ptwr-emulation - 200 1 100 page",
	"counter unmap ptwr-emulation 0xffffffff81000104 200 1 100 page",
	"counter unmap page-fault 0xffffffff81000210 7 1 100 page",
	"counter unmap page-fault 0x401000 3 1 100 page",
	"counter unmap hypercall - 40 1 100 page",
	"counter unmap hypercall multicall 36 1 100 page",
	"counter unmap multicall-subcall update_va_mapping 100 1 100 page",
	"counter unmap vmstat pgfree 12 1 100 page",
	"counter unmap ptwr-emulation - 202 1 100 page",
	"counter unmap ptwr-emulation 0xffffffff81000108 202 1 100 page",
	"counter map hypercall mmu_update 5 1 100 page",
	"counter ../x trap 14 9 1 1 page",
	"no counter",
};

typedef struct {
	char *dir, *map;
	RunnerJob *job;
	RunnerRun *run;
	int out; /* the real stdout */
} Fixture;

static void set_up(Fixture *f, gconstpointer profile)
{
	g_autofree char *events = NULL;
	g_autoptr(json_t) json = NULL;
	g_autoptr(GError) error = NULL;

	f->dir = g_dir_make_tmp("xbisect-counting-XXXXXX", NULL);
	f->map = g_build_filename(f->dir, "System.map", NULL);
	g_file_set_contents(f->map,
			    "ffffffff81000100 T zap_pte_range\nffffffff81000200 t other\n"
			    "ffffffff81000300 T end\n",
			    -1, NULL);
	json = json_pack("{s:i,s:s,s:s,s:i,s:s,s:s,s:{s:s,s:s},s:{s:s,s:s,s:s},s:{s:s}}",
			 "protocol", 1, "kind", "run", "id", "r1", "boot", 0, "dir", f->dir,
			 "profile", profile, "host", "name", "h", "driver", "null", "artifact",
			 "dir", f->dir, "kernel", "bzImage", "system_map", "System.map", "workload",
			 "name", "w");
	f->job = runner_job_new(json, &error);
	g_assert_no_error(error);
	g_free(f->job->dir);
	f->job->dir = g_strdup(f->dir);
	f->run = runner_run_new(f->job);
	/* events go to a file */
	events = g_build_filename(f->dir, "events", NULL);
	fflush(stdout);
	f->out = dup(STDOUT_FILENO);
	g_assert_nonnull(freopen(events, "w", stdout));
}

/* All events so far; stdout is that of the test again. */
static GPtrArray *take_events(Fixture *f)
{
	g_autofree char *path = g_build_filename(f->dir, "events", NULL), *text = NULL;
	g_auto(GStrv) parts = NULL;
	GPtrArray *events = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);

	fflush(stdout);
	dup2(f->out, STDOUT_FILENO);
	close(f->out);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	parts = g_strsplit(text, "\n", -1);
	for (guint i = 0; parts[i]; i++)
		if (*parts[i])
			g_ptr_array_add(events, json_loads(parts[i], 0, NULL));
	return events;
}

static void tear_down(Fixture *f, gconstpointer profile)
{
	const char *argv[] = { "rm", "-rf", f->dir, NULL };

	(void)profile;
	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
		     NULL);
	runner_run_free(f->run);
	runner_job_free(f->job);
	g_free(f->map);
	g_free(f->dir);
}

static void count_all(Fixture *f)
{
	g_autoptr(Counting) counting = runner_counting_new(f->run, 0);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
		runner_counting_line(counting, lines[i]);
	g_assert_true(runner_counting_sampled(counting, "unmap.ptwr-emulation"));
	g_assert_false(runner_counting_sampled(counting, "unmap"));
	g_assert_true(runner_counting_finish(counting, &error));
	g_assert_no_error(error);
}

static const json_t *phase_called(const json_t *profile, const char *name)
{
	size_t i;
	json_t *phase;

	json_array_foreach(json_object_get(profile, "phases"), i, phase)
	{
		if (strcmp(json_string_value(json_object_get(phase, "phase")), name) == 0)
			return phase;
	}
	g_error("no phase %s", name);
	return NULL;
}

static void entries_are_folded_by_function(Fixture *f, gconstpointer profile)
{
	g_autoptr(GPtrArray) events = NULL;
	g_autoptr(XbFolded) tree = xb_folded_new();
	g_autofree char *path = g_build_filename(f->dir, "profile-unmap.folded", NULL);
	g_autofree char *odd = g_build_filename(f->dir, "profile-.._x.folded", NULL);
	g_autofree char *text = NULL;
	const json_t *last, *unmap;
	(void)profile;

	count_all(f);
	events = take_events(f);
	last = events->pdata[events->len - 1];
	g_assert_cmpstr(json_string_value(json_object_get(last, "event")), ==, "profile");
	g_assert_cmpstr(json_string_value(json_object_get(last, "mode")), ==, "traps");
	g_assert_true(json_is_true(json_object_get(last, "kernel_names")));
	g_assert_true(json_is_false(json_object_get(last, "full")));
	unmap = phase_called(last, "unmap");
	phase_called(last, "map");
	g_assert_cmpint(json_integer_value(json_object_get(unmap, "entries")), ==, 2);
	g_assert_cmpint(json_integer_value(json_object_get(unmap, "instructions")), ==,
			200 + 202 + 7 + 3 + 36);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==,
			"hypercall_[x];multicall_[x] 36\n"
			"other_[k];page-fault_[x] 7\n"
			"user;page-fault_[x] 3\n"
			"zap_pte_range_[k];ptwr-emulation_[x] 402\n");
	g_assert_true(xb_folded_add(tree, 0, text, strlen(text), 1, NULL));
	/* a phase is no path */
	g_assert_true(g_file_test(odd, G_FILE_TEST_EXISTS));
}

static void without_being_asked_there_is_none(Fixture *f, gconstpointer profile)
{
	g_autoptr(GPtrArray) events = NULL;
	g_autofree char *path = g_build_filename(f->dir, "profile-unmap.folded", NULL);
	(void)profile;

	count_all(f);
	events = take_events(f);
	g_assert_cmpuint(events->len, >, 10);
	for (guint i = 0; i < events->len; i++)
		g_assert_cmpstr(json_string_value(json_object_get(events->pdata[i], "event")), !=,
				"profile");
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/counting/entries are folded by function", Fixture, "traps", set_up,
		   entries_are_folded_by_function, tear_down);
	g_test_add("/counting/without being asked there is none", Fixture, "no", set_up,
		   without_being_asked_there_is_none, tear_down);
	return g_test_run();
}
