/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-objects.c - which functions came from which source file. */
#include "objects.h"

static const char symbols[] = "mm/memory.o: unmap_page_range t 0 1f3\n"
			      "mm/memory.o: zap_pages d 0 8\n"
			      "mm/memory.o: vm_normal_page T 10 8\n"
			      "mm/gen.o: made W 0 1\n"
			      "drivers/net/m.o: probe t 0 1\n"
			      "nm: strange.o: file format not recognized\n"
			      "mm/memory.o: \n"
			      "mm/memory.o:";

static void add(XbObjects *objects, const char *name, const char *text, const char *first,
		const char *second)
{
	g_autoptr(GHashTable) read = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_add(read, (char *)first);
	if (second)
		g_hash_table_add(read, (char *)second);
	xb_objects_add(objects, name, text, read);
}

static void test_objects_are_joined_with_their_functions(void)
{
	g_autoptr(XbObjects) objects = xb_objects_new(symbols);
	g_autofree char *text = NULL;

	add(objects, "mm/.memory.o.cmd", "cmd_x := gcc\nsource_mm/memory.o := /src/mm/memory.c\n",
	    "mm/memory.c", "include/mm.h");
	/* its source was made by the build: not of the tree */
	add(objects, "mm/.gen.o.cmd", "source_mm/gen.o := mm/gen.c\n", "include/mm.h", NULL);
	text = xb_objects_text(objects);
	g_assert_cmpstr(text, ==,
			"xbisect-objects 1\np mm/memory.c\np include/mm.h\n"
			"o mm/memory.o 0\nr 1 0\nf unmap_page_range vm_normal_page\n"
			"o mm/gen.o -\nr 1\nf made\n");
}

static void test_what_is_no_object_of_the_kernel_is_left_out(void)
{
	g_autoptr(XbObjects) objects = xb_objects_new(symbols);
	g_autofree char *text = NULL;

	add(objects, "drivers/net/.m.o.cmd",
	    "cmd_x := gcc -DMODULE -c\nsource_drivers/net/m.o := /src/drivers/net/m.c\n",
	    "drivers/net/m.c", NULL);
	add(objects, "mm/.built-in.a.cmd", "cmd_mm/built-in.a := ar mm/memory.o\n", "mm/memory.c",
	    NULL);
	add(objects, ".vmlinux.o.cmd", "cmd_vmlinux.o := ld\n", "mm/memory.c", NULL);
	add(objects, "mm/a b.o.cmd", "source_x := /src/mm/memory.c\n", "mm/memory.c", NULL);
	add(objects, "mm/.a b.o.cmd", "source_x := /src/mm/memory.c\n", "mm/memory.c", NULL);
	text = xb_objects_text(objects);
	g_assert_cmpstr(text, ==, "xbisect-objects 1\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/objects/objects are joined with their functions",
			test_objects_are_joined_with_their_functions);
	g_test_add_func("/objects/what is no object of the kernel is left out",
			test_what_is_no_object_of_the_kernel_is_left_out);
	return g_test_run();
}
