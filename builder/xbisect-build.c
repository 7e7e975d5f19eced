/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xbisect-build.c - the builder: one job from stdin, events to stdout.
 *
 * Always ends with a "done" event where it can write one. Exit status: 0 when
 * done says ok, 1 otherwise, 2 on wrong usage.
 */
#include <git2.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "child.h"
#include "failure.h"
#include "job.h"
#include "mirror.h"
#include "protocol.h"
#include "text.h"

#define DETAIL_MAX 8192

static const char summary[] =
	"Reads one job (a JSON object) from standard input and writes events, one JSON\n"
	"object a line, to standard output; the last one is \"done\".";

static const char description[] =
	"A job by hand:\n"
	"  xbisect-build <<END\n"
	"  {\"protocol\": 1, \"kind\": \"build\", \"id\": \"b1\", \"repo\": \"/home/me/linux\",\n"
	"   \"commit\": \"<40 hexadecimal digits>\", \"kconfig\": "
	"[\"/path/dom0-minimal.config\"],\n"
	"   \"arch\": \"x86_64\", \"work_dir\": \"/var/tmp/slot\", \"out_dir\": \"/var/tmp/b1\",\n"
	"   \"deadline_s\": 3600}\n"
	"  END\n"
	"Further members: patches, kconfig_base, clean, jobs, sandbox, ccache_dir,\n"
	"ccache_max_size, ccache_readonly; see xbisect-build(1).";

/* Returns whether to go on; otherwise *@status is the exit status. */
static bool parse_options(int *argc, char ***argv, int *status)
{
	gboolean version = FALSE;
	const GOptionEntry entries[] = {
		{ "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and exit",
		  NULL },
		G_OPTION_ENTRY_NULL,
	};
	GOptionContext *context = g_option_context_new("< JOB.json");
	g_autoptr(GError) error = NULL;

	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, description);
	g_option_context_add_main_entries(context, entries, NULL);
	*status = 0;
	if (!g_option_context_parse(context, argc, argv, &error) || *argc > 1) {
		fprintf(stderr, "xbisect-build: %s\n",
			error ? error->message : "it takes no arguments; the job comes on stdin");
		*status = 2;
	} else if (version) {
		printf("xbisect-build %s\n", XB_VERSION);
	}
	g_option_context_free(context);
	return *status == 0 && !version;
}

static bool run_job(GError **error)
{
	g_autoptr(json_t) object = xb_job_read(STDIN_FILENO, NULL, error);
	const char *kind;

	if (!object)
		return false;
	kind = json_string_value(json_object_get(object, "kind"));
	if (g_strcmp0(kind, "fingerprint") == 0) {
		XbSandboxKind sandbox;

		return xb_build_job_sandbox(object, &sandbox, error) &&
		       xb_build_fingerprint(sandbox, error);
	}
	if (g_strcmp0(kind, "build") == 0) {
		g_autoptr(XbBuildJob) job = xb_build_job_new(object, error);

		return job && xb_build_run(job, error);
	}
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_JOB,
		    "job member \"kind\" must be \"build\" or \"fingerprint\"");
	return false;
}

/* One descriptor for each level of a directory that is removed. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = MIN(limit.rlim_max, 65536);
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *detail = NULL;
	XbOutcome outcome = XB_OUTCOME_OK;
	int status;

	if (!parse_options(&argc, &argv, &status))
		return status;
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	raise_descriptor_limit();
	if (!xb_stop_setup(&error) || !xb_git_setup(&error) || !run_job(&error))
		outcome = xb_build_outcome(error);
	detail = error ? xb_text_safe(error->message, -1, DETAIL_MAX, false) : g_strdup("");
	if (!xb_emit_done(outcome, detail) || outcome != XB_OUTCOME_OK)
		status = 1;
	git_libgit2_shutdown();
	return status;
}
