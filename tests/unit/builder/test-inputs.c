/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source paths in kbuild's .cmd files. */
#include "inputs.h"

static const char cmd[] =
	"cmd_kernel/foo.o := gcc -Wp,-MMD,kernel/.foo.o.d -I/src/include -include "
	"/src/include/linux/kconfig.h -Wl,-T,/src/arch/x86/kernel/vmlinux.lds -c -o kernel/foo.o "
	"/src/kernel/foo.c\n"
	"source_kernel/foo.o := /src/kernel/foo.c\n"
	"deps_kernel/foo.o := \\\n"
	"    $(wildcard include/config/SMP) \\\n"
	"  /src/arch/x86/crypto/../lib/a.h \\\n"
	"  /src/gone.h \\\n"
	"  /src/../etc/passwd \\\n"
	"  /srcx/other.h \\\n"
	"  include/generated/autoconf.h \\\n";

static void test_scan(void)
{
	static const char *const tree[] = { "include/linux/kconfig.h",
					    "arch/x86/kernel/vmlinux.lds",
					    "kernel/foo.c",
					    "arch/x86/lib/a.h",
					    "other.h",
					    "etc/passwd",
					    "include/generated/autoconf.h" };
	g_autoptr(GHashTable) all = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) found = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(tree); i++)
		g_hash_table_add(all, (char *)tree[i]);
	xb_inputs_scan(cmd, "/src", all, found);
	g_assert_cmpuint(g_hash_table_size(found), ==, 4);
	for (int i = 0; i < 4; i++)
		g_assert_true(g_hash_table_contains(found, tree[i]));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/inputs/scan", test_scan);
	return g_test_run();
}
