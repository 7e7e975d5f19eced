/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe.c - architectures, pinned environment, toolchain versions. */
#include "recipe.h"

#include <string.h>
#include <sys/wait.h>

#include "child.h"
#include "failure.h"

static const XbArch arches[] = {
	{ "x86_64", "x86_64", "x86", "arch/x86/boot/bzImage", "bzImage" },
};

static const char *const pinned[][2] = {
	{ "KBUILD_BUILD_TIMESTAMP", "2020-01-01 00:00:00 UTC" },
	{ "KBUILD_BUILD_USER", "xbisect" },
	{ "KBUILD_BUILD_HOST", "xbisect" },
	{ "KBUILD_BUILD_VERSION", "1" },
	/* A work tree inside somebody's repository must not ask git for a version. */
	{ "GIT_CEILING_DIRECTORIES", "/" },
	{ "GIT_DIR", "/nonexistent" },
};

static const char versions_script[] = "printf 'gcc %s\\n' \"$(gcc -dumpfullversion)\"\n"
				      "for tool in gcc ld as make flex bison bc awk strip; do\n"
				      "  printf '%s: ' $tool\n"
				      "  $tool --version 2>&1 </dev/null | head -n 1\n"
				      "done\n";

const XbArch *xb_arch_find(const char *name, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(arches); i++) {
		if (g_str_equal(arches[i].name, name))
			return &arches[i];
	}
	g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_JOB,
		    "this builder does not build for \"%s\", only for x86_64", name);
	return NULL;
}

void xb_recipe_set_environment(XbSandbox *sandbox)
{
	for (gsize i = 0; i < G_N_ELEMENTS(pinned); i++)
		xb_sandbox_setenv(sandbox, pinned[i][0], pinned[i][1]);
}

static void add_line(const char *line, void *data)
{
	g_string_append_printf(data, "%s\n", line);
}

static char *fingerprint(const char *versions)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	g_checksum_update(sum, (const guchar *)XB_RECIPE, sizeof(XB_RECIPE));
	for (gsize i = 0; i < G_N_ELEMENTS(pinned); i++) {
		g_checksum_update(sum, (const guchar *)pinned[i][0], -1);
		g_checksum_update(sum, (const guchar *)pinned[i][1], -1);
	}
	g_checksum_update(sum, (const guchar *)versions, -1);
	return g_strdup(g_checksum_get_string(sum));
}

XbToolchain *xb_toolchain_new(XbSandboxKind kind, gint64 deadline_us, XbLog *log, GError **error)
{
	static const char *const command[] = { "sh", "-c", versions_script, NULL };
	g_autoptr(XbSandbox) sandbox = xb_sandbox_new(kind, error);
	g_auto(GStrv) argv = NULL, environment = NULL;
	g_autoptr(GString) output = g_string_new(NULL);
	XbToolchain *self;
	int status = 0;

	if (!sandbox)
		return NULL;
	argv = xb_sandbox_argv(sandbox, "/", command);
	environment = xb_sandbox_environment(sandbox);
	if (!xb_child_run(
		    &(XbChild){
			    .argv = (const char *const *)argv,
			    .environment = (const char *const *)environment,
			    .deadline_us = deadline_us,
			    .log = log,
			    .on_line = add_line,
			    .data = output,
		    },
		    &status, error))
		return NULL;
	if (WEXITSTATUS(status) != 0 || !g_str_has_prefix(output->str, "gcc ") ||
	    output->str[strlen("gcc ")] == '\n') {
		g_set_error(error, XB_BUILD_ERROR, XB_BUILD_ERROR_HOST,
			    "the compiler cannot be asked for its version: %s", output->str);
		return NULL;
	}
	self = g_new0(XbToolchain, 1);
	self->summary = g_strndup(output->str, strcspn(output->str, "\n"));
	self->versions = g_strdup(output->str + strlen(self->summary) + 1);
	self->fingerprint = fingerprint(self->versions);
	return self;
}

void xb_toolchain_free(XbToolchain *self)
{
	if (!self)
		return;
	g_free(self->summary);
	g_free(self->versions);
	g_free(self->fingerprint);
	g_free(self);
}
