/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker.c - see worker.h. */
#include "worker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "protocol.h"

static int usage(const char *name, const char *help, bool asked)
{
	fprintf(asked ? stdout : stderr, "Usage: %s < JOB.json\n\n%s", name, help);
	return asked ? 0 : 2;
}

int xb_worker_main(int argc, char **argv, const char *name, const char *help,
		   bool (*run)(GError **error))
{
	g_autoptr(GError) error = NULL;
	bool fine;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("%s " XB_VERSION "\n", name);
		return 0;
	}
	if (argc > 1)
		return usage(name, help, strcmp(argv[1], "--help") == 0);
	signal(SIGPIPE, SIG_IGN);
	fine = run(&error);
	fine &= xb_emit_done(fine ? XB_OUTCOME_OK : XB_OUTCOME_HOST_TROUBLE,
			     error ? error->message : "");
	return fine ? 0 : 1;
}
