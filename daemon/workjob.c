/* SPDX-License-Identifier: GPL-2.0-or-later */
/* workjob.c - rows into the jobs that workers read. */
#include "workjob.h"

#include <string.h>

#include "probes.h"
#include "variants.h"

/* A job may be tried again long after what came with its request was removed for room. */
static bool blobs_are_there(json_t *paths, GError **error)
{
	size_t i;
	json_t *path;

	json_array_foreach(paths, i,
			   path) if (!g_file_test(json_string_value(path), G_FILE_TEST_IS_REGULAR))
	{
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
			    "a patch or configuration fragment of this job was removed to "
			    "make room (blob_limit): queue it again");
		return false;
	}
	return true;
}

json_t *xb_workjob_build(XbDaemon *daemon, const XbVariant *variant, int slot, GError **error)
{
	const XbConfig *config = daemon->config;
	g_autoptr(json_t) source = json_loads(variant->source, 0, NULL);
	g_autofree char *number = g_strdup_printf("%d", slot);
	g_autofree char *work_dir = NULL;
	XbRecipe recipe;
	json_t *job;

	if (!xb_recipe_unpack(source, &recipe)) {
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_CORRUPT, "variant %lld: bad recipe",
			    (long long)variant->id);
		return NULL;
	}
	if (!xb_probes_builder_is(daemon->probes, recipe.builder_fp)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
			    "the compiler, or another tool of the builder, has changed since the "
			    "job was queued, and two compilers are not compared: queue it again "
			    "(xbisect retry)");
		return NULL;
	}
	if (!blobs_are_there(recipe.patches, error) || !blobs_are_there(recipe.kconfig, error))
		return NULL;
	/* a work tree and a cache belong to a trust label: what one label compiled is never
	 * linked into another's kernel */
	work_dir = xb_state_path(daemon, "slots", recipe.trust, number, NULL);
	job = json_pack("{s:i,s:s,s:s,s:s,s:O,s:O,s:s,s:s,s:s,s:b,s:i,s:s,s:s}", "protocol",
			XB_PROTOCOL_VERSION, "kind", "build", "repo", recipe.repo, "commit",
			recipe.commit, "patches", recipe.patches, "kconfig", recipe.kconfig,
			"kconfig_base", recipe.kconfig_base, "arch", recipe.arch, "work_dir",
			work_dir, "clean", variant->clean, "deadline_s",
			(int)config->build_deadline_s, "sandbox", config->sandbox, "trust",
			recipe.trust);
	g_assert(job);
	if (config->jobs > 0)
		json_object_set_new(job, "jobs", json_integer(config->jobs));
	if (config->ccache_dir) {
		g_autofree char *cache = g_build_filename(config->ccache_dir, recipe.trust, NULL);
		g_autofree char *limit = g_strdup_printf("%" G_GUINT64_FORMAT "M",
							 (guint64)(config->ccache_limit >> 20));
		json_object_set_new(job, "ccache_dir", json_string(cache));
		json_object_set_new(job, "ccache_max_size", json_string(limit));
		json_object_set_new(job, "ccache_readonly", json_boolean(variant->clean));
	}
	return job;
}

static json_t *artifact_member(const XbVariant *variant)
{
	g_autoptr(json_t) source = json_loads(variant->source, 0, NULL);
	json_t *artifact;

	if (!xb_variant_is_image(variant)) {
		artifact = json_loads(variant->artifact ? variant->artifact : "{}", 0, NULL);
		json_object_del(artifact, "event");
		json_object_del(artifact, "t");
		json_object_set_new(artifact, "dir", json_string(variant->dir));
		json_object_set(artifact, "commit", json_object_get(source, "commit"));
	} else {
		const char *kernel = json_string_value(json_object_get(source, "kernel"));
		g_autofree char *dir = g_path_get_dirname(kernel);
		g_autofree char *name = g_path_get_basename(kernel);
		artifact = json_pack("{s:s,s:s}", "dir", dir, "kernel", name);
		if (json_object_get(source, "modules"))
			json_object_set(artifact, "modules", json_object_get(source, "modules"));
	}
	json_object_set_new(artifact, "variant", json_string(variant->key));
	return artifact;
}

json_t *xb_workjob_boot(const XbVariant *variant, const XbHostConfig *host, json_t *workload,
			int boot, int perturb)
{
	json_t *job =
		json_pack("{s:i,s:s,s:i,s:i,s:O,s:o,s:O,s:i}", "protocol", XB_PROTOCOL_VERSION,
			  "kind", "run", "boot", boot, "perturb", perturb, "host", host->settings,
			  "artifact", artifact_member(variant), "workload", workload, "deadline_s",
			  (int)host->deadline_s);
	g_assert(job);
	return job;
}
