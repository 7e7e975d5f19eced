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
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fetch.h"
#include "mirror.h"
#include "protocol.h"

static bool run(GError **error)
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

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	bool fine;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("xbisect-fetch " XB_VERSION);
		return 0;
	}
	if (argc > 1) {
		bool help = strcmp(argv[1], "--help") == 0;

		fputs("Usage: xbisect-fetch < JOB.json\n\n"
		      "Fetches one branch into a bare repository and writes its tip as an event;\n"
		      "see xbisect-fetch(1). xbisectd starts it for watched branches.\n",
		      help ? stdout : stderr);
		return help ? 0 : 2;
	}
	signal(SIGPIPE, SIG_IGN);
	fine = run(&error);
	git_libgit2_shutdown();
	return xb_emit_done(fine ? XB_OUTCOME_OK : XB_OUTCOME_HOST_TROUBLE,
			    error != NULL ? error->message : "") &&
			       fine
		       ? 0
		       : 1;
}
