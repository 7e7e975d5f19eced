/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profiling.c - see profiling.h. */
#include "profiling.h"

#include "folded.h"
#include "profile.h"

#include <glib/gstdio.h>
#include <string.h>

#define FUNCTIONS_BYTES 6000 /* of each phase: the event is one line */

static char *find_plugin(const RunnerJob *job, GError **error)
{
	char *own = runner_setting(job->host, "plugin", NULL);
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = self ? g_path_get_dirname(self) : g_strdup(".");
	g_autofree char *beside = g_build_filename(dir, "xbisect-profile.so", NULL);

	if (own)
		return own;
	if (g_file_test(beside, G_FILE_TEST_IS_REGULAR))
		return g_steal_pointer(&beside);
	if (g_file_test(XB_LIBEXECDIR "/xbisect-profile.so", G_FILE_TEST_IS_REGULAR))
		return g_strdup(XB_LIBEXECDIR "/xbisect-profile.so");
	g_set_error(error, RUNNER_JOB_ERROR, 0,
		    "xbisect-profile.so is neither in %s nor in " XB_LIBEXECDIR
		    ": build or install it",
		    dir);
	return NULL;
}

/* The map beside Xen's image; NULL when there is none. */
static char *find_xen_symbols(const RunnerJob *job, const char *xen_path)
{
	char *own = runner_setting(job->host, "xen_symbols", NULL);
	g_autofree char *stem = NULL, *beside = NULL;

	if (own)
		return own;
	stem = g_str_has_suffix(xen_path, ".gz") ? g_strndup(xen_path, strlen(xen_path) - 3)
						 : g_strdup(xen_path);
	beside = g_strconcat(stem, ".map", NULL);
	return g_file_test(beside, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer(&beside) : NULL;
}

bool runner_profiling_new(const RunnerJob *job, const char *xen_path, Profiling **self,
			  GError **error)
{
	static const char *const modes[] = { "no", "flat", "stacks", NULL };
	const char *mode = runner_setting_choice(job->json, "profile", modes, error);
	g_autoptr(Profiling) new = NULL;

	*self = NULL;
	if (!mode || strcmp(mode, "no") == 0)
		return mode != NULL;
	new = g_new0(Profiling, 1);
	new->mode = mode;
	new->plugin_path = find_plugin(job, error);
	if (!new->plugin_path)
		return false;
	new->xen_symbols = find_xen_symbols(job, xen_path);
	new->system_map = runner_job_system_map(job);
	*self = g_steal_pointer(&new);
	return true;
}

void runner_profiling_free(Profiling *self)
{
	if (!self)
		return;
	g_free(self->plugin_path);
	g_free(self->xen_symbols);
	g_free(self->system_map);
	g_free(self);
}

/* *symbols is NULL without @path, or when the file names nothing (Debian's kernel packages have
 * such a System.map): a profile without names is still one. */
static void load_symbols(const char *path, RunnerSymbols **symbols)
{
	g_autoptr(GError) error = NULL;

	*symbols = path ? runner_symbols_load(path, &error) : NULL;
	if (error)
		g_printerr("xbisect-run: no names for the profile: %s\n", error->message);
}

static int compare_starts(gconstpointer a, gconstpointer b)
{
	guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;

	return x < y ? -1 : x > y;
}

bool runner_profiling_prepare(const Profiling *self, const char *input_dir, GError **error)
{
	g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(RunnerSymbols) xen = NULL;
	g_autoptr(RunnerSymbols) linux_map = NULL;
	g_autofree char *path = g_build_filename(input_dir, RUNNER_PROFILE_FUNCTIONS, NULL);

	load_symbols(self->xen_symbols, &xen);
	load_symbols(self->system_map, &linux_map);
	if (xen)
		runner_symbols_starts(xen, starts);
	if (linux_map)
		runner_symbols_starts(linux_map, starts);
	g_array_sort(starts, compare_starts);
	return g_file_set_contents_full(path, starts->data ? starts->data : "",
					(gssize)(starts->len * sizeof(guint64)),
					G_FILE_SET_CONTENTS_NONE, 0644, error);
}

json_t *runner_profiling_functions(const char *folded)
{
	g_autoptr(XbFolded) tree = xb_folded_new();
	g_autoptr(GArray) functions = NULL;
	json_t *list = json_array();
	gsize bytes = 0;

	if (!xb_folded_add(tree, 0, folded, strlen(folded), 1, NULL))
		return list;
	functions = xb_folded_functions(tree);
	for (guint i = 0; i < functions->len && bytes < FUNCTIONS_BYTES; i++) {
		const XbFoldedFunction *function = &g_array_index(functions, XbFoldedFunction, i);

		bytes += strlen(function->name) + 24;
		json_array_append_new(
			list, json_pack("[s,I]", function->name, (json_int_t)function->self[0]));
	}
	return list;
}

/* One phase: its file, and its entry of the event. */
static json_t *write_phase(const RunnerProfile *profile, guint phase, const char *dir,
			   const RunnerSymbols *linux_map, const RunnerSymbols *xen, GError **error)
{
	const char *name = runner_profile_phase(profile, phase);
	RunnerProfileShare share = runner_profile_share(profile, phase);
	g_autofree char *file = g_strdup_printf("profile-%s.folded", name);
	g_autofree char *path = g_build_filename(dir, file, NULL);
	g_autofree char *folded = runner_profile_fold(profile, phase, linux_map, xen);

	if (!g_file_set_contents_full(path, folded, -1, G_FILE_SET_CONTENTS_NONE, 0644, error))
		return NULL;
	return json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:o}", "phase", name, "file", file,
			 "entries", (json_int_t)share.entries, "instructions",
			 (json_int_t)share.xen + (json_int_t)share.kernel + (json_int_t)share.user,
			 "xen", (json_int_t)share.xen, "kernel", (json_int_t)share.kernel, "user",
			 (json_int_t)share.user, "functions", runner_profiling_functions(folded));
}

bool runner_profiling_finish(const Profiling *self, RunnerRun *run, const char *raw_path,
			     const char *dir, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(raw_path, FALSE, error);
	g_autoptr(RunnerProfile) profile = NULL;
	g_autoptr(RunnerSymbols) xen = NULL;
	g_autoptr(RunnerSymbols) linux_map = NULL;
	g_autoptr(json_t) phases = json_array();

	if (!file)
		return false;
	profile = runner_profile_parse(g_mapped_file_get_contents(file),
				       g_mapped_file_get_length(file), error);
	g_unlink(raw_path);
	if (!profile)
		return false;
	load_symbols(self->xen_symbols, &xen);
	load_symbols(self->system_map, &linux_map);
	for (guint i = 0; i < RUNNER_PROFILE_PHASES; i++) {
		json_t *phase;

		if (!runner_profile_phase(profile, i))
			continue;
		phase = write_phase(profile, i, dir, linux_map, xen, error);
		if (!phase)
			return false;
		json_array_append_new(phases, phase);
	}
	runner_run_emit(run, json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:O}", "event", "profile", "mode",
				       runner_profile_mode(profile), "unit", "instructions", "full",
				       runner_profile_is_full(profile), "xen_names", xen != NULL,
				       "kernel_names", linux_map != NULL, "phases", phases));
	return true;
}
