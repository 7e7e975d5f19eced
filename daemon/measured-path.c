/* SPDX-License-Identifier: GPL-2.0-or-later */
/* measured-path.c - see measured-path.h. */
#include "measured-path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history.h"
#include "path-view.h"
#include "profile-view.h"
#include "touched.h"

#define FOLDED_MAX  ((gsize)16 << 20)
#define OBJECTS_MAX ((gsize)64 << 20)
#define FILE_MAX    ((gsize)2 << 20)   /* of a source file */
#define COMMITS_MAX 5000               /* that have files; a file takes about a millisecond */
#define FILES_MAX   200                /* of one commit: more are no change of a function */
#define TREE_MAX    ((gsize)256 << 20) /* of all sources that an executed object read */
#define LOOK_MAX_S  20                 /* and one file: the daemon does nothing else meanwhile */
#define USES_MAX_S  10                 /* of them */

/* ---- files -------------------------------------------------------------------------- */

/* A regular file of ours, of a worker's directory. */
static char *read_file(const char *dir, const char *name, gsize max, gsize *length, GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	struct stat st;
	char *text = NULL;
	int fd =
		strchr(name, '/') ? -1 : open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	gsize done = 0;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (gsize)st.st_size <= max) {
		text = g_malloc((gsize)st.st_size + 1);
		while (done < (gsize)st.st_size) {
			ssize_t n = read(fd, text + done, (gsize)st.st_size - done);
			if (n <= 0)
				break;
			done += (gsize)n;
		}
		text[done] = '\0';
		*length = done;
	} else {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s cannot be read", path);
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/* ---- what was executed --------------------------------------------------------------- */

/* A boot that counted, of GOOD. */
static const XbRun *find_run(const XbJobData *data)
{
	for (guint i = data->runs->len; i-- > 0;) {
		const XbRun *run = data->runs->pdata[i];
		const XbRole *role = xb_jobdata_role(data, run);

		if (xb_run_is_explain(run) && role && role->node == 0 && !role->revert &&
		    run->state == XB_RUN_DONE && run->outcome == XB_OUTCOME_OK &&
		    g_strcmp0(run->workload_fp, data->workload_fp) == 0)
			return run;
	}
	return NULL;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static bool has_phase(const json_t *event, const char *name)
{
	size_t i;
	json_t *phase;

	json_array_foreach(json_object_get(event, "phases"), i, phase)
	{
		if (strcmp(text_of(phase, "phase"), name) == 0)
			return true;
	}
	return false;
}

/* The metric's own phase: its name, or that up to a '_' or '.'; "" when there is none. Caller
 * frees. */
static char *phase_of(const json_t *event, const char *metric)
{
	g_autofree char *name = g_strdup(metric);

	while (*name && !has_phase(event, name)) {
		gsize length = strlen(name);

		while (length > 0 && name[length - 1] != '_' && name[length - 1] != '.')
			length--;
		name[length > 0 ? length - 1 : 0] = '\0';
	}
	return g_steal_pointer(&name);
}

static bool read_stacks(const XbRun *run, const json_t *event, const char *wanted,
			XbExecuted *executed, GError **error)
{
	size_t i;
	json_t *phase;

	json_array_foreach(json_object_get(event, "phases"), i, phase)
	{
		g_autofree char *text = NULL;
		gsize length = 0;

		if (*wanted && strcmp(text_of(phase, "phase"), wanted) != 0)
			continue;
		text = read_file(run->dir, text_of(phase, "file"), FOLDED_MAX, &length, error);
		if (!text)
			return false;
		xb_executed_add(executed, text, length);
	}
	if (g_hash_table_size(executed->functions) > 0)
		return true;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
		    "boot %lld names no function of the kernel", (long long)run->id);
	return false;
}

static XbObjectMap *read_map(const XbJobData *data, const XbRun *run, const json_t *event,
			     const char *phase, GError **error)
{
	const XbVariant *good = data->variants->pdata[0];
	g_autoptr(json_t) artifact = good->artifact ? json_loads(good->artifact, 0, NULL) : NULL;
	g_autoptr(XbExecuted) executed = xb_executed_new();
	const char *name = text_of(artifact, "objects"), *unit = text_of(event, "unit");
	g_autofree char *text = NULL;
	gsize length = 0;

	if (!good->dir || !*name) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
			    "GOOD's build left no list of its objects");
		return NULL;
	}
	if (*unit && strcmp(unit, "instructions") != 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
			    "boot %lld counted %s, not every instruction", (long long)run->id,
			    unit);
		return NULL;
	}
	text = read_file(good->dir, name, OBJECTS_MAX, &length, error);
	return text && read_stacks(run, event, phase, executed, error)
		       ? xb_object_map_parse(text, length, executed, error)
		       : NULL;
}

/* ---- what commits change ------------------------------------------------------------- */

typedef struct {
	XbDaemon *daemon;
	const XbJobData *data;
	const XbObjectMap *map;
	XbHistory *history;
	XbUses *uses; /* of GOOD; NULL: not needed yet */
	bool no_uses; /* they are not complete */
	gsize read;   /* bytes of GOOD */
	gint64 uses_until_us, until_us;
	guint looked_at;
} Look;

static bool is_after(gint64 time_us)
{
	return g_get_monotonic_time() > time_us;
}

static void read_uses(const char *path, void *data)
{
	Look *look = data;
	const XbJobCommit *good = look->data->commits->pdata[0];
	g_autofree char *text = NULL;
	gsize length;

	if (look->no_uses || is_after(look->uses_until_us)) {
		look->no_uses = true;
		return;
	}
	/* made by the build, or unreadable: what it uses is not known */
	text = xb_history_file(look->history, good->label, path, FILE_MAX, &length, NULL);
	look->read += length;
	look->no_uses =
		look->read > TREE_MAX || (text && !xb_uses_add(look->uses, path, text, length));
}

/* For the first header; NULL when the tree is too large. */
static XbUses *uses_of_good(Look *look)
{
	if (!look->uses) {
		look->uses = xb_uses_new(look->map);
		xb_object_map_live_files(look->map, read_uses, look);
	}
	return look->no_uses ? NULL : look->uses;
}

static XbTouched *look_at_commit(Look *look, const XbJobCommit *commit)
{
	const XbJobCommit *parent =
		look->data->commits->pdata[g_array_index(commit->parents, int, 0)];
	g_auto(GStrv) files = g_strsplit(commit->files, "\n", -1);
	g_autoptr(XbTouched) touched = xb_touched_new();

	touched->unsure = g_strv_length(files) > FILES_MAX;
	for (guint i = 0; i < FILES_MAX && files[i]; i++) {
		g_autoptr(XbFileChange) change = NULL;
		g_autoptr(GError) problem = NULL;
		XbUses *uses = NULL;
		XbObjectFile file;

		if (is_after(look->until_us)) {
			touched->unsure = true; /* what was not looked at may be anything */
			break;
		}
		if (xb_object_map_file(look->map, files[i], &file) &&
		    (file.source || file.live > 0))
			change = xb_history_file_change(look->history, parent->label, commit->label,
							files[i], FILE_MAX, &problem);
		if (change && !file.source)
			uses = uses_of_good(look);
		xb_touched_add(touched, look->map, uses, files[i], change);
	}
	return g_steal_pointer(&touched);
}

static bool add_row(Look *look, guint node, XbTouchedKind kind, const char *functions,
		    guint objects, double share, GError **error)
{
	const XbJobPath row = { .node = (int)node,
				.kind = (char *)xb_touched_name(kind),
				.functions = (char *)functions,
				.objects = (int)objects,
				.share = share };

	return xb_db_job_path_add(look->daemon->db, look->data->job->id, &row, error);
}

static bool look_at_all(Look *look, GError **error)
{
	for (guint i = 1; i < look->data->commits->len && look->looked_at < COMMITS_MAX &&
			  !is_after(look->until_us);
	     i++) {
		const XbJobCommit *commit = look->data->commits->pdata[i];
		g_autoptr(XbTouched) touched = NULL;
		g_autofree char *functions = NULL;

		if (!commit->files || commit->parents->len != 1)
			continue;
		touched = look_at_commit(look, commit);
		look->looked_at++;
		if (xb_touched_kind(touched) == XB_TOUCHED_UNKNOWN)
			continue;
		g_ptr_array_add(touched->functions, NULL);
		functions = g_strjoinv("\n", (char **)touched->functions->pdata);
		if (!add_row(look, i, xb_touched_kind(touched), functions, touched->objects,
			     touched->share, error))
			return false;
	}
	return true;
}

/* All rows in one transaction; without @map only the one that says that this was tried. */
static bool write_rows(Look *look, const char *phase, GError **error)
{
	XbDb *db = look->daemon->db;
	guint live = look->map ? xb_object_map_live(look->map) : 0;

	if (!xb_db_begin(db, error))
		return false;
	if (add_row(look, 0, look->map ? XB_TOUCHED_EXECUTED : XB_TOUCHED_UNKNOWN, phase, live, 0,
		    error) &&
	    (!look->map || look_at_all(look, error)) && xb_db_commit(db, error))
		return true;
	xb_db_rollback(db);
	return false;
}

static void tell_of_limits(const Look *look)
{
	if (look->no_uses)
		xb_journal(look->daemon, look->data->job->id,
			   "the tree is too large to know what uses its headers: they count by the "
			   "objects that read them");
	if (look->map && is_after(look->until_us))
		xb_journal(look->daemon, look->data->job->id,
			   "what is executed was looked for in %u commits only: it took %d s",
			   look->looked_at, LOOK_MAX_S);
}

static void tell(XbDaemon *daemon, const XbJobData *data, const XbRun *run)
{
	g_autoptr(json_t) summary = xb_path_summary(data);

	if (summary)
		xb_journal(daemon, data->job->id, "by what boot %lld executed: %s",
			   (long long)run->id, text_of(summary, "text"));
}

bool xb_measured_path_note(XbDaemon *daemon, XbJobData **data, GError **error)
{
	const XbRun *run = (*data)->paths->len == 0 ? find_run(*data) : NULL;
	g_autofree char *mirrors = NULL, *phase = NULL;
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(XbObjectMap) map = NULL;
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) event = NULL;
	gint64 now_us = g_get_monotonic_time();
	XbJobData *again;

	if (!run || (*data)->job->kind != XB_JOB_BISECT ||
	    json_is_false(json_object_get((*data)->spec, "path_prior")) ||
	    xb_spec_bool(*data, "images"))
		return true;
	mirrors = xb_state_path(daemon, "mirrors", NULL);
	event = xb_profile_event(daemon->db, run->id);
	phase = event ? phase_of(event, (*data)->metric) : g_strdup("");
	map = event ? read_map(*data, run, event, phase, &problem) : NULL;
	if (map)
		history = xb_history_open(mirrors, xb_spec_string(*data, "repo"), false, &problem);
	Look look = {
		.daemon = daemon,
		.data = *data,
		.map = history ? map : NULL,
		.history = history,
		.uses_until_us = now_us + USES_MAX_S * G_USEC_PER_SEC,
		.until_us = now_us + LOOK_MAX_S * G_USEC_PER_SEC,
	};
	if (problem)
		xb_journal(daemon, (*data)->job->id,
			   "which commits touch what is executed is not known: %s",
			   problem->message);
	bool written = write_rows(&look, phase, error);
	xb_uses_free(look.uses);
	tell_of_limits(&look);
	if (!written || !(again = xb_jobdata_load(daemon->db, (*data)->job->id, error)))
		return false;
	tell(daemon, again, run);
	xb_jobdata_free(*data);
	*data = again;
	return true;
}
