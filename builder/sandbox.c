/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox.c - the bubblewrap command line, and the environment of a build. */
#include "sandbox.h"

#include <unistd.h>

#include "failure.h"

typedef struct {
	char *outside;
	char *inside;
	bool writable;
} Mount;

struct XbSandbox {
	XbSandboxKind kind;
	char *bwrap; /* NULL without a sandbox */
	GPtrArray *mounts;
	GPtrArray *variables; /* pairs: name, value */
};

/* Names in / that a merged-/usr system has as links into /usr. */
static const char *const root_names[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

/* What programs in /usr need from /etc: tools that are chosen by a link
 * (awk, cc) and the cache of the loader. */
static const char *const etc_names[] = { "/etc/alternatives", "/etc/ld.so.cache" };

static const char *const isolation[] = {
	"--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL",
	"--hostname",    "xbisect",           "--ro-bind",     "/usr",       "/usr",
};

/* Compilers put temporary files here; it is memory. */
#define TMP_BYTES "4294967296"

static void mount_free(void *data)
{
	Mount *mount = data;

	g_free(mount->outside);
	g_free(mount->inside);
	g_free(mount);
}

const char *xb_sandbox_kind_name(XbSandboxKind kind)
{
	return kind == XB_SANDBOX_BWRAP ? "bwrap" : "none";
}

XbSandbox *xb_sandbox_new(XbSandboxKind kind, GError **error)
{
	g_autofree char *bwrap = NULL;
	XbSandbox *self;

	if (kind == XB_SANDBOX_BWRAP) {
		bwrap = g_find_program_in_path("bwrap");
		if (!bwrap) {
			g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST,
				    "bwrap is not installed: install the package bubblewrap, or "
				    "write down sandbox=none");
			return NULL;
		}
	}
	self = g_new0(XbSandbox, 1);
	self->kind = kind;
	self->bwrap = g_steal_pointer(&bwrap);
	self->mounts = g_ptr_array_new_with_free_func(mount_free);
	self->variables = g_ptr_array_new_with_free_func(g_free);
	xb_sandbox_setenv(self, "LC_ALL", "C");
	xb_sandbox_setenv(self, "TZ", "UTC");
	xb_sandbox_setenv(self, "HOME", "/nonexistent");
	xb_sandbox_setenv(self, "PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
	return self;
}

void xb_sandbox_free(XbSandbox *self)
{
	if (!self)
		return;
	g_free(self->bwrap);
	g_ptr_array_unref(self->mounts);
	g_ptr_array_unref(self->variables);
	g_free(self);
}

const char *xb_sandbox_mount(XbSandbox *self, const char *outside, const char *inside,
			     bool writable)
{
	Mount *mount = g_new0(Mount, 1);

	mount->outside = g_strdup(outside);
	mount->inside = g_strdup(self->kind == XB_SANDBOX_NONE ? outside : inside);
	mount->writable = writable;
	g_ptr_array_add(self->mounts, mount);
	return mount->inside;
}

void xb_sandbox_setenv(XbSandbox *self, const char *name, const char *value)
{
	for (guint i = 0; i < self->variables->len; i += 2) {
		if (!g_str_equal(self->variables->pdata[i], name))
			continue;
		g_free(self->variables->pdata[i + 1]);
		self->variables->pdata[i + 1] = g_strdup(value);
		return;
	}
	g_ptr_array_add(self->variables, g_strdup(name));
	g_ptr_array_add(self->variables, g_strdup(value));
}

static void add(GPtrArray *argv, const char *word)
{
	g_ptr_array_add(argv, g_strdup(word));
}

static void add3(GPtrArray *argv, const char *option, const char *first, const char *second)
{
	add(argv, option);
	add(argv, first);
	add(argv, second);
}

static void add_root(GPtrArray *argv)
{
	for (guint i = 0; i < G_N_ELEMENTS(root_names); i++) {
		g_autofree char *path = g_strconcat("/", root_names[i], NULL);
		g_autofree char *target = g_file_read_link(path, NULL);

		if (target)
			add3(argv, "--symlink", target, path);
		else if (g_file_test(path, G_FILE_TEST_IS_DIR))
			add3(argv, "--ro-bind", path, path);
	}
	for (guint i = 0; i < G_N_ELEMENTS(etc_names); i++)
		add3(argv, "--ro-bind-try", etc_names[i], etc_names[i]);
	add(argv, "--proc");
	add(argv, "/proc");
	add(argv, "--dev");
	add(argv, "/dev");
	add3(argv, "--size", TMP_BYTES, "--tmpfs");
	add(argv, "/tmp");
}

GStrv xb_sandbox_argv(const XbSandbox *self, const char *cwd, const char *const *command)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	if (self->kind == XB_SANDBOX_BWRAP) {
		add(argv, self->bwrap);
		for (guint i = 0; i < G_N_ELEMENTS(isolation); i++)
			add(argv, isolation[i]);
		add_root(argv);
		for (guint i = 0; i < self->mounts->len; i++) {
			const Mount *mount = self->mounts->pdata[i];

			add3(argv, mount->writable ? "--bind" : "--ro-bind", mount->outside,
			     mount->inside);
		}
		for (guint i = 0; i < self->variables->len; i += 2)
			add3(argv, "--setenv", self->variables->pdata[i],
			     self->variables->pdata[i + 1]);
		add3(argv, "--chdir", cwd, "--");
	}
	for (; *command; command++)
		add(argv, *command);
	g_ptr_array_add(argv, NULL);
	return (GStrv)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

GStrv xb_sandbox_environment(const XbSandbox *self)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (guint i = 0; i < self->variables->len; i += 2)
		g_ptr_array_add(list, g_strdup_printf("%s=%s", (char *)self->variables->pdata[i],
						      (char *)self->variables->pdata[i + 1]));
	g_ptr_array_sort(list, compare_strings);
	g_ptr_array_add(list, NULL);
	return (GStrv)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}
