/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch-line.c - the commits of a watched branch: new ones, those that went, older ones. */
#include <string.h>

#include "watch.h"

#define STEP_MAX 20000 /* commits in one step */
#define DAY_MS   (24 * 3600 * INT64_C(1000))

/* The commits of the branch (those not gone) by id, and their extent. */
typedef struct {
	GPtrArray *commits;
	GHashTable *by_id; /* 40 hex -> XbWatchCommit */
	int64_t first, last;
	int64_t lowest, next; /* of all, gone or not; next: none has that or a later seq */
} Line;

static void line_clear(Line *line)
{
	g_clear_pointer(&line->commits, g_ptr_array_unref);
	g_clear_pointer(&line->by_id, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Line, line_clear)

static bool line_load(XbDaemon *daemon, const XbWatch *watch, Line *line, GError **error)
{
	bool any = false;

	line->commits = xb_db_watch_commits(daemon->db, watch->id, error);
	if (!line->commits)
		return false;
	line->by_id = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < line->commits->len; i++) {
		XbWatchCommit *commit = line->commits->pdata[i];

		line->next = MAX(line->next, commit->seq + 1);
		line->lowest = i == 0 ? commit->seq : MIN(line->lowest, commit->seq);
		if (commit->gone)
			continue;
		g_hash_table_insert(line->by_id, commit->commit, commit);
		line->first = any ? MIN(line->first, commit->seq) : commit->seq;
		line->last = any ? MAX(line->last, commit->seq) : commit->seq;
		any = true;
	}
	return true;
}

static bool add(XbDaemon *daemon, const XbWatch *watch, const XbLineCommit *commit, int64_t seq,
		GError **error)
{
	const XbWatchCommit row = { .seq = seq,
				    .commit = (char *)commit->id,
				    .subject = commit->subject,
				    .time_ms = commit->time * 1000 };

	return xb_db_watch_commit_add(daemon->db, watch->id, &row, error);
}

/* Which of the new commits (seq @first to @last) are measured. */
static bool pick(XbDaemon *daemon, XbWatch *watch, int64_t first, int64_t last, GError **error)
{
	XbWatchSpec spec;
	int64_t now = xb_now_ms(), step = 0;
	bool tip, fine = true;

	if (!xb_watch_spec(watch, &spec))
		return true;
	tip = strcmp(spec.pick, "tip") == 0 ||
	      (strcmp(spec.pick, "daily") == 0 && now - watch->picked_ms >= DAY_MS);
	if (strcmp(spec.pick, "all") == 0)
		step = 1;
	else if (strcmp(spec.pick, "nth") == 0)
		step = spec.nth;
	for (int64_t seq = first; fine && seq <= last; seq++) {
		if ((step && seq % step == 0) || (tip && seq == last))
			fine = xb_db_watch_commit_pick(daemon->db, watch->id, seq, "tip", error);
	}
	if (tip)
		watch->picked_ms = now;
	json_decref(spec.json);
	return fine;
}

/* @fresh: newest first, behind the commit with seq @behind; @keep: whether that is on the line. */
static bool append(XbDaemon *daemon, XbWatch *watch, GPtrArray *fresh, const Line *line,
		   int64_t behind, bool keep, GError **error)
{
	int64_t first = line->next;

	/* a branch that is new, or unrelated to what it was, begins with its tip */
	guint n = keep ? fresh->len : MIN(fresh->len, 1);

	if (line->commits->len > 0 &&
	    !xb_db_watch_commits_gone(daemon->db, watch->id, keep ? behind : G_MININT64, error))
		return false;
	for (guint i = 0; i < n; i++) {
		if (!add(daemon, watch, fresh->pdata[n - 1 - i], first + i, error))
			return false;
	}
	return n == 0 || pick(daemon, watch, first, first + n - 1, error);
}

static bool in_transaction(XbDaemon *daemon, bool fine, GError **error)
{
	if (fine && xb_db_commit(daemon->db, error))
		return true;
	xb_db_rollback(daemon->db);
	return false;
}

/* No new commit has come. A branch of which one commit a day is measured may have one that came
 * when that of its day had been chosen: it is the next day's. */
static bool stay(XbDaemon *daemon, XbWatch *watch, GError **error)
{
	g_auto(Line) line = { 0 };
	XbWatchSpec spec;
	bool daily = xb_watch_spec(watch, &spec) && strcmp(spec.pick, "daily") == 0;
	const XbWatchCommit *tip = NULL;

	json_decref(spec.json);
	if (!daily || xb_now_ms() - watch->picked_ms < DAY_MS)
		return true;
	if (!line_load(daemon, watch, &line, error))
		return false;
	tip = watch->tip ? g_hash_table_lookup(line.by_id, watch->tip) : NULL;
	if (!tip || *tip->picked)
		return true;
	return xb_db_begin(daemon->db, error) &&
	       in_transaction(daemon,
			      pick(daemon, watch, tip->seq, tip->seq, error) &&
				      xb_db_watch_update(daemon->db, watch, error),
			      error);
}

bool xb_watch_advance(XbDaemon *daemon, XbWatch *watch, const char *tip, GError **error)
{
	g_auto(Line) line = { 0 };
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(GPtrArray) fresh = NULL;
	g_autofree char *met = NULL;
	const XbWatchCommit *known;
	int64_t behind;

	if (g_strcmp0(watch->tip, tip) == 0)
		return stay(daemon, watch, error);
	if (!line_load(daemon, watch, &line, error) ||
	    !(history = xb_watch_history(daemon, watch, error)) ||
	    !(fresh = xb_history_line(history, tip, line.by_id, line.commits->len ? STEP_MAX : 1,
				      &met, error)))
		return false;
	known = met ? g_hash_table_lookup(line.by_id, met) : NULL;
	behind = known ? known->seq : line.last;
	if (watch->tip && behind < line.last)
		xb_journal(daemon, 0, "watch %s: a forced push took commits after %.12s away",
			   watch->name, met);
	else if (watch->tip && !known)
		xb_journal(daemon, 0, "watch %s: the branch was replaced by an unrelated one",
			   watch->name);
	g_free(watch->tip);
	watch->tip = g_strdup(tip);
	xb_journal(daemon, 0, "watch %s: %.12s, %u new commits", watch->name, tip, fresh->len);
	return xb_db_begin(daemon->db, error) &&
	       in_transaction(daemon,
			      append(daemon, watch, fresh, &line, behind, known != NULL, error) &&
				      xb_db_watch_update(daemon->db, watch, error),
			      error);
}

bool xb_watch_backfill(XbDaemon *daemon, XbWatch *watch, const char *from, int budget,
		       GError **error)
{
	g_auto(Line) line = { 0 };
	g_autoptr(XbHistory) history = NULL;
	g_autoptr(GPtrArray) older = NULL;
	g_autoptr(GHashTable) stop = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *end = NULL, *met = NULL;
	const XbWatchCommit *oldest = NULL;
	bool fine = true;

	if (!line_load(daemon, watch, &line, error) ||
	    !(history = xb_watch_history(daemon, watch, error)) ||
	    !(end = xb_history_resolve(history, from, error)))
		return false;
	for (guint i = 0; i < line.commits->len; i++) {
		const XbWatchCommit *commit = line.commits->pdata[i];

		if (!commit->gone && commit->seq == line.first)
			oldest = commit;
	}
	if (!oldest) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_RANGE,
			    "the branch was not seen yet: try again in a moment");
		return false;
	}
	g_hash_table_add(stop, end);
	older = g_hash_table_contains(line.by_id, end)
			? g_ptr_array_new()
			: xb_history_line(history, oldest->commit, stop, STEP_MAX, &met, error);
	if (!older)
		return false;
	if (older->len > 0 && !met) {
		g_set_error(error, XB_HISTORY_ERROR, XB_HISTORY_ERROR_RANGE,
			    "%.12s is not among the last %u first parents of the branch", end,
			    older->len);
		return false;
	}
	if (!xb_db_begin(daemon->db, error))
		return false;
	/* the list begins with the oldest one, which is there, and lacks the end */
	for (guint i = 1; fine && i < older->len; i++)
		fine = add(daemon, watch, older->pdata[i], line.lowest - i, error);
	if (fine && met) {
		g_autofree char *none = NULL;
		g_autoptr(GPtrArray) last = xb_history_line(history, end, NULL, 1, &none, error);
		int64_t seq = line.lowest - older->len;

		fine = last && add(daemon, watch, last->pdata[0], seq, error) &&
		       xb_db_watch_commit_pick(daemon->db, watch->id, seq, "backfill", error);
	}
	watch->budget += budget;
	return in_transaction(daemon, fine && xb_db_watch_update(daemon->db, watch, error), error);
}
