/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose fault a failed make is, by what it printed. */
#include "diagnose.h"
#include "failure.h"

typedef struct {
	const char *name;
	XbBuildError code;
	const char *message; /* part of it */
	const char *output;
} Case;

#define VARIANT XB_BUILD_ERROR_VARIANT
#define HOST    XB_BUILD_ERROR_HOST

static const Case cases[] = {
	{ "compiler", VARIANT, "make: kernel/foo.c:12:3: error: 'x' undeclared",
	  "  CC      kernel/foo.o\n"
	  "In file included from /src/kernel/foo.c:1:\n"
	  "/src/kernel/foo.c: In function 'f':\n"
	  "/src/kernel/foo.c:12:3: error: 'x' undeclared\n"
	  "make[2]: *** [/src/scripts/Makefile.build:250: kernel/foo.o] Error 1\n" },
	{ "the-first-diagnostic-is-named", VARIANT, "a.c:1:1: error: one",
	  "a.c:1:1: error: one\nb.c:2:2: error: two\n" },
	{ "missing-header-of-the-tree", VARIANT, "fatal error: linux/gone.h",
	  "/src/a.c:3:10: fatal error: linux/gone.h: No such file or directory\n" },
	{ "assembler", VARIANT, "entry.S:40: Error: no such instruction",
	  "/src/arch/x86/entry.S: Assembler messages:\n"
	  "/src/arch/x86/entry.S:40: Error: no such instruction: `foo'\n" },
	{ "kconfig-syntax", VARIANT, "init/Kconfig:5: syntax error",
	  "init/Kconfig:5: syntax error\nmake[1]: *** [x] Error 1\n" },
	{ "kconfig-recursion", VARIANT, "drivers/x/Kconfig:3:error: recursive dependency",
	  "drivers/x/Kconfig:3:error: recursive dependency detected!\n" },
	{ "kconfig-warning-is-none", HOST, "said nothing", "init/Kconfig:5:warning: prompt\n" },
	{ "makefile-syntax", VARIANT, "missing separator",
	  "/src/kernel/Makefile:7: *** missing separator.  Stop.\n" },
	{ "linker", VARIANT, "undefined reference to `gone'",
	  "ld: kernel/foo.o: in function `f':\nfoo.c:(.text+0x1): undefined reference to `gone'\n"
	  "make: *** [vmlinux] Error 1\n" },
	{ "no-rule", VARIANT, "No rule to make target",
	  "make[1]: *** No rule to make target 'a.o', needed by 'b'.  Stop.\n" },
	{ "no-space", HOST, "No space left on device",
	  "/src/a.c:1:1: error: x\n"
	  "fatal error: error writing to /tmp/x.s: No space left on device\n" },
	{ "no-space-in-a-quoted-line-is-source", VARIANT, "a.c:9:2: error: expected",
	  "/src/a.c:9:2: error: expected ';'\n"
	  "    9 |  /* No space left on device\n" },
	{ "killed-compiler", HOST, "Killed signal terminated program cc1",
	  "gcc: fatal error: Killed signal terminated program cc1\n"
	  "compilation terminated.\nmake[2]: *** [a.o] Error 1\n" },
	{ "killed-compiler-older", HOST, "internal compiler error: Killed",
	  "gcc: internal compiler error: Killed (program cc1)\n" },
	{ "killed-linker", HOST, "terminated with signal 9",
	  "collect2: fatal error: ld terminated with signal 9 [Killed]\n" },
	{ "compiler-bug-is-the-variant's", VARIANT, "Segmentation fault",
	  "/src/a.c:3:1: internal compiler error: Segmentation fault\n" },
	{ "missing-tool", HOST, "flex: not found",
	  "/bin/sh: 1: flex: not found\nmake[1]: *** [lexer.c] Error 127\n" },
	{ "missing-tool-bash", HOST, "bc: command not found",
	  "/src/kernel/time/timeconst.sh: line 3: bc: command not found\n" },
	{ "missing-script-of-the-tree", VARIANT, "Error 127",
	  "/bin/sh: 1: /src/scripts/gone.sh: not found\nmake[1]: *** [x] Error 127\n" },
	{ "missing-package", HOST, "please install libelf-dev",
	  "error: Cannot generate ORC metadata, please install libelf-dev\n" },
	{ "missing-system-header", HOST, "gelf.h",
	  "/src/tools/objtool/elf.h:10:10: fatal error: gelf.h: No such file or directory\n" },
	{ "sandbox", HOST, "bwrap: ", "bwrap: No permissions to create new namespace\n" },
	{ "compile-cache", HOST, "ccache: error: ", "ccache: error: failed to create dir\n" },
	{ "silence", HOST, "said nothing", "" },
};

static void test_line(gconstpointer data)
{
	const Case *item = data;
	g_autoptr(XbDiagnosis) diagnosis = xb_diagnosis_new("/src");
	g_auto(GStrv) lines = g_strsplit(item->output, "\n", -1);
	g_autoptr(GError) error = NULL;

	for (char **line = lines; *line; line++)
		xb_diagnosis_line(diagnosis, *line);
	xb_diagnosis_set_error(diagnosis, "make", 2, &error);
	g_test_message("%s", error->message);
	g_assert_error(error, XB_BUILD_ERROR, (int)item->code);
	g_assert_nonnull(strstr(error->message, item->message));
	g_assert_null(strstr(error->message, "/src/a.c"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/diagnose/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_line);
	}
	return g_test_run();
}
