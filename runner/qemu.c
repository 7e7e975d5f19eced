/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu.c - see qemu.h. */
#include "qemu.h"

#include "text.h"
#include "workload.h"

#include <gio/gio.h>
#include <string.h>

#define XEN_MAX (64u << 20)

/* The newest of xen-*.gz in @dir, by version; NULL when there is none. */
static char *newest_xen(const char *dir)
{
	g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
	g_autofree char *best = NULL;
	const char *name;

	while (entries && (name = g_dir_read_name(entries))) {
		if (!g_str_has_prefix(name, "xen-") || !g_str_has_suffix(name, ".gz"))
			continue;
		if (!best || strverscmp(name, best) > 0) {
			g_free(best);
			best = g_strdup(name);
		}
	}
	return best ? g_build_filename(dir, best, NULL) : NULL;
}

static char *find_xen(const RunnerJob *job, GError **error)
{
	g_autofree char *cache = g_build_filename(g_get_user_cache_dir(), "xbisect", "xen", NULL);
	char *path = runner_setting(job->host, "xen", NULL);

	if (!path)
		path = newest_xen(cache);
	if (!path)
		path = newest_xen("/boot");
	if (!path)
		g_set_error(error, RUNNER_JOB_ERROR, 0,
			    "no Xen in %s or /boot: run " XB_LIBEXECDIR
			    "/fetch-debian xen, or set xen=PATH for this host",
			    cache);
	return path;
}

static char *find_program(const char *name, const char *remedy, GError **error)
{
	char *path = g_find_program_in_path(name);

	if (!path)
		g_set_error(error, RUNNER_JOB_ERROR, 0, "%s is not there: %s", name, remedy);
	return path;
}

static bool find_programs(Qemu *self, const RunnerJob *job, GError **error)
{
	static const char *const sandboxes[] = { "bwrap", "none", NULL };
	g_autofree char *name = runner_setting(job->host, "qemu", "qemu-system-x86_64");
	const char *sandbox = runner_setting_choice(job->host, "sandbox", sandboxes, error);

	if (!sandbox)
		return false;
	self->program = find_program(name, "install qemu-system-x86 or set qemu=PATH", error);
	if (!self->program)
		return false;
	if (strcmp(sandbox, "none") == 0)
		return true;
	self->bwrap = find_program("bwrap", "install bubblewrap, or set sandbox=none to do without",
				   error);
	return self->bwrap != NULL;
}

static bool check_size(const char *name, const char *text, GError **error)
{
	uint64_t bytes;

	if (xb_parse_size(text, &bytes) && bytes >= (16u << 20))
		return true;
	g_set_error(error, RUNNER_JOB_ERROR, 0, "%s=%s is not a size such as 512M", name, text);
	return false;
}

static bool fill(Qemu *self, const RunnerJob *job, GError **error)
{
	static const char *const kernels[] = { "elf", "bzimage", NULL };
	g_autofree char *extra = runner_setting(job->host, "qemu_args", NULL);

	self->cpu = runner_setting(job->host, "cpu", "qemu64,+svm,+npt");
	self->memory = runner_setting(job->host, "memory", "2G");
	self->dom0_mem = runner_setting(job->host, "dom0_mem", "512M");
	self->xen_args = runner_setting(job->host, "xen_args", NULL);
	self->kernel_args = runner_setting(job->host, "kernel_args", NULL);
	self->kernel = runner_setting_choice(job->host, "kernel", kernels, error);
	if (extra && !g_shell_parse_argv(extra, NULL, &self->qemu_args, error)) {
		g_prefix_error(error, "qemu_args: ");
		return false;
	}
	return self->kernel && check_size("memory", self->memory, error) &&
	       check_size("dom0_mem", self->dom0_mem, error) &&
	       runner_setting_bool(job->host, "icount", true, &self->icount, error) &&
	       runner_setting_number(job->host, "icount_shift", 0, 10, 0, &self->icount_shift,
				     error) &&
	       runner_setting_number(job->host, "smp", 1, 64, 1, &self->smp, error) &&
	       runner_setting_seconds(job->host, "silence_s", 60, &self->silence_s, error) &&
	       runner_setting_seconds(job->workload, "silence_s", self->silence_s,
				      &self->workload_silence_s, error) &&
	       find_programs(self, job, error) && (self->xen_path = find_xen(job, error)) &&
	       runner_profiling_new(job, self->xen_path, &self->profiling, error);
}

Qemu *runner_qemu_new(const RunnerJob *job, GError **error)
{
	g_autoptr(Qemu) self = g_new0(Qemu, 1);

	return fill(self, job, error) ? g_steal_pointer(&self) : NULL;
}

void runner_qemu_free(Qemu *self)
{
	if (!self)
		return;
	g_free(self->program);
	g_free(self->bwrap);
	g_free(self->xen_path);
	g_free(self->cpu);
	g_free(self->memory);
	g_free(self->dom0_mem);
	g_free(self->xen_args);
	g_free(self->kernel_args);
	g_strfreev(self->qemu_args);
	runner_profiling_free(self->profiling);
	g_free(self);
}

static GBytes *gunzip(GBytes *packed, GError **error)
{
	g_autoptr(GZlibDecompressor) gzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	g_autoptr(GInputStream) from = g_memory_input_stream_new_from_bytes(packed);
	g_autoptr(GInputStream) stream = g_converter_input_stream_new(from, G_CONVERTER(gzip));

	return g_input_stream_read_bytes(stream, XEN_MAX, NULL, error);
}

GBytes *runner_qemu_xen(const Qemu *self, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(self->xen_path, FALSE, error);
	g_autoptr(GBytes) packed = file ? g_mapped_file_get_bytes(file) : NULL;
	g_autoptr(GBytes) image = NULL;
	const guint8 *data;
	gsize length;

	if (!packed)
		return NULL;
	data = g_bytes_get_data(packed, &length);
	if (length > 2 && data[0] == 0x1f && data[1] == 0x8b) {
		image = gunzip(packed, error);
		if (!image) {
			g_prefix_error(error, "%s: ", self->xen_path);
			return NULL;
		}
	} else {
		image = g_bytes_ref(packed);
	}
	data = g_bytes_get_data(image, &length);
	if (length < 4 || memcmp(data, "\177ELF", 4) != 0) {
		g_set_error(error, RUNNER_JOB_ERROR, 0, "%s is no Xen image (ELF, or ELF in gzip)",
			    self->xen_path);
		return NULL;
	}
	return g_steal_pointer(&image);
}

/* QEMU splits option values at commas; two are one. */
static char *double_commas(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	return g_strjoinv(",,", parts);
}

static void add(GPtrArray *argv, ...) G_GNUC_NULL_TERMINATED;
static void add(GPtrArray *argv, ...)
{
	va_list args;
	const char *word;

	va_start(args, argv);
	while ((word = va_arg(args, const char *)))
		g_ptr_array_add(argv, g_strdup(word));
	va_end(args);
}

static void add_boot(const Qemu *self, GPtrArray *argv)
{
	/* The PM timer, because calibrating the HPET costs a tenth of a boot's
	 * time: each access to it leaves the translated code. */
	g_autofree char *xen = g_strdup_printf("dom0_mem=%s console=com1 com1=115200 noreboot=0 "
					       "bootscrub=0 clocksource=acpi%s%s",
					       self->dom0_mem, self->xen_args ? " " : "",
					       self->xen_args ? self->xen_args : "");
	g_autofree char *extra = double_commas(self->kernel_args ? self->kernel_args : "");
	g_autofree char *modules = g_strdup_printf("kernel console=hvc0 earlyprintk=xen quiet "
						   "nokaslr%s%s,initramfs",
						   *extra ? " " : "", extra);

	add(argv, "-kernel", "xen", "-append", xen, "-initrd", modules, NULL);
}

static void add_plugin(const Qemu *self, GPtrArray *argv, bool sandboxed)
{
	g_autofree char *plugin = g_strdup_printf("./" RUNNER_PROFILE_PLUGIN
						  ",mode=%s,functions=" RUNNER_PROFILE_FUNCTIONS
						  ",out=%s" RUNNER_PROFILE_RAW,
						  self->profiling->mode, sandboxed ? "/out/" : "");

	add(argv, "-plugin", plugin, NULL);
}

char **runner_qemu_argv(const Qemu *self, const char *console)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *smp = g_strdup_printf("%u", self->smp);
	g_autofree char *icount = g_strdup_printf("shift=%u,sleep=off", self->icount_shift);
	g_autofree char *path = double_commas(console ? console : "console");
	g_autofree char *serial = g_strconcat("file,id=console,path=", path, NULL);

	add(argv, console ? self->program : "qemu", "-nodefaults", "-nic", "none", "-sandbox",
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny", "-accel",
	    "tcg", "-cpu", self->cpu, "-smp", smp, "-m", self->memory, "-no-reboot", "-display",
	    "none", "-monitor", "none", "-chardev", serial, "-serial", "chardev:console", NULL);
	if (self->icount)
		add(argv, "-icount", icount, "-rtc", "base=2020-01-01,clock=vm", "-seed", "1",
		    NULL);
	if (self->profiling)
		add_plugin(self, argv, self->bwrap != NULL);
	for (guint i = 0; self->qemu_args && self->qemu_args[i]; i++)
		add(argv, self->qemu_args[i], NULL);
	add_boot(self, argv);
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

/* The root file system: /usr, and what points into it. */
static void add_root(GPtrArray *argv)
{
	static const char *const tops[] = { "bin", "lib", "lib32", "lib64", "sbin" };

	add(argv, "--ro-bind", "/usr", "/usr", NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tops); i++) {
		g_autofree char *path = g_strconcat("/", tops[i], NULL);
		g_autofree char *target = g_file_read_link(path, NULL);

		if (target)
			add(argv, "--symlink", target, path, NULL);
		else if (g_file_test(path, G_FILE_TEST_IS_DIR))
			add(argv, "--ro-bind", path, path, NULL);
	}
	add(argv, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind-try",
	    "/etc/alternatives", "/etc/alternatives", NULL);
}

/* A QEMU outside of /usr brings its prefix (firmware, libraries) along. */
static void add_emulator(const Qemu *self, GPtrArray *argv)
{
	g_autofree char *dir = g_path_get_dirname(self->program);
	g_autofree char *base = g_path_get_basename(dir);
	g_autofree char *prefix = g_path_get_dirname(dir);

	if (g_str_has_prefix(self->program, "/usr/"))
		return;
	if (strcmp(base, "bin") == 0 && strcmp(prefix, "/") != 0)
		add(argv, "--ro-bind", prefix, prefix, NULL);
	else
		add(argv, "--ro-bind", self->program, self->program, NULL);
}

static void add_input(GPtrArray *argv, const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autofree char *inside = g_build_filename("/in", name, NULL);

	add(argv, "--ro-bind", path, inside, NULL);
}

char **runner_qemu_sandboxed(const Qemu *self, const char *kernel, const char *input_dir,
			     const char *console, const char *raw)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_auto(GStrv) inner = runner_qemu_argv(self, "/out/console");

	add(argv, self->bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv",
	    "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LC_ALL", "C", "--cap-drop", "ALL",
	    NULL);
	add_root(argv);
	add(argv, "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", NULL);
	add_emulator(self, argv);
	add(argv, "--ro-bind", kernel, "/in/kernel", NULL);
	add_input(argv, input_dir, "xen");
	add_input(argv, input_dir, "initramfs");
	add(argv, "--bind", console, "/out/console", NULL);
	if (self->profiling) {
		add(argv, "--ro-bind", self->profiling->plugin_path, "/in/" RUNNER_PROFILE_PLUGIN,
		    "--bind", raw, "/out/" RUNNER_PROFILE_RAW, NULL);
		add_input(argv, input_dir, RUNNER_PROFILE_FUNCTIONS);
	}
	add(argv, "--chdir", "/in", "--", NULL);
	for (guint i = 0; inner[i]; i++)
		add(argv, inner[i], NULL);
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

/* The first line of `qemu --version`. */
static char *emulator_version(const Qemu *self, GError **error)
{
	g_autofree char *out = NULL;
	/* a program that hangs is trouble of this host, not a reason to wait */
	char *argv[] = { (char *)"timeout", (char *)"-k1",       (char *)"10",
			 self->program,     (char *)"--version", NULL };
	int status;

	if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
			  NULL, &out, NULL, &status, error))
		return NULL;
	if (!g_spawn_check_wait_status(status, error)) {
		g_prefix_error(error, "%s --version: ", self->program);
		return NULL;
	}
	return xb_text_safe(out, (gssize)strcspn(out, "\n"), 200, false);
}

json_t *runner_qemu_facts(const Qemu *self, GError **error)
{
	g_autofree char *version = emulator_version(self, error);
	g_autofree char *program = version ? runner_hash_file(self->program, error) : NULL;
	g_autoptr(GBytes) xen = program ? runner_qemu_xen(self, error) : NULL;
	g_autofree char *xen_hash = NULL;
	g_auto(GStrv) argv = runner_qemu_argv(self, NULL);
	json_t *arguments;
	json_t *facts;

	if (!xen)
		return NULL;
	xen_hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, xen);
	arguments = json_array();
	for (guint i = 1; argv[i]; i++)
		json_array_append_new(arguments, json_string(argv[i]));
	facts = json_pack("{s:s,s:s,s:s,s:s}", "emulator", version, "emulator_sha256", program,
			  "xen_sha256", xen_hash, "kernel", self->kernel);
	json_object_set_new(facts, "arguments", arguments);
	return facts;
}
