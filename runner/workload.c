/* SPDX-License-Identifier: GPL-2.0-or-later */
/* workload.c - see workload.h. */
#include "workload.h"

#include "cpio.h"
#include "modules.h"

#include <elf.h>
#include <string.h>

#define PROGRAM_MAX     (256u << 20)
#define ARGUMENTS_MAX   60 /* what xbisect-dom0 takes, with some room */
#define ARGUMENTS_BYTES 12000
#define PADDING_PAGES   1024
#define MAP_UNMAP       "map-unmap"

/* What Xen's device files in dom0 are made of, where a kernel has them as modules. */
static const char *const dom0_modules[] = { "xen-privcmd",  "xen-evtchn", "xen-gntdev",
					    "xen-gntalloc", "xenfs",      NULL };

char *runner_hash_file(const char *path, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);
	g_autoptr(GBytes) bytes = file ? g_mapped_file_get_bytes(file) : NULL;

	return bytes ? g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes) : NULL;
}

/* The host's own, else xbisect-dom0 beside the running program, as in a build
 * tree, else where it is installed. */
static char *find_init(const RunnerJob *job, GError **error)
{
	char *own = runner_setting(job->host, "dom0", NULL);
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = self ? g_path_get_dirname(self) : g_strdup(".");
	g_autofree char *beside = g_build_filename(dir, "xbisect-dom0", NULL);

	if (own)
		return own;
	if (g_file_test(beside, G_FILE_TEST_IS_REGULAR))
		return g_steal_pointer(&beside);
	if (g_file_test(XB_LIBEXECDIR "/xbisect-dom0", G_FILE_TEST_IS_REGULAR))
		return g_strdup(XB_LIBEXECDIR "/xbisect-dom0");
	g_set_error(error, RUNNER_JOB_ERROR, 0,
		    "xbisect-dom0 is neither in %s nor in " XB_LIBEXECDIR ": build or install it",
		    dir);
	return NULL;
}

/* Dom0 has no dynamic linker: say so here, not by "No such file" in there. */
static bool check_static(const char *path, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);
	const char *data = file ? g_mapped_file_get_contents(file) : NULL;
	gsize length = file ? g_mapped_file_get_length(file) : 0;
	Elf64_Ehdr header;

	if (!file)
		return false;
	if (length < sizeof(header) || length > PROGRAM_MAX || memcmp(data, ELFMAG, SELFMAG) != 0) {
		g_set_error(error, RUNNER_JOB_ERROR, 0, "%s is no ELF program", path);
		return false;
	}
	memcpy(&header, data, sizeof(header));
	for (guint i = 0; header.e_ident[EI_CLASS] == ELFCLASS64 && i < header.e_phnum; i++) {
		Elf64_Phdr segment;
		guint64 at = header.e_phoff + (guint64)i * sizeof(segment);

		if (at < header.e_phoff || at > length - sizeof(segment))
			break;
		memcpy(&segment, data + at, sizeof(segment));
		if (segment.p_type == PT_INTERP) {
			g_set_error(error, RUNNER_JOB_ERROR, 0,
				    "%s needs shared libraries, which dom0 does not have: link it "
				    "with -static",
				    path);
			return false;
		}
	}
	return true;
}

/* {NAME} -> its value. Caller frees; NULL with @error for an unknown name. */
static char *substitute(const char *argument, const json_t *values, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (const char *at = argument; *at;) {
		const char *close = *at == '{' ? strchr(at, '}') : NULL;
		g_autofree char *name = close ? g_strndup(at + 1, (gsize)(close - at - 1)) : NULL;
		g_autofree char *value = name ? runner_setting(values, name, NULL) : NULL;

		if (!name) {
			g_string_append_c(text, *at++);
			continue;
		}
		if (!value) {
			g_set_error(error, RUNNER_JOB_ERROR, 0, "args: there is no parameter {%s}",
				    name);
			return NULL;
		}
		g_string_append(text, value);
		at = close + 1;
	}
	return g_strdup(text->str);
}

static bool add_args(GPtrArray *argv, const char *args, const json_t *values, GError **error)
{
	g_auto(GStrv) words = NULL;
	int n = 0;

	if (!g_shell_parse_argv(args, &n, &words, error)) {
		g_prefix_error(error, "args: ");
		return false;
	}
	for (int i = 0; i < n; i++) {
		char *word = substitute(words[i], values, error);

		if (!word)
			return false;
		g_ptr_array_add(argv, word);
	}
	return true;
}

static void add_option(GPtrArray *argv, const char *name, char *value)
{
	g_ptr_array_add(argv, g_strconcat("--", name, NULL));
	g_ptr_array_add(argv, value);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_options(GPtrArray *argv, json_t *params, guint iterations, guint warmup)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *name;
	json_t *value;

	json_object_foreach(params, name, value) g_ptr_array_add(names, (gpointer)name);
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		add_option(argv, names->pdata[i], runner_setting(params, names->pdata[i], ""));
	add_option(argv, "iterations", g_strdup_printf("%u", iterations));
	add_option(argv, "warmup", g_strdup_printf("%u", warmup));
}

/* /workload holds one argument a line. */
static bool check_argv(const GPtrArray *argv, GError **error)
{
	gsize bytes = 0;

	for (guint i = 0; i < argv->len; i++) {
		bytes += strlen(argv->pdata[i]) + 1;
		if (strchr(argv->pdata[i], '\n')) {
			g_set_error(error, RUNNER_JOB_ERROR, 0,
				    "an argument of the workload holds a newline");
			return false;
		}
	}
	if (argv->len <= ARGUMENTS_MAX && bytes <= ARGUMENTS_BYTES)
		return true;
	g_set_error(error, RUNNER_JOB_ERROR, 0, "the workload has too many arguments");
	return false;
}

static char **make_argv(const RunnerJob *job, bool built_in, GError **error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *args = runner_setting(job->workload, "args", NULL);
	json_t *given = json_object_get(job->workload, "params");
	g_autoptr(json_t) params = json_is_object(given) ? json_copy(given) : json_object();
	g_autofree char *target = runner_setting(params, "target", "auto");
	g_autofree char *name = runner_setting(job->workload, "builtin", MAP_UNMAP);
	bool map_unmap = built_in && strcmp(name, MAP_UNMAP) == 0;
	guint iterations, warmup;
	bool counters;

	if (!runner_setting_bool(job->workload, "counters", true, &counters, error) ||
	    !runner_setting_number(job->workload, "iterations", 1, 100000, 5, &iterations, error) ||
	    !runner_setting_number(job->workload, "warmup", 0, 100000, 1, &warmup, error))
		return NULL;
	/* Resolved here, so that it is in the fingerprint: a boot that can't give
	 * it fails, it never measures something else instead. */
	if (map_unmap && strcmp(target, "auto") == 0)
		json_object_set_new(params, "target", json_string("hvm"));
	g_ptr_array_add(argv, g_strdup(built_in ? "/init" : "/program"));
	if (built_in) {
		g_ptr_array_add(argv, g_steal_pointer(&name));
		g_ptr_array_add(argv, g_strdup("--metrics"));
		if (counters) {
			g_ptr_array_add(argv, g_strdup("--counters"));
			g_ptr_array_add(argv, g_strdup("1"));
		}
	}
	if (args) {
		json_object_set_new(params, "iterations", json_integer(iterations));
		json_object_set_new(params, "warmup", json_integer(warmup));
		if (!add_args(argv, args, params, error))
			return NULL;
	} else {
		add_options(argv, params, iterations, warmup);
	}
	if (!check_argv(argv, error))
		return NULL;
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

/* "unmap:s:lower;map:s:lower" -> unmap, map. */
static char **metric_names(const RunnerJob *job)
{
	g_autofree char *text = runner_setting(job->workload, "metrics", "");
	g_auto(GStrv) items = g_strsplit(text, ";", -1);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; items[i]; i++) {
		char *name = g_strstrip(g_strndup(items[i], strcspn(items[i], ":")));

		if (*name)
			g_ptr_array_add(names, name);
		else
			g_free(name);
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

Workload *runner_workload_new(const RunnerJob *job, GError **error)
{
	g_autoptr(Workload) self = g_new0(Workload, 1);

	self->program_path = runner_setting(job->workload, "program", NULL);
	self->init_path = find_init(job, error);
	if (!self->init_path)
		return NULL;
	if (self->program_path && !check_static(self->program_path, error))
		return NULL;
	self->argv = make_argv(job, self->program_path == NULL, error);
	if (!self->argv)
		return NULL;
	self->metrics = metric_names(job);
	return g_steal_pointer(&self);
}

void runner_workload_free(Workload *self)
{
	if (!self)
		return;
	g_free(self->init_path);
	g_free(self->program_path);
	g_strfreev(self->argv);
	g_strfreev(self->metrics);
	g_free(self);
}

json_t *runner_workload_facts(const Workload *self, GError **error)
{
	g_autoptr(json_t) facts = json_object();
	g_autofree char *init = runner_hash_file(self->init_path, error);
	g_autofree char *program = NULL;
	json_t *argv = json_array();

	json_object_set_new(facts, "argv", argv);
	for (guint i = 0; self->argv[i]; i++)
		json_array_append_new(argv, json_string(self->argv[i]));
	if (!init)
		return NULL;
	json_object_set_new(facts, "dom0_sha256", json_string(init));
	if (self->program_path) {
		program = runner_hash_file(self->program_path, error);
		if (!program)
			return NULL;
		json_object_set_new(facts, "program_sha256", json_string(program));
	}
	return g_steal_pointer(&facts);
}

gsize runner_perturb_padding(guint perturb)
{
	guint64 x = perturb * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

	/* splitmix64's finalizer: neighbours land far apart. */
	if (perturb == 0)
		return 0;
	x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
	x ^= x >> 31;
	return (gsize)(x % (PADDING_PAGES + 1)) * 4096;
}

static bool add_file(Cpio *cpio, const char *name, const char *path, GError **error)
{
	g_autofree char *data = NULL;
	gsize length;

	if (!g_file_get_contents(path, &data, &length, error))
		return false;
	runner_cpio_file(cpio, name, 0755, data, length);
	return true;
}

static bool add_modules(Cpio *cpio, const char *dir, GError **error)
{
	g_autoptr(GPtrArray) modules = runner_modules_read(dir, dom0_modules, error);
	g_autoptr(GString) list = g_string_new(NULL);

	if (!modules)
		return false;
	runner_cpio_directory(cpio, "modules", 0755);
	for (guint i = 0; i < modules->len; i++) {
		const KernelModule *module = modules->pdata[i];
		g_autofree char *name = g_strdup_printf("modules/%s.ko", module->name);
		gsize length;
		const void *data = g_bytes_get_data(module->data, &length);

		runner_cpio_file(cpio, name, 0644, data, length);
		g_string_append_printf(list, "/%s\n", name);
	}
	runner_cpio_file(cpio, "modules.list", 0644, list->str, list->len);
	return true;
}

GByteArray *runner_workload_initramfs(const Workload *self, const char *modules_dir, guint perturb,
				      GError **error)
{
	g_auto(Cpio) cpio = { 0 };
	g_autofree char *lines = g_strjoinv("\n", self->argv);
	g_autofree char *description = g_strconcat(lines, "\n", NULL);
	gsize padding = runner_perturb_padding(perturb);

	runner_cpio_init(&cpio);
	runner_cpio_directory(&cpio, "dev", 0755);
	runner_cpio_character_device(&cpio, "dev/console", 0600, 5, 1);
	if (!add_file(&cpio, "init", self->init_path, error))
		return NULL;
	if (self->program_path && !add_file(&cpio, "program", self->program_path, error))
		return NULL;
	runner_cpio_file(&cpio, "workload", 0644, description, strlen(description));
	if (modules_dir && !add_modules(&cpio, modules_dir, error))
		return NULL;
	if (padding > 0) {
		g_autofree char *zeros = g_malloc0(padding);

		runner_cpio_file(&cpio, "padding", 0644, zeros, padding);
	}
	runner_cpio_finish(&cpio);
	return g_byte_array_ref(cpio.bytes);
}
