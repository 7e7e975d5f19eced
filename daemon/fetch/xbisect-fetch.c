/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xbisect-fetch.c - one branch of a remote repository: a fetch job from stdin,
 * events to stdout.
 *
 * Events: "phase", then "tip" {commit} or "gone" {}, and "done" last: ok with
 * either of them, else host-trouble. Exit status: 0, 1, 2 on wrong usage.
 */
#include <git2.h>
#include <glib.h>
#include <unistd.h>

#include "fetch.h"
#include "mirror.h"
#include "protocol.h"
#include "worker.h"

static bool fetch(GError **error)
{
	g_autoptr(json_t) job = xb_job_read(STDIN_FILENO, "fetch", error);
	g_autofree char *tip = NULL;

	if (job == NULL || !xb_git_setup(error))
		return false;
	xb_emit_phase("fetch", NULL);
	switch (xb_fetch(job, &tip, error)) {
	case XB_FETCH_OK:
		return xb_emit(json_pack("{s:s,s:s}", "event", "tip", "commit", tip));
	case XB_FETCH_GONE:
		return xb_emit(json_pack("{s:s,s:s}", "event", "gone", "detail",
					 *error != NULL ? (*error)->message : ""));
	default:
		return false;
	}
}

static bool run(GError **error)
{
	bool fine = fetch(error);

	git_libgit2_shutdown();
	return fine;
}

int main(int argc, char **argv)
{
	return xb_worker_main(
		argc, argv, "xbisect-fetch",
		"Fetches one branch into a bare repository and writes its tip as an event;\n"
		"see xbisect-fetch(1). xbisectd starts it for watched branches.\n",
		run);
}
