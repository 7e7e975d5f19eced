/* SPDX-License-Identifier: GPL-2.0-or-later */
/* maintainers.c - whom the tree names for what a commit changes; see maintainers.h. */
#include "maintainers.h"

#include <string.h>
#include <sys/wait.h>

#include "child.h"
#include "mirror.h"
#include "sandbox.h"
#include "text.h"

#define SCRIPT     "scripts/get_maintainer.pl"
#define FILES_MAX  200 /* more is a merge of everything: all would be written to */
#define LINES_MAX  200
#define LINE_BYTES 300
#define DEADLINE_S 60

/* Paths that the commit changed against its first parent; NULL when there are none or too many. */
static GPtrArray *changed_files(git_repository *repo, const char *hex)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(git_commit) commit = NULL, parent = NULL;
	g_autoptr(git_tree) tree = NULL, parent_tree = NULL;
	g_autoptr(git_diff) diff = NULL;
	git_oid id;
	size_t n;

	if (git_oid_fromstr(&id, hex) != 0 || git_commit_lookup(&commit, repo, &id) != 0 ||
	    git_commit_parent(&parent, commit, 0) != 0 || git_commit_tree(&tree, commit) != 0 ||
	    git_commit_tree(&parent_tree, parent) != 0 ||
	    git_diff_tree_to_tree(&diff, repo, parent_tree, tree, NULL) != 0)
		return NULL;
	n = git_diff_num_deltas(diff);
	for (size_t i = 0; i < n && n <= FILES_MAX; i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);

		/* what was removed is not there to be asked about */
		if (delta->status != GIT_DELTA_DELETED)
			g_ptr_array_add(files, g_strdup(delta->new_file.path));
	}
	return files->len > 0 ? g_steal_pointer(&files) : NULL;
}

/* "Name <address> (role)" or "address (role)"; the script's complaints are neither. */
static void take_line(const char *line, void *data)
{
	GPtrArray *lines = data;
	const char *role = strrchr(line, '(');

	if (lines->len < LINES_MAX && role != NULL && g_str_has_suffix(line, ")") &&
	    memchr(line, '@', (size_t)(role - line)) != NULL)
		g_ptr_array_add(lines, xb_text_safe(line, -1, LINE_BYTES, false));
}

static GPtrArray *command_of(const GPtrArray *files)
{
	static const char *const fixed[] = { "perl",    SCRIPT,
					     "--nogit", "--nogit-fallback",
					     "--roles", "--norolestats",
					     "-f",      "--" };
	GPtrArray *command = g_ptr_array_new();

	for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
		g_ptr_array_add(command, (gpointer)fixed[i]);
	for (guint i = 0; i < files->len; i++)
		g_ptr_array_add(command, files->pdata[i]);
	g_ptr_array_add(command, NULL);
	return command;
}

/* The lines that the script prints, in the sandbox; empty when it fails. */
static GPtrArray *ask(const XbCompile *compile, const GPtrArray *files)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(XbSandbox) sandbox = xb_sandbox_new(compile->job->sandbox, NULL);
	g_autoptr(GPtrArray) command = command_of(files);
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) argv = NULL, environment = NULL;
	const char *src;
	int status = -1;

	if (sandbox == NULL)
		return lines;
	src = xb_sandbox_mount(sandbox, compile->slot->src, "/src", false);
	argv = xb_sandbox_argv(sandbox, src, (const char *const *)command->pdata);
	environment = xb_sandbox_environment(sandbox);
	const XbChild child = {
		.argv = (const char *const *)argv,
		.environment = (const char *const *)environment,
		.cwd = compile->job->sandbox == XB_SANDBOX_NONE ? src : NULL,
		.deadline_us = MIN(compile->deadline_us,
				   g_get_monotonic_time() + DEADLINE_S * G_USEC_PER_SEC),
		.log = compile->log,
		.on_line = take_line,
		.data = lines,
	};
	if (!xb_child_run(&child, &status, &error) || WEXITSTATUS(status) != 0) {
		xb_log_printf(compile->log, "# no maintainers: %s\n",
			      error != NULL ? error->message : SCRIPT " failed");
		g_ptr_array_set_size(lines, 0);
	}
	return lines;
}

bool xb_maintainers_write(const XbCompile *compile)
{
	const XbBuildJob *job = compile->job;
	g_autofree char *script = g_build_filename(compile->slot->src, SCRIPT, NULL);
	g_autofree char *path = g_build_filename(job->out_dir, XB_MAINTAINERS, NULL);
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) files = NULL, lines = NULL;

	if (!job->clean || (job->patches != NULL && job->patches[0] != NULL) ||
	    g_file_test(script, G_FILE_TEST_IS_SYMLINK) ||
	    !g_file_test(script, G_FILE_TEST_IS_REGULAR) ||
	    (files = changed_files(compile->repo, job->commit)) == NULL)
		return false;
	lines = ask(compile, files);
	if (lines->len == 0)
		return false;
	g_ptr_array_add(lines, g_strdup(""));
	g_ptr_array_add(lines, NULL);
	text = g_strjoinv("\n", (char **)lines->pdata);
	return g_file_set_contents(path, text, -1, NULL);
}
