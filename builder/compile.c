/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compile.c - configuration, make, strip and nm in the sandbox. */
#include "compile.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beneath.h"
#include "child.h"
#include "configcache.h"
#include "diagnose.h"
#include "failure.h"
#include "kconfig.h"
#include "tree.h"

#define CONFIG_MAX      (8 * 1024 * 1024)
#define STATS_MAX       (64 * 1024 * 1024)
#define STATS_NAME      ".xbisect-ccache"
#define SPACE_MIN_BYTES ((guint64)16 * 1024 * 1024)

/* $1 source, $2 object directory, $3 ARCH, $4 base, the rest are fragments. */
static const char config_script[] =
	"set -e\n"
	"src=$1 obj=$2 arch=$3 base=$4; shift 4\n"
	"cd \"$src\"\n"
	"rm -f \"$obj/.config\"\n"
	"case $base in\n"
	"/*) cat \"$base\" >\"$obj/.config\" ;;\n"
	"*) make O=\"$obj\" ARCH=\"$arch\" \"$base\" ;;\n"
	"esac\n"
	"if [ $# -gt 0 ]; then\n"
	"  cd \"$obj\"\n"
	"  sh \"$src/scripts/kconfig/merge_config.sh\" -m -O \"$obj\" \"$obj/.config\" \"$@\"\n"
	"  cd \"$src\"\n"
	"fi\n"
	"make O=\"$obj\" ARCH=\"$arch\" olddefconfig\n";

typedef struct {
	XbCompile *compile;
	XbDiagnosis *diagnosis;
	bool counting;
	guint reported;
} Step;

/* "  CC      file.o", "  CC [M]  file.o" */
static bool is_compile_line(const char *line)
{
	return g_str_has_prefix(line, "  CC ");
}

static void take_line(const char *line, void *data)
{
	Step *step = data;

	if (step->counting && is_compile_line(line))
		step->compile->objects++;
	xb_diagnosis_line(step->diagnosis, line);
}

static void report(void *data)
{
	Step *step = data;

	if (!step->counting || step->reported == step->compile->objects)
		return;
	step->reported = step->compile->objects;
	xb_emit(json_pack("{s:s, s:i}", "event", "progress", "objects", (int)step->reported));
}

static bool has_space(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) != 0 || (guint64)fs.f_bavail * fs.f_frsize >= SPACE_MIN_BYTES;
}

static void note_command(XbCompile *self, const char *name, char **argv)
{
	json_t *words = json_array();

	xb_log_printf(self->log, "\n# %s:", name);
	for (char **word = argv; *word; word++) {
		g_autofree char *quoted = g_shell_quote(*word);

		json_array_append_new(words, json_string(*word));
		xb_log_printf(self->log, " %s", quoted);
	}
	xb_log_printf(self->log, "\n");
	json_array_append_new(self->commands, json_pack("{s:s, s:o}", "step", name, "argv", words));
}

/* Run @command; false with @error when it fails for whatever reason. */
static bool run_step(XbCompile *self, const char *name, XbSandbox *sandbox, const char *cwd,
		     const char *const *command, bool counting, GError **error)
{
	g_autoptr(XbDiagnosis) diagnosis = xb_diagnosis_new(cwd);
	g_auto(GStrv) argv = xb_sandbox_argv(sandbox, cwd, command);
	g_auto(GStrv) environment = xb_sandbox_environment(sandbox);
	Step step = { .compile = self, .diagnosis = diagnosis, .counting = counting };
	XbChild child = {
		.argv = (const char *const *)argv,
		.environment = (const char *const *)environment,
		.cwd = self->job->sandbox == XB_SANDBOX_NONE ? cwd : NULL,
		.deadline_us = self->deadline_us,
		.log = self->log,
		.on_line = take_line,
		.on_second = report,
		.data = &step,
	};
	int status = 0;

	note_command(self, name, argv);
	if (!xb_child_run(&child, &status, error)) {
		g_prefix_error(error, "%s: ", name);
		return false;
	}
	if (WEXITSTATUS(status) == 0)
		return true;
	if (!has_space(self->job->work_dir)) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST, "%s: no space left for %s",
			    name, self->job->work_dir);
		return false;
	}
	xb_diagnosis_set_error(diagnosis, name, WEXITSTATUS(status), error);
	return false;
}

static XbSandbox *new_sandbox(XbCompile *self, const char *obj, const char **src_seen,
			      const char **obj_seen, GError **error)
{
	XbSandbox *sandbox = xb_sandbox_new(self->job->sandbox, error);

	if (!sandbox)
		return NULL;
	xb_recipe_set_environment(sandbox);
	*src_seen = xb_sandbox_mount(sandbox, self->slot->src, "/src", false);
	*obj_seen = xb_sandbox_mount(sandbox, obj, "/obj", true);
	return sandbox;
}

/* ---- configuration ---------------------------------------------------------------- */

static bool read_fragments(XbCompile *self, GHashTable *wanted, GError **error)
{
	for (char **path = self->job->kconfig; *path; path++) {
		g_autofree char *text = NULL;
		XbFileId *id;
		gsize length;

		if (!g_file_get_contents(*path, &text, &length, error))
			return false;
		id = g_new0(XbFileId, 1);
		id->path = g_strdup(*path);
		id->sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)text, length);
		g_ptr_array_add(self->kconfig, id);
		xb_kconfig_merge(wanted, text);
	}
	return true;
}

static bool run_config(XbCompile *self, GError **error)
{
	const char *base = self->job->kconfig_base;
	const char *src, *obj;
	g_autoptr(XbSandbox) sandbox = new_sandbox(self, self->slot->conf, &src, &obj, error);
	g_autoptr(GPtrArray) command = g_ptr_array_new();

	if (!sandbox)
		return false;
	if (g_path_is_absolute(base))
		base = xb_sandbox_mount(sandbox, base, "/kconfig/base", false);
	g_ptr_array_add(command, (char *)"sh");
	g_ptr_array_add(command, (char *)"-c");
	g_ptr_array_add(command, (char *)config_script);
	g_ptr_array_add(command, (char *)"config");
	g_ptr_array_add(command, (char *)src);
	g_ptr_array_add(command, (char *)obj);
	g_ptr_array_add(command, (char *)self->arch->make);
	g_ptr_array_add(command, (char *)base);
	for (guint i = 0; self->job->kconfig[i]; i++) {
		g_autofree char *inside = g_strdup_printf("/kconfig/%u.config", i);

		g_ptr_array_add(command, (char *)xb_sandbox_mount(sandbox, self->job->kconfig[i],
								  inside, false));
	}
	g_ptr_array_add(command, NULL);
	return run_step(self, "config", sandbox, src, (const char *const *)command->pdata, false,
			error);
}

/* Move the new .config to the object directory, unless it is there already. */
static bool install_config(XbCompile *self, const char *text, gsize length, GError **error)
{
	int obj_fd = xb_beneath_open_dir(self->slot->obj, error);
	g_autofree char *present = NULL;
	gsize present_length = 0;
	bool ok = true;

	if (obj_fd < 0)
		return false;
	present = xb_beneath_read(obj_fd, ".config", CONFIG_MAX, &present_length, NULL);
	if (!present || present_length != length || memcmp(present, text, length) != 0) {
		self->config_changed = true;
		ok = xb_beneath_replace(obj_fd, ".config", text, length, error);
	}
	close(obj_fd);
	return ok;
}

/* Over all that goes into the configuration. */
static char *config_key(XbCompile *self, GError **error)
{
	g_autoptr(GPtrArray) parts = g_ptr_array_new();
	g_autofree char *base = NULL;

	g_ptr_array_add(parts, self->toolchain->fingerprint);
	g_ptr_array_add(parts, (char *)self->arch->make);
	g_ptr_array_add(parts, self->job->kconfig_base);
	if (g_path_is_absolute(self->job->kconfig_base)) {
		if (!g_file_get_contents(self->job->kconfig_base, &base, NULL, error))
			return NULL;
		g_ptr_array_add(parts, base);
	}
	for (guint i = 0; i < self->kconfig->len; i++)
		g_ptr_array_add(parts, ((XbFileId *)self->kconfig->pdata[i])->sha256);
	g_ptr_array_add(parts, NULL);
	return xb_config_key(self->repo, self->tree, self->arch->source,
			     (const char *const *)parts->pdata, error);
}

/* The configuration, as the tree's own tools make it. */
static char *make_config(XbCompile *self, GError **error)
{
	char *text = NULL;
	gsize length;
	int conf_fd;

	if (!run_config(self, error)) {
		/* It may have been cut off while it compiled its own tools. */
		xb_remove_tree(self->slot->conf, NULL);
		return NULL;
	}
	conf_fd = xb_beneath_open_dir(self->slot->conf, error);
	if (conf_fd < 0)
		return NULL;
	text = xb_beneath_read(conf_fd, ".config", CONFIG_MAX, &length, error);
	close(conf_fd);
	if (text && strlen(text) != length) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_VARIANT,
			    "config: there is a NUL in .config");
		g_clear_pointer(&text, g_free);
	}
	return text;
}

bool xb_compile_config(XbCompile *self, GError **error)
{
	g_autoptr(GHashTable) wanted = xb_kconfig_parse("");
	g_autoptr(GHashTable) got = NULL;
	g_autofree char *key = NULL, *text = NULL;
	bool known;

	if (!read_fragments(self, wanted, error))
		return false;
	key = config_key(self, error);
	if (!key)
		return false;
	text = self->job->clean ? NULL : xb_config_load(self->slot->conf_state, key);
	known = text != NULL;
	if (!known)
		text = make_config(self, error);
	if (!text)
		return false;
	got = xb_kconfig_parse(text);
	if (!xb_kconfig_check(wanted, got, error) ||
	    !install_config(self, text, strlen(text), error))
		return false;
	return known || self->job->clean ||
	       xb_config_store(self->slot->conf_state, key, text, error);
}

/* ---- make -------------------------------------------------------------------------- */

/* The compile cache stands before the compiler in PATH, so that command lines,
 * which kbuild compares, are the same with and without it. */
static bool add_cache(XbCompile *self, XbSandbox *sandbox, const char *obj_seen, GError **error)
{
	const XbBuildJob *job = self->job;
	g_autofree char *ccache = NULL, *link = NULL, *path = NULL, *stats = NULL;
	const char *bin;

	if (!job->ccache_dir)
		return true;
	ccache = g_find_program_in_path("ccache");
	if (!ccache) {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST,
			    "ccache is not installed: install it, or give no ccache_dir");
		return false;
	}
	link = g_build_filename(self->slot->bin, "gcc", NULL);
	if (g_mkdir_with_parents(job->ccache_dir, 0755) != 0 ||
	    g_mkdir_with_parents(self->slot->bin, 0755) != 0 ||
	    (g_unlink(link) != 0 && errno != ENOENT) || symlink(ccache, link) != 0) {
		xb_build_set_errno(error, "cannot prepare the compile cache");
		return false;
	}
	bin = xb_sandbox_mount(sandbox, self->slot->bin, "/ccache-bin", false);
	path = g_strdup_printf("%s:/usr/bin:/bin:/usr/sbin:/sbin", bin);
	stats = g_strdup_printf("%s/%s", obj_seen, STATS_NAME);
	xb_sandbox_setenv(sandbox, "PATH", path);
	xb_sandbox_setenv(
		sandbox, "CCACHE_DIR",
		xb_sandbox_mount(sandbox, job->ccache_dir, "/ccache", !job->ccache_readonly));
	/* Settings come from here only, not from a file in the cache. */
	xb_sandbox_setenv(sandbox, "CCACHE_CONFIGPATH", "/nonexistent");
	xb_sandbox_setenv(sandbox, "CCACHE_NOHASHDIR", "1");
	/* What is not in the cache is compiled at once, not preprocessed first: kbuild asks the
	 * compiler for the list of headers anyway. A miss costs a quarter less; what is given up,
	 * hits where only the preprocessed text is the same, are one in a hundred. */
	xb_sandbox_setenv(sandbox, "CCACHE_DEPEND", "1");
	xb_sandbox_setenv(sandbox, "CCACHE_STATSLOG", stats);
	if (job->ccache_max_size)
		xb_sandbox_setenv(sandbox, "CCACHE_MAXSIZE", job->ccache_max_size);
	if (job->ccache_readonly) {
		xb_sandbox_setenv(sandbox, "CCACHE_READONLY", "1");
		xb_sandbox_setenv(sandbox, "CCACHE_NOSTATS", "1");
		xb_sandbox_setenv(sandbox, "CCACHE_TEMPDIR", "/tmp/ccache");
	}
	return true;
}

/* Lines of ccache's log: "# source", then a word for each event. */
static guint count_hits(int obj_fd)
{
	gsize length = 0;
	g_autofree char *text = xb_beneath_read(obj_fd, STATS_NAME, STATS_MAX, &length, NULL);
	guint hits = 0;

	for (const char *at = text; at && (at = strstr(at, "\ndirect_cache_hit\n")); at++)
		hits++;
	for (const char *at = text; at && (at = strstr(at, "\npreprocessed_cache_hit\n")); at++)
		hits++;
	return hits;
}

bool xb_compile_make(XbCompile *self, GError **error)
{
	const char *src, *obj;
	g_autoptr(XbSandbox) sandbox = new_sandbox(self, self->slot->obj, &src, &obj, error);
	g_autofree char *jobs = g_strdup_printf("-j%d", self->job->jobs);
	g_autofree char *arch = g_strdup_printf("ARCH=%s", self->arch->make);
	g_autofree char *output = NULL, *image = g_path_get_basename(self->arch->image);
	int obj_fd;
	bool ok;

	if (!sandbox || !add_cache(self, sandbox, obj, error))
		return false;
	obj_fd = xb_beneath_open_dir(self->slot->obj, error);
	if (obj_fd < 0)
		return false;
	unlinkat(obj_fd, STATS_NAME, 0);
	self->make_started = g_get_real_time() / G_USEC_PER_SEC;
	self->src_prefix = g_strdup(src);
	output = g_strdup_printf("O=%s", obj);
	ok = run_step(self, "make", sandbox, src,
		      (const char *const[]){ "make", output, arch, jobs, image, "vmlinux", NULL },
		      true, error);
	if (self->job->ccache_dir)
		self->cache_hits = count_hits(obj_fd);
	close(obj_fd);
	return ok;
}

bool xb_compile_strip(XbCompile *self, GError **error)
{
	static const char script[] = "mkdir -p .xbisect && exec strip -s -o \"$1\" vmlinux";
	const char *src, *obj;
	g_autoptr(XbSandbox) sandbox = new_sandbox(self, self->slot->obj, &src, &obj, error);

	return sandbox &&
	       run_step(self, "strip", sandbox, obj,
			(const char *const[]){ "sh", "-c", script, "strip", XB_STRIPPED, NULL },
			false, error);
}

bool xb_compile_symbols(XbCompile *self, GError **error)
{
	/* The .cmd files name what make made; others in the tree are left-overs or archives. */
	static const char script[] =
		"find . -name '.*.o.cmd' ! -name '.vmlinux*' -type f | sed 's|^\\./||; "
		"s|\\.\\([^/]*\\)\\.cmd$|\\1|' | "
		"tr '\\n' '\\0' | xargs -0 -r nm -A -P --defined-only 2>/dev/null | "
		"awk '$3 ~ /^[tTwW]$/' >\"$1\" || :";
	const char *src, *obj;
	g_autoptr(XbSandbox) sandbox = new_sandbox(self, self->slot->obj, &src, &obj, error);

	return sandbox &&
	       run_step(self, "symbols", sandbox, obj,
			(const char *const[]){ "sh", "-c", script, "symbols", XB_SYMBOLS, NULL },
			false, error);
}

void xb_compile_clear(XbCompile *self)
{
	g_clear_pointer(&self->src_prefix, g_free);
	g_clear_pointer(&self->commands, json_decref);
	g_clear_pointer(&self->kconfig, g_ptr_array_unref);
}
