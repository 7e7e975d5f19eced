/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-initramfs.c - cpio archives, modules in order, arguments, padding. */
#include "cpio.h"
#include "modules.h"
#include "workload.h"

#include <glib/gstdio.h>
#include <string.h>

static guint hex(const char *at)
{
	g_autofree char *digits = g_strndup(at, 8);

	return (guint)g_ascii_strtoull(digits, NULL, 16);
}

/* Walk a newc archive as the kernel does: "name:mode:size " for each entry. */
static char *list(const GByteArray *bytes)
{
	g_autoptr(GString) out = g_string_new(NULL);
	guint at = 0;

	while (at + 110 <= bytes->len) {
		const char *header = (const char *)bytes->data + at;
		guint size = hex(header + 54), name_size = hex(header + 94);

		g_assert_cmpint(memcmp(header, "070701", 6), ==, 0);
		g_string_append_printf(out, "%s:%o:%u ", header + 110, hex(header + 14), size);
		at = (at + 110 + name_size + 3) / 4 * 4;
		at = (at + size + 3) / 4 * 4;
	}
	g_assert_cmpuint(at, ==, bytes->len);
	return g_strdup(out->str);
}

static void test_cpio(void)
{
	g_auto(Cpio) cpio = { 0 };
	g_autofree char *text = NULL;

	runner_cpio_init(&cpio);
	runner_cpio_directory(&cpio, "dev", 0755);
	runner_cpio_character_device(&cpio, "dev/console", 0600, 5, 1);
	runner_cpio_file(&cpio, "a", 0644, "12345", 5);
	runner_cpio_file(&cpio, "empty", 0644, NULL, 0);
	runner_cpio_finish(&cpio);
	text = list(cpio.bytes);
	g_assert_cmpstr(
		text, ==,
		"dev:40755:0 dev/console:20600:0 a:100644:5 empty:100644:0 TRAILER!!!:0:0 ");
}

static void write_module(const char *dir, const char *name, const char *depends)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GString) data = g_string_new("\177ELF");

	g_string_append_c(data, '\0');
	g_string_append_printf(data, "depends=%s", depends);
	g_string_append_c(data, '\0');
	g_assert_true(g_file_set_contents(path, data->str, (gssize)data->len, NULL));
}

static void remove_tree(const char *dir)
{
	g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			remove_tree(path);
		else
			g_unlink(path);
	}
	g_rmdir(dir);
}

static char *module_order(const char *dir, GError **error)
{
	static const char *const wanted[] = { "xenfs", "xen-privcmd", "builtin-one", NULL };
	g_autoptr(GPtrArray) modules = runner_modules_read(dir, wanted, error);
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; modules && i < modules->len; i++)
		g_string_append_printf(names, "%s ", ((KernelModule *)modules->pdata[i])->name);
	return modules ? g_strdup(names->str) : NULL;
}

static void test_modules(void)
{
	g_autofree char *dir = g_dir_make_tmp("xb-modules-XXXXXX", NULL);
	g_autofree char *deep = g_build_filename(dir, "kernel", "drivers", NULL);
	g_autofree char *order = NULL;
	g_autofree char *none = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_mkdir_with_parents(deep, 0755), ==, 0);
	write_module(deep, "xenfs.ko", "xen-privcmd");
	write_module(deep, "xen-privcmd.ko", "xen_base");
	write_module(dir, "xen-base.ko", "");
	order = module_order(dir, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(order, ==, "xen_base xen_privcmd xenfs ");

	write_module(dir, "xen-base.ko", "xenfs"); /* a circle ends */
	g_free(order);
	order = module_order(dir, &error);
	g_assert_no_error(error);
	g_assert_nonnull(order);

	write_module(dir, "xen-base.ko", "gone");
	none = module_order(dir, &error);
	g_assert_null(none);
	g_assert_nonnull(strstr(error->message, "xen_base needs gone"));
	remove_tree(dir);
}

static void test_padding(void)
{
	gsize most = 0;

	g_assert_cmpuint(runner_perturb_padding(0), ==, 0);
	for (guint i = 1; i < 200; i++) {
		gsize padding = runner_perturb_padding(i);

		g_assert_cmpuint(padding % 4096, ==, 0);
		g_assert_cmpuint(padding, <=, 4u << 20);
		g_assert_cmpuint(padding, ==, runner_perturb_padding(i));
		most = MAX(most, padding);
	}
	g_assert_cmpuint(most, >, 3u << 20);
}

typedef struct {
	const char *name, *workload, *argv; /* NULL: refused */
} ArgvCase;

static const ArgvCase argv_cases[] = {
	{ "default", "{}",
	  "/init map-unmap --metrics --counters 1 --target hvm --iterations 5 --warmup 1" },
	{ "parameters-by-name",
	  "{'iterations':'7','warmup':0,'params':{'mib':'32','batch':'256,1024','target':'pv'}}",
	  "/init map-unmap --metrics --counters 1 --batch 256,1024 --mib 32 --target pv "
	  "--iterations 7 --warmup "
	  "0" },
	{ "auto-is-hvm", "{'params':{'target':'auto'}}",
	  "/init map-unmap --metrics --counters 1 --target hvm --iterations 5 --warmup 1" },
	{ "built-in", "{'builtin':'migrate-send','params':{'mode':'paused','mib':32}}",
	  "/init migrate-send --metrics --counters 1 --mib 32 --mode paused --iterations 5 "
	  "--warmup 1" },
	{ "built-in-with-args", "{'builtin':'mremap','args':'--mib 8 --warmup {warmup}'}",
	  "/init mremap --metrics --counters 1 --mib 8 --warmup 1" },
	{ "uncounted", "{'counters':'no','iterations':2}",
	  "/init map-unmap --metrics --target hvm --iterations 2 --warmup 1" },
	{ "counters-word", "{'counters':'some'}", NULL },
	{ "args", "{'args':'--domid {domid} \\\"a b\\\" x{iterations}','params':{'domid':3}}",
	  "/init map-unmap --metrics --counters 1 --domid 3 a b x5" },
	{ "args-unknown", "{'args':'{gone}'}", NULL },
	{ "args-open-quote", "{'args':'\\\"'}", NULL },
	{ "newline", "{'params':{'a':'x\\ny'}}", NULL },
	{ "iterations-zero", "{'iterations':'0'}", NULL },
	{ "iterations-word", "{'iterations':'many'}", NULL },
	{ "program-missing", "{'program':'/nowhere/program'}", NULL },
	{ "program-dynamic", "{'program':'/bin/ls'}", NULL },
	{ "program-no-elf", "{'program':'/etc/passwd'}", NULL },
};

static void test_argv(gconstpointer data)
{
	const ArgvCase *c = data;
	g_autofree char *workload = g_strdelimit(g_strdup(c->workload), "'", '"');
	g_autofree char *text = g_strdup_printf(
		"{\"kind\":\"fingerprint\",\"host\":{\"dom0\":\"/etc/passwd\"},\"workload\":%s}",
		workload);
	g_autoptr(json_t) json = json_loads(text, 0, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(RunnerJob) job = NULL;
	g_autoptr(Workload) what = NULL;
	g_autofree char *argv = NULL;

	g_assert_nonnull(json);
	job = runner_job_new(json, &error);
	g_assert_no_error(error);
	what = runner_workload_new(job, &error);
	if (!c->argv) {
		g_assert_null(what);
		g_assert_nonnull(error);
		return;
	}
	g_assert_no_error(error);
	argv = g_strjoinv(" ", what->argv);
	g_assert_cmpstr(argv, ==, c->argv);
}

static void test_initramfs(void)
{
	g_autoptr(json_t) json = json_loads(
		"{\"kind\":\"fingerprint\",\"host\":{\"dom0\":\"/etc/passwd\"},\"workload\":{}}", 0,
		NULL);
	g_autoptr(RunnerJob) job = runner_job_new(json, NULL);
	g_autoptr(Workload) what = runner_workload_new(job, NULL);
	g_autoptr(GByteArray) plain = runner_workload_initramfs(what, NULL, 0, NULL);
	g_autoptr(GByteArray) again = runner_workload_initramfs(what, NULL, 0, NULL);
	g_autoptr(GByteArray) padded = runner_workload_initramfs(what, NULL, 2, NULL);
	g_autofree char *names = list(plain);

	g_assert_nonnull(strstr(names, " init:100755:"));
	g_assert_nonnull(strstr(names, " workload:100644:"));
	g_assert_cmpmem(plain->data, plain->len, again->data, again->len);
	g_assert_cmpuint(padded->len, >=, plain->len + runner_perturb_padding(2));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/initramfs/cpio-format", test_cpio);
	g_test_add_func("/initramfs/modules-in-dependency-order", test_modules);
	g_test_add_func("/initramfs/padding-is-a-fixed-sequence", test_padding);

	for (guint i = 0; i < G_N_ELEMENTS(argv_cases); i++) {
		g_autofree char *path = g_strconcat("/workload/", argv_cases[i].name, NULL);

		g_test_add_data_func(path, &argv_cases[i], test_argv);
	}
	g_test_add_func("/initramfs/whole", test_initramfs);
	return g_test_run();
}
