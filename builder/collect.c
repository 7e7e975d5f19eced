/* SPDX-License-Identifier: GPL-2.0-or-later */
/* collect.c - copy, hash and describe what a build made. */
#include "collect.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "failure.h"
#include "inputs.h"
#include "maintainers.h"
#include "tree.h"

#define MIB         ((guint64)1024 * 1024)
#define SYMBOLS_MAX (64 * 1024 * 1024)

typedef enum { FILE_IMAGE, FILE_ELF, FILE_MAP, FILE_CONFIG, FILE_COUNT } FileIndex;

typedef struct {
	const char *from; /* NULL: the architecture's image */
	const char *as;
	guint64 limit_bytes;
} FileRule;

static const FileRule file_rules[FILE_COUNT] = {
	[FILE_IMAGE] = { NULL, NULL, 512 * MIB },
	[FILE_ELF] = { XB_STRIPPED, "vmlinux.elf", 1024 * MIB },
	[FILE_MAP] = { "System.map", "System.map", 128 * MIB },
	[FILE_CONFIG] = { ".config", "config", 8 * MIB },
};

typedef struct {
	const char *as;
	char *sha256;
	guint64 size_bytes;
} Collected;

static bool copy_files(const XbCollect *self, int obj_fd, Collected *files, GError **error)
{
	const XbArch *arch = self->compile->arch;

	for (int i = 0; i < FILE_COUNT; i++) {
		const FileRule *rule = &file_rules[i];
		g_autofree char *target = NULL;

		files[i].as = rule->as ? rule->as : arch->image_as;
		target = g_build_filename(self->compile->job->out_dir, files[i].as, NULL);
		if (!xb_beneath_copy(obj_fd, rule->from ? rule->from : arch->image, target,
				     rule->limit_bytes, &files[i].sha256, &files[i].size_bytes,
				     error))
			return false;
	}
	return true;
}

/* The hash of all that makes the image what it is. */
static char *variant_hash(const XbCollect *self, const Collected *files)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	char tree[GIT_OID_HEXSZ + 1];
	const char *const parts[] = {
		"xbisect-variant-1",
		git_oid_tostr(tree, sizeof(tree), self->compile->tree),
		files[FILE_CONFIG].sha256,
		self->compile->arch->name,
		XB_RECIPE,
		self->compile->toolchain->fingerprint,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		g_checksum_update(sum, (const guchar *)parts[i], (gssize)strlen(parts[i]) + 1);
	return g_strdup(g_checksum_get_string(sum));
}

static json_t *file_ids(const GPtrArray *ids)
{
	json_t *list = json_array();

	for (guint i = 0; i < ids->len; i++) {
		const XbFileId *id = ids->pdata[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s}", "path", id->path, "sha256", id->sha256));
	}
	return list;
}

static json_t *describe(const XbCollect *self, const Collected *files, const char *variant)
{
	const XbBuildJob *job = self->compile->job;
	char tree[GIT_OID_HEXSZ + 1], base[GIT_OID_HEXSZ + 1];
	json_t *list = json_object();

	for (int i = 0; i < FILE_COUNT; i++)
		json_object_set_new(list, files[i].as,
				    json_pack("{s:s, s:I}", "sha256", files[i].sha256, "size",
					      (json_int_t)files[i].size_bytes));
	return json_pack(
		"{s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:b, "
		"s:b, s:i, s:i, s:O, s:o}",
		"format", 1, "id", job->id, "variant", variant, "commit", job->commit, "base_tree",
		git_oid_tostr(base, sizeof(base), self->base_tree), "tree",
		git_oid_tostr(tree, sizeof(tree), self->compile->tree), "patches",
		file_ids(self->patches), "kconfig_base", job->kconfig_base, "kconfig",
		file_ids(self->compile->kconfig), "arch", job->arch, "recipe", XB_RECIPE, "builder",
		self->compile->toolchain->fingerprint, "toolchain",
		self->compile->toolchain->summary, "tools", self->compile->toolchain->versions,
		"trust", job->trust, "clean", job->clean, "ccache", job->ccache_dir != NULL,
		"objects", (int)self->compile->objects, "ccache_hits",
		(int)self->compile->cache_hits, "commands", self->compile->commands, "files", list);
}

static bool write_manifest(const XbCollect *self, const Collected *files, const char *variant,
			   GError **error)
{
	g_autofree char *path =
		g_build_filename(self->compile->job->out_dir, "manifest.json", NULL);
	g_autoptr(json_t) manifest = describe(self, files, variant);

	if (manifest && json_dump_file(manifest, path, JSON_INDENT(1)) == 0)
		return true;
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST, "cannot write %s", path);
	return false;
}

static json_t *artifact_event(const XbCollect *self, const Collected *files, const char *variant)
{
	char tree[GIT_OID_HEXSZ + 1];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, "
			 "s:s, s:s, s:s, s:b}",
			 "event", "artifact", "variant", variant, "dir",
			 self->compile->job->out_dir, "kernel", files[FILE_IMAGE].as, "vmlinux",
			 files[FILE_ELF].as, "image_sha256", files[FILE_ELF].sha256,
			 "bzimage_sha256", files[FILE_IMAGE].sha256, "system_map",
			 files[FILE_MAP].as, "config", files[FILE_CONFIG].as, "config_sha256",
			 files[FILE_CONFIG].sha256, "toolchain", self->compile->toolchain->summary,
			 "builder", self->compile->toolchain->fingerprint, "tree",
			 git_oid_tostr(tree, sizeof(tree), self->compile->tree), "inputs",
			 "inputs.txt", "reach", "reach.txt", "objects", "objects.txt", "manifest",
			 "manifest.json", "clean", self->compile->job->clean);
}

/* inputs.txt, reach.txt and objects.txt. */
static bool write_lists(const XbCollect *self, int obj_fd, GError **error)
{
	const XbCompile *compile = self->compile;
	const char *dir = compile->job->out_dir;
	g_autofree char *inputs = g_build_filename(dir, "inputs.txt", NULL);
	g_autofree char *reach = g_build_filename(dir, "reach.txt", NULL);
	g_autofree char *path = g_build_filename(dir, "objects.txt", NULL);
	gsize length = 0;
	g_autofree char *symbols = xb_beneath_read(obj_fd, XB_SYMBOLS, SYMBOLS_MAX, &length, NULL);
	g_autoptr(XbObjects) objects = xb_objects_new(symbols ? symbols : "");
	g_autofree char *text = NULL;

	if (!xb_inputs_write(compile->repo, compile->tree, obj_fd, compile->src_prefix,
			     compile->arch->source, inputs, reach, objects, error))
		return false;
	text = xb_objects_text(objects);
	return g_file_set_contents(path, text, -1, error);
}

json_t *xb_collect(const XbCollect *self, GError **error)
{
	g_autofree char *variant = NULL;
	Collected files[FILE_COUNT] = { 0 };
	json_t *event = NULL;
	int obj_fd = xb_beneath_open_dir(self->compile->slot->obj, error);

	if (obj_fd < 0)
		return NULL;
	if (copy_files(self, obj_fd, files, error) && write_lists(self, obj_fd, error)) {
		variant = variant_hash(self, files);
		if (write_manifest(self, files, variant, error))
			event = artifact_event(self, files, variant);
		if (event && xb_maintainers_write(self->compile))
			json_object_set_new(event, XB_MAINTAINERS, json_string(XB_MAINTAINERS));
	}
	close(obj_fd);
	for (int i = 0; i < FILE_COUNT; i++)
		g_free(files[i].sha256);
	return event;
}
