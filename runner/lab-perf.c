/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-perf.c - see lab-perf.h. */
#include "lab-perf.h"

#include "folded.h"
#include "lab-ssh.h"
#include "profiling.h"

#include <string.h>

#define FOLD_S    300
#define CUT       "# cut" /* the last line when there were more stacks than are sent */
#define FILE_NAME "profile-workload.folded"

bool lab_perf_is_wanted(const Lab *lab)
{
	const json_t *mode = json_object_get(lab->job->json, "profile");

	return g_strcmp0(json_string_value(mode), "perf") == 0;
}

const char *lab_perf_command(void)
{
	/* no round number: what happens a hundred times a second would be hit always or never */
	return "perf record -q -N -g -F 499 --max-size=64M -o perf.data -- ";
}

/* perf's stacks come innermost frame first, after a line with the name of the program and before an
 * empty one. */
static const char fold_script[] =
	"perf script -i perf.data -F comm,ip,sym 2>perf.err </dev/null | awk '\n"
	"/^[^ \\t]/ { next }\n"
	"NF == 0 { if (s != \"\") n[s]++; s = \"\"; user = 0; next }\n"
	"$1 ~ /^ffff/ { s = (NF > 1 ? $2 : \"?\") \"_[k]\" (s == \"\" ? \"\" : \";\" s); user = 0; "
	"next }\n"
	"!user { s = \"user\" (s == \"\" ? \"\" : \";\" s); user = 1 }\n"
	"END { if (s != \"\") n[s]++; for (s in n) print n[s], s }' | sort -rn | awk '\n"
	"{ count = $1; sub(/^[0-9]+ /, \"\"); size += length($0) + 20 }\n"
	"size > 900000 { print \"" CUT "\"; exit }\n"
	"{ print $0, count }' >folded\n"
	"rm -f perf.data\n"
	"[ -s folded ] || { tail -n 1 perf.err >&2; exit 4; }\n"
	"cat folded\n";

/* The samples of one tree: all, of the kernel's functions, of programs. */
static void count(const XbFolded *tree, gint64 *all, gint64 *user)
{
	*all = (gint64)g_array_index(tree->nodes, XbFoldedNode, 0).total[0];
	*user = 0;
	for (guint i = 1; i < tree->nodes->len; i++) {
		const XbFoldedNode *node = &g_array_index(tree->nodes, XbFoldedNode, i);

		if (strcmp(node->name, "user") == 0)
			*user += (gint64)node->self[0];
	}
}

static bool save(LabBoot *boot, const char *text, bool cut, GError **error)
{
	g_autofree char *path = g_build_filename(boot->lab->job->dir, FILE_NAME, NULL);
	g_autoptr(XbFolded) tree = xb_folded_new();
	g_autoptr(GError) bad = NULL;
	gint64 all, user;
	json_t *phase;

	if (!xb_folded_add(tree, 0, text, strlen(text), 1, &bad))
		return lab_fail(error, XB_OUTCOME_WORKLOAD_FAILED, "what perf counted: %s",
				bad->message);
	count(tree, &all, &user);
	if (all == 0)
		return lab_fail(error, XB_OUTCOME_WORKLOAD_FAILED,
				"perf took no sample of the workload");
	if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, error))
		return false;
	phase = json_pack("{s:s,s:s,s:i,s:I,s:i,s:I,s:I,s:o}", "phase", "workload", "file",
			  FILE_NAME, "entries", 1, "instructions", (json_int_t)all, "xen", 0,
			  "kernel", (json_int_t)(all - user), "user", (json_int_t)user, "functions",
			  runner_profiling_functions(text));
	runner_run_emit(boot->lab->run,
			json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:[o]}", "event", "profile", "mode",
				  "perf", "unit", "samples", "full", cut, "xen_names", false,
				  "kernel_names", true, "phases", phase));
	return true;
}

bool lab_perf_collect(LabBoot *boot, const char *directory, GError **error)
{
	g_autofree char *script = g_strdup_printf("cd %s || exit 3\n%s", directory, fold_script);
	g_auto(LabResult) result = { 0 };
	bool cut;

	runner_run_phase(boot->lab->run, "fold");
	if (!lab_ssh_script_ok(boot->lab, "fold what perf recorded", script, FOLD_S, &result,
			       error))
		return false;
	cut = g_str_has_suffix(result.out, "\n" CUT "\n");
	if (cut)
		result.out[strlen(result.out) - strlen(CUT "\n")] = '\0';
	return save(boot, result.out, cut, error);
}
