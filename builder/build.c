/* SPDX-License-Identifier: GPL-2.0-or-later */
/* build.c - the phases of a build job in order. */
#include "build.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "child.h"
#include "collect.h"
#include "compile.h"
#include "failure.h"
#include "mirror.h"
#include "protocol.h"
#include "recipe.h"
#include "slot.h"
#include "tree.h"

#define LOG_MAX                ((gsize)16 * 1024 * 1024)
#define FINGERPRINT_DEADLINE_S 60

typedef struct {
	const XbBuildJob *job;
	XbToolchain *toolchain;
	git_repository *repo;
	git_oid base_tree;
	git_oid tree;
	GPtrArray *patches; /* XbFileId */
	XbSlot *slot;
	XbCompile compile;
} Build;

static void emit_counter(const char *name, guint value)
{
	xb_emit(json_pack("{s:s, s:s, s:i}", "event", "counter", "name", name, "value",
			  (int)value));
}

static bool make_out_dir(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);

	if (g_mkdir_with_parents(parent, 0755) == 0 && g_mkdir(path, 0755) == 0)
		return true;
	xb_build_set_errno(error, "cannot make the output directory %s", path);
	return false;
}

static bool do_checkout(Build *self, GError **error)
{
	gsize changed = 0;

	xb_emit_phase("checkout", NULL);
	self->repo = xb_mirror_open(self->slot->mirror, self->job->repo, error);
	if (!self->repo || !xb_tree_of_commit(self->repo, self->job->repo, self->job->commit,
					      &self->base_tree, error))
		return false;
	self->tree = self->base_tree;
	if (!xb_tree_patch(self->repo, (const char *const *)self->job->patches, &self->tree,
			   self->patches, error))
		return false;
	if (!xb_tree_checkout(self->repo, &self->tree, self->slot->src, self->slot->src_state,
			      &changed, error))
		return false;
	emit_counter("files_changed", (guint)changed);
	return xb_stop_check(self->compile.deadline_us, error);
}

/*
 * Which objects the next build may use. After a failure of the variant they
 * are as make left them, which is sound. When make was cut off, what it had
 * begun goes; when the configuration had changed in that run, what it had not
 * come to is outdated in ways that make may not see, so all goes. After any
 * other end nothing is trusted.
 */
static bool settle(Build *self, const GError *failure, GError **error)
{
	bool stopped = g_error_matches(failure, XB_BUILD_ERROR, XB_BUILD_ERROR_STOPPED);

	if (failure && !stopped && xb_build_outcome(failure) != XB_OUTCOME_BUILD_FAILED)
		return true;
	if (stopped && self->compile.config_changed)
		return true;
	if (stopped && self->compile.make_started &&
	    !xb_slot_prune(self->slot, self->compile.make_started, error))
		return false;
	return xb_slot_settle(self->slot, self->toolchain->fingerprint, error);
}

static bool do_compile(Build *self, GError **error)
{
	GError *failure = NULL;
	bool ok;

	self->compile.repo = self->repo;
	self->compile.tree = &self->tree;
	self->compile.toolchain = self->toolchain;
	if (!xb_slot_prepare(self->slot, self->toolchain->fingerprint, error))
		return false;
	xb_emit_phase("config", NULL);
	ok = xb_compile_config(&self->compile, &failure);
	if (ok) {
		xb_emit_phase("make", NULL);
		ok = xb_compile_make(&self->compile, &failure);
		emit_counter("objects", self->compile.objects);
		if (self->job->ccache_dir)
			emit_counter("ccache_hits", self->compile.cache_hits);
	}
	if (ok) {
		xb_emit_phase("collect", NULL);
		ok = xb_compile_strip(&self->compile, &failure) &&
		     xb_compile_symbols(&self->compile, &failure);
	}
	if (!settle(self, failure, failure ? NULL : &failure))
		ok = false;
	if (failure)
		g_propagate_error(error, failure);
	return ok;
}

static bool do_collect(Build *self, GError **error)
{
	XbCollect collect = {
		.base_tree = &self->base_tree,
		.patches = self->patches,
		.compile = &self->compile,
	};
	json_t *event = xb_collect(&collect, error);

	if (!event) {
		xb_slot_doubt(self->slot);
		return false;
	}
	if (xb_emit(event))
		return true;
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST, "events cannot be written");
	return false;
}

static bool run_phases(Build *self, GError **error)
{
	self->slot = xb_slot_open(self->job->work_dir, self->job->clean, error);
	if (!self->slot)
		return false;
	self->compile.slot = self->slot;
	self->toolchain = xb_toolchain_new(self->job->sandbox, self->compile.deadline_us,
					   self->compile.log, error);
	return self->toolchain && do_checkout(self, error) && do_compile(self, error) &&
	       do_collect(self, error);
}

bool xb_build_run(const XbBuildJob *job, GError **error)
{
	g_autofree char *log_path = g_build_filename(job->out_dir, "build.log", NULL);
	Build self = {
		.job = job,
		.compile = {
			.job = job,
			.deadline_us = g_get_monotonic_time() +
				       (gint64)(job->deadline_s * G_USEC_PER_SEC),
		},
	};
	bool ok;

	self.compile.arch = xb_arch_find(job->arch, error);
	if (!self.compile.arch || !make_out_dir(job->out_dir, error))
		return false;
	self.compile.log = xb_log_new(log_path, LOG_MAX, error);
	if (!self.compile.log)
		return false;
	self.patches = g_ptr_array_new_with_free_func(xb_file_id_free);
	self.compile.kconfig = g_ptr_array_new_with_free_func(xb_file_id_free);
	self.compile.commands = json_array();
	ok = run_phases(&self, error);
	if (!ok && error && *error)
		xb_log_printf(self.compile.log, "\n# failed: %s\n", (*error)->message);
	if (!xb_log_close(self.compile.log) && ok) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST, "cannot write %s: %s",
			    log_path, g_strerror(errno));
		ok = false;
	}
	git_repository_free(self.repo);
	xb_toolchain_free(self.toolchain);
	xb_slot_close(self.slot);
	g_ptr_array_unref(self.patches);
	xb_compile_clear(&self.compile);
	return ok;
}

bool xb_build_fingerprint(XbSandboxKind kind, GError **error)
{
	gint64 deadline_us = g_get_monotonic_time() + FINGERPRINT_DEADLINE_S * G_USEC_PER_SEC;
	g_autoptr(XbToolchain) toolchain = xb_toolchain_new(kind, deadline_us, NULL, error);

	return toolchain && xb_emit(json_pack("{s:s, s:s, s:s, s:s}", "event", "fingerprint",
					      "builder", toolchain->fingerprint, "toolchain",
					      toolchain->summary, "recipe", XB_RECIPE));
}
