/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-touched.c - functions of a source, of a build, and what a change of lines touches of them.
 */
#include <string.h>

#include "c-functions.h"
#include "object-map.h"
#include "touched.h"

static const char memory_c[] =
	/*  1 */ "// { a comment\n"
		 /*  2 */ "#include <linux/mm.h>\n"
		 /*  3 */ "#define CLEAR(x) \\\n"
		 /*  4 */ "	do { (x) = 0; } while (0)\n"
		 /*  5 */ "static const struct ops table = {\n"
		 /*  6 */ "	.open = idle_open,\n"
		 /*  7 */ "};\n"
		 /*  8 */ "\n"
		 /*  9 */ "static unsigned long zap_pte_range(struct mmu_gather *tlb,\n"
		 /* 10 */ "				     unsigned long end)\n"
		 /* 11 */ "{\n"
		 /* 12 */ "	char brace = '{', *text = \"}\\\"}\"; /* } */\n"
		 /* 13 */ "	if (end) {\n"
		 /* 14 */ "		CLEAR(end);\n"
		 /* 15 */ "	}\n"
		 /* 16 */ "	return end;\n"
		 /* 17 */ "}\n"
		 /* 18 */ "\n"
		 /* 19 */ "EXPORT_SYMBOL(zap_pte_range);\n"
		 /* 20 */ "DEFINE_STATIC_KEY(key)\n"
		 /* 21 */ "void __init unmap_page_range(struct mmu_gather *tlb)\n"
		 /* 22 */ "	__must_hold(tlb)\n"
		 /* 23 */ "{\n"
		 /* 24 */ "	zap_pte_range(tlb, 1);\n"
		 /* 25 */ "}\n"
		 /* 26 */ "int idle_open(void) { return lonely(); }\n"
		 /* 27 */ "static int lonely(void)\n"
		 /* 28 */ "{\n"
		 /* 29 */ "#ifdef CONFIG_X\n"
		 /* 30 */ "	if (x) {\n"
		 /* 31 */ "#else\n"
		 /* 32 */ "	if (y) {\n"
		 /* 33 */ "#endif\n"
		 /* 34 */ "	}\n"
		 /* 35 */ "	return 0;\n"
		 /* 36 */ "}\n"
		 /* 37 */ "SYSCALL_DEFINE2(munmap, unsigned long, addr, size_t, len)\n"
		 /* 38 */ "{\n"
		 /* 39 */ "	return 0;\n"
		 /* 40 */ "}\n"
		 /* 41 */ "static int unknown(void) { return 1; }\n";

static void assert_function(GArray *functions, const char *name, guint first, guint last)
{
	for (guint i = 0; i < functions->len; i++) {
		const XbFunction *function = &g_array_index(functions, XbFunction, i);

		if (strcmp(function->name, name) == 0) {
			g_assert_cmpuint(function->first, ==, first);
			g_assert_cmpuint(function->last, ==, last);
			return;
		}
	}
	g_error("there is no %s", name);
}

static void test_functions_of_c(void)
{
	g_autoptr(GArray) functions = xb_functions_of(memory_c, strlen(memory_c), false);

	g_assert_cmpuint(functions->len, ==, 8);
	assert_function(functions, "CLEAR", 3, 4);
	assert_function(functions, "", 5, 7); /* data */
	assert_function(functions, "zap_pte_range", 9, 17);
	assert_function(functions, "unmap_page_range", 20, 25);
	assert_function(functions, "idle_open", 26, 26);
	/* one brace more is closed by no line: the function ends where the next '}' begins a line
	 */
	assert_function(functions, "lonely", 27, 36);
	assert_function(functions, "__do_sys_munmap", 37, 40);
}

static void test_functions_of_assembler(void)
{
	static const char text[] = "#include <x.h>\nSYM_FUNC_START(copy_page)\n\tret\n"
				   "SYM_FUNC_END(copy_page)\nENTRY(old)\n nop\nENDPROC(old)\n"
				   "SYM_CODE_START(open_end)\n";
	g_autoptr(GArray) functions = xb_functions_of(text, strlen(text), true);

	g_assert_cmpuint(functions->len, ==, 2);
	assert_function(functions, "copy_page", 2, 4);
	assert_function(functions, "old", 5, 7);
}

static void test_any_text_ends(void)
{
	static const char *const texts[] = { "",
					     "{",
					     "}",
					     "f(",
					     "f() {",
					     "\"\\",
					     "/*",
					     "#define",
					     "#define f(x",
					     "'",
					     "f()){",
					     "SYSCALL_DEFINE1(",
					     "#define A \\\n",
					     "/* *" };

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		for (gsize length = 0; length <= strlen(texts[i]); length++) {
			/* exactly that many bytes, so that a read beyond them is seen */
			g_autofree char *copy = g_memdup2(texts[i], length);
			g_autoptr(GArray) c = xb_functions_of(copy ? copy : "", length, false);
			g_autoptr(GArray) s = xb_functions_of(copy ? copy : "", length, true);

			g_assert_cmpuint(c->len + s->len, <=, 2);
		}
	}
}

static void collect(const char *word, gsize length, void *data)
{
	g_string_append_len(data, word, (gssize)length);
	g_string_append_c(data, ' ');
}

static void test_words_are_those_that_may_be_names(void)
{
	static const char text[] = "call(ptep_clear);2xptep /* not */ \"this\" 'c' _ptep, 0x10 a2";
	const XbFunction function = { .body = 0, .body_length = strlen(text) };
	g_autoptr(GString) words = g_string_new(NULL);

	xb_functions_words(text, &function, collect, words);
	g_assert_cmpstr(words->str, ==, "call ptep_clear _ptep a2 ");
}

static void test_lines_outside_of_functions(void)
{
	static const struct {
		const char *text;
		guint first, last;
		XbOutside says;
	} cases[] = {
		{ "\n/* a\n * comment */\n// b\n#include <x.h>\n", 1, 5, XB_OUTSIDE_NOTHING },
		{ "int f(int a,\n\tint b);\n", 1, 2, XB_OUTSIDE_DECLARATIONS },
		{ "extern int a;\nstruct s;\n", 1, 2, XB_OUTSIDE_DECLARATIONS },
		{ "/* for */ /* b */ int a;\n", 1, 1, XB_OUTSIDE_DECLARATIONS },
		{ "/* for */ int a = 1;\n", 1, 1, XB_OUTSIDE_MORE },
		{ "typedef u32 pte_t;\n", 1, 1, XB_OUTSIDE_MORE },
		{ "PAGEFLAG(Dirty, dirty);\n", 1, 1, XB_OUTSIDE_MORE },
		{ "asm(\"nop\");\n", 1, 1, XB_OUTSIDE_MORE },
		{ ".macro PUSH\n\tpushq %rdi\n", 1, 1, XB_OUTSIDE_MORE },
		{ ".macro PUSH\n\tpushq %rdi\n", 2, 2, XB_OUTSIDE_MORE },
		{ "#undef C\n", 1, 1, XB_OUTSIDE_MORE },
		{ "__packed;\n", 1, 1, XB_OUTSIDE_MORE },
		{ "#pragma pack(1)\n", 1, 1, XB_OUTSIDE_MORE },
		/* a conditional of the change's own, and a part of another */
		{ "#ifdef X\n#define A 1\n# else\n#define A 2\n#endif\n", 1, 5,
		  XB_OUTSIDE_DECLARATIONS },
		{ "#ifdef X\nint a;\n#endif\n", 1, 1, XB_OUTSIDE_MORE },
		{ "#ifdef X\nint a;\n#endif\n", 3, 3, XB_OUTSIDE_MORE },
		{ "#ifdef X\nint a;\n#else\nint b;\n#endif\n", 3, 4, XB_OUTSIDE_MORE },
		/* lines of functions, macros and data are theirs */
		{ "int f(void)\n{\n#if 1\n\tg();\n}\nstruct s {\n\tint a = 1;\n};\n#define A\n", 1,
		  9, XB_OUTSIDE_NOTHING },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *text = cases[i].text;
		/* exactly that many bytes, so that a read beyond them is seen */
		g_autofree char *copy = g_memdup2(text, strlen(text));
		g_autoptr(GArray) functions = xb_functions_of(copy, strlen(text), false);

		g_test_message("%s", text);
		g_assert_cmpint(xb_functions_outside(copy, strlen(text), functions, cases[i].first,
						     cases[i].last),
				==, cases[i].says);
	}
}

/* ---- a build ------------------------------------------------------------------------- */

static const char objects[] = "xbisect-objects 1\n"
			      "p mm/memory.c\np include/mm.h\np drivers/idle.c\np include/idle.h\n"
			      "p lib/both.h\np mm/part.c\n"
			      "o mm/memory.o 0\nr 0 1 4 5\nf unmap_page_range.isra.0 idle_open "
			      "helper.cold __x64_sys_munmap\n"
			      "f unmap_page_range\n" /* said twice, counted once */
			      "o drivers/idle.o 2\nr 2 3 4\nf idle_probe\n"
			      "o gen.o -\nr 4\nf made\n"
			      "o mm/part.o 5\nr 5 1\n";
static const char folded[] =
	"user;unmap_page_range_[k];hypercall_[x] 60\nxen_[x] 8\nentry_[k];__x64_sys_munmap_[k] 4\n"
	"unmap_page_range_[k];__x64_sys_munmap_[k] 4\nidle_probe_[x] 4\nno count\nentry_[k] nan\n"
	"entry_[k] -1\n";

static XbObjectMap *map_of(const char *text, gsize length, GError **error)
{
	g_autoptr(XbExecuted) executed = xb_executed_new();

	xb_executed_add(executed, folded, strlen(folded));
	g_assert_cmpuint(g_hash_table_size(executed->functions), ==, 3);
	g_assert_cmpfloat(executed->all, ==, 80);
	return xb_object_map_parse(text, length, executed, error);
}

static XbObjectMap *good_map(void)
{
	g_autoptr(GError) error = NULL;
	XbObjectMap *map = map_of(objects, strlen(objects), &error);

	g_assert_no_error(error);
	return map;
}

static void assert_file(const XbObjectMap *map, const char *path, guint readers, guint live,
			bool source, bool executed)
{
	XbObjectFile file;

	g_assert_true(xb_object_map_file(map, path, &file));
	g_assert_cmpuint(file.readers, ==, readers);
	g_assert_cmpuint(file.live, ==, live);
	g_assert_true(file.source == source && file.executed == executed);
}

static void test_a_build_says_which_files_are_executed(void)
{
	g_autoptr(XbObjectMap) map = good_map();
	XbObjectFile file;
	double share = 0;

	g_assert_cmpuint(xb_object_map_objects(map), ==, 4);
	g_assert_cmpuint(xb_object_map_live(map), ==, 1);
	assert_file(map, "mm/memory.c", 1, 1, true, true);
	assert_file(map, "include/mm.h", 2, 1, false, false);
	assert_file(map, "drivers/idle.c", 1, 0, true, false);
	assert_file(map, "lib/both.h", 3, 1, false, false);
	assert_file(map, "mm/part.c", 2, 1, true, false); /* mm/memory.c includes it */
	g_assert_false(xb_object_map_file(map, "drivers/gone.c", &file));
	g_assert_cmpint(xb_object_map_function(map, "mm/memory.c", "helper", &share), ==,
			XB_FUNCTION_IDLE);
	g_assert_cmpint(xb_object_map_function(map, "mm/memory.c", "zap_pte_range", &share), ==,
			XB_FUNCTION_UNKNOWN);
	/* Xen's function of that name is not the kernel's */
	g_assert_cmpint(xb_object_map_function(map, "drivers/idle.c", "idle_probe", &share), ==,
			XB_FUNCTION_IDLE);
	g_assert_cmpint(xb_object_map_function(map, NULL, "idle_probe", &share), ==,
			XB_FUNCTION_UNKNOWN);
	g_assert_cmpfloat(share, ==, 0);
	g_assert_cmpint(xb_object_map_function(map, "mm/memory.c", "__do_sys_munmap", &share), ==,
			XB_FUNCTION_EXECUTED);
	g_assert_cmpfloat(share, ==, 0.1);
	/* with what it made Xen do */
	g_assert_cmpint(xb_object_map_function(map, "mm/memory.c", "unmap_page_range", &share), ==,
			XB_FUNCTION_EXECUTED);
	g_assert_cmpfloat(share, ==, 0.75);
	share = 0.8;
	g_assert_cmpint(xb_object_map_function(map, NULL, "unmap_page_range", &share), ==,
			XB_FUNCTION_EXECUTED);
	g_assert_cmpfloat(share, ==, 0.8);
}

static void test_a_damaged_list_is_an_error(void)
{
	static const char *const bad[] = { "",
					   "xbisect-objects 2\n",
					   "xbisect-objects 1\np a",
					   "xbisect-objects 1\np \n",
					   "xbisect-objects 1\np a\np a\n",
					   "xbisect-objects 1\nr 0\n",
					   "xbisect-objects 1\nf x\n",
					   "xbisect-objects 1\np a\no a.o 1\n",
					   "xbisect-objects 1\np a\no a.o\n",
					   "xbisect-objects 1\np a\no a.o 0\nr 0 7\n",
					   "xbisect-objects 1\np a\no a.o 0\nr -1\n",
					   "xbisect-objects 1\np a\no a.o 0\nr 0x0\n",
					   "xbisect-objects 1\np a\no a.o 0\nf a  b\n",
					   "xbisect-objects 1\nq a\n" };

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(map_of(bad[i], strlen(bad[i]), &error));
		g_assert_nonnull(strstr(error->message, "damaged at line"));
	}
	/* cut anywhere: an error, or a shorter list, and no read beyond it */
	for (gsize length = 0; length < strlen(objects); length++) {
		g_autofree char *copy = g_memdup2(objects, length);
		g_autoptr(XbObjectMap) map = map_of(copy ? copy : "", length, NULL);

		g_assert_true(!map == (length == 0 || objects[length - 1] != '\n'));
	}
}

/* ---- changes -------------------------------------------------------------------------- */

static XbFileChange *change_lines(guint first, guint lines)
{
	XbFileChange *change = g_new0(XbFileChange, 1);
	const XbHunk hunk = { first, 0, first, lines };

	change->hunks = g_array_new(FALSE, FALSE, sizeof(XbHunk));
	g_array_append_val(change->hunks, hunk);
	change->new_text = g_strdup(memory_c);
	change->new_length = strlen(memory_c);
	return change;
}

static void test_lines_touch_functions(void)
{
	static const struct {
		guint first, lines;
		XbTouchedKind kind;
		const char *names; /* of executed functions */
	} cases[] = {
		{ 24, 1, XB_TOUCHED_EXECUTED, "unmap_page_range" },
		{ 22, 1, XB_TOUCHED_EXECUTED, "unmap_page_range" },
		/* inlined: no symbol, but one that was executed calls it */
		{ 13, 1, XB_TOUCHED_EXECUTED, "zap_pte_range" },
		{ 4, 1, XB_TOUCHED_EXECUTED, "CLEAR" }, /* used by one that was inlined */
		{ 14, 12, XB_TOUCHED_EXECUTED, "zap_pte_range unmap_page_range" },
		{ 26, 1, XB_TOUCHED_IDLE, "" },
		{ 30, 1, XB_TOUCHED_IDLE, "" },                    /* inlined into an idle one */
		{ 39, 1, XB_TOUCHED_EXECUTED, "__do_sys_munmap" }, /* inlined into __x64_sys_ */
		{ 41, 1, XB_TOUCHED_SHARED, "" }, /* no symbol, nobody mentions it */
		{ 6, 1, XB_TOUCHED_SHARED, "" },  /* data of an executed object */
		{ 8, 1, XB_TOUCHED_UNKNOWN, "" }, /* an empty line */
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(XbObjectMap) map = good_map();
		g_autoptr(XbTouched) touched = xb_touched_new();
		g_autoptr(XbFileChange) change = change_lines(cases[i].first, cases[i].lines);
		g_autofree char *names = NULL;

		xb_touched_add(touched, map, NULL, "mm/memory.c", change);
		g_ptr_array_add(touched->functions, NULL);
		names = g_strjoinv(" ", (char **)touched->functions->pdata);
		g_test_message("lines %u, %u", cases[i].first, cases[i].lines);
		g_assert_cmpint(xb_touched_kind(touched), ==, cases[i].kind);
		g_assert_cmpstr(names, ==, cases[i].names);
	}
}

/* What is taken out is looked for in the text before. */
static void test_removed_lines_touch_the_old_functions(void)
{
	g_autoptr(XbObjectMap) map = good_map();
	g_autoptr(XbTouched) touched = xb_touched_new();
	g_autoptr(XbFileChange) change = change_lines(24, 0);

	change->old_text = g_steal_pointer(&change->new_text);
	change->old_length = change->new_length;
	change->new_text = g_strdup("\n");
	change->new_length = 1;
	g_array_index(change->hunks, XbHunk, 0) = (XbHunk){ 24, 1, 0, 0 };
	xb_touched_add(touched, map, NULL, "mm/memory.c", change);
	g_assert_cmpint(xb_touched_kind(touched), ==, XB_TOUCHED_EXECUTED);
	g_assert_cmpfloat(touched->share, ==, 0.75);
}

static void test_of_many_hunks_the_first_are_looked_at(void)
{
	g_autoptr(XbObjectMap) map = good_map();
	g_autoptr(XbTouched) touched = xb_touched_new();
	g_autoptr(XbTouched) more = xb_touched_new();
	g_autoptr(XbFileChange) change = change_lines(26, 1); /* idle */
	const XbHunk hunk = g_array_index(change->hunks, XbHunk, 0);
	const XbHunk hot = { 24, 0, 24, 1 };

	for (guint i = 0; i < 1000; i++)
		g_array_append_val(change->hunks, hunk);
	g_array_append_val(change->hunks, hot);
	xb_touched_add(touched, map, NULL, "mm/memory.c", change);
	g_assert_cmpint(xb_touched_kind(touched), ==, XB_TOUCHED_SHARED);
	g_array_prepend_val(change->hunks, hot);
	xb_touched_add(more, map, NULL, "mm/memory.c", change);
	g_assert_cmpint(xb_touched_kind(more), ==, XB_TOUCHED_EXECUTED);
}

/* ---- headers --------------------------------------------------------------------------- */

static const char mm_h[] = /*  1 */ "#include <x.h>\n"
				    /*  2 */ "struct page {\n"
				    /*  3 */ "	int a;\n"
				    /*  4 */ "};\n"
				    /*  5 */ "extern int declared(int a,\n"
				    /*  6 */ "		    int b);\n"
				    /*  7 */ "static inline int clear(int a)\n"
				    /*  8 */ "{\n"
				    /*  9 */ "	return a;\n"
				    /* 10 */ "}\n"
				    /* 11 */ "#define CLEAR_ALL(x) clear(x)\n"
				    /* 12 */ "static inline int probe(int a) { return a; }\n"
				    /* 13 */ "static inline int nobody(int a) { return a; }\n"
				    /* 14 */ "#define LIMIT 10\n"
				    /* 15 */ "#define OTHER 11\n"
				    /* 16 */ "static inline int part(int a) { return a; }\n"
				    /* 17 */ "#define clear_alias part_alias\n"
				    /* 18 */ "static inline int part_alias(int a) { return a; }\n"
				    /* 19 */ "#define WORDS 8\n"
				    /* 20 */ "struct bits { int word[WORDS]; };\n"
				    /* 21 */ "PAGEFLAG(Dirty, dirty)\n"
				    /* 22 */ "static inline int added(int a) { return a; }\n";
static const char user_c[] = "static void zap(void) { CLEAR_ALL(LIMIT); }\n"
			     "void unmap_page_range(void) { zap(); clear_alias(1); }\n"
			     "void idle_open(void) { part(1); }\n";
static const char idle_c[] = "void idle_probe(void) { probe(WORDS); part(OTHER); part_alias(1); }\n"
			     "static void zap(void) { nobody(1); }\n";

static XbUses *uses_of(const XbObjectMap *map)
{
	XbUses *uses = xb_uses_new(map);

	g_assert_true(xb_uses_add(uses, "mm/memory.c", user_c, strlen(user_c)));
	g_assert_true(xb_uses_add(uses, "drivers/idle.c", idle_c, strlen(idle_c)));
	g_assert_true(xb_uses_add(uses, "include/mm.h", mm_h, strlen(mm_h)));
	return uses;
}

static void test_what_mentions_a_name_tells_of_it(void)
{
	static const struct {
		const char *path, *name;
		XbFunctionState state;
		double share;
	} cases[] = {
		{ "mm/memory.c", "zap", XB_FUNCTION_EXECUTED, 0.75 },
		/* a macro of the header, inlined into a function of the source */
		{ "include/mm.h", "clear", XB_FUNCTION_EXECUTED, 0.75 },
		{ "include/mm.h", "LIMIT", XB_FUNCTION_EXECUTED, 0.75 },
		/* and by another name */
		{ "include/mm.h", "part_alias", XB_FUNCTION_EXECUTED, 0.75 },
		/* of a type as well, and of an idle function */
		{ "include/mm.h", "WORDS", XB_FUNCTION_UNKNOWN, 0 },
		{ "include/mm.h", "probe", XB_FUNCTION_IDLE, 0 },
		{ "include/mm.h", "part", XB_FUNCTION_IDLE, 0 },
		/* another source's function of that name was executed, this one has no user */
		{ "drivers/idle.c", "zap", XB_FUNCTION_UNKNOWN, 0 },
		{ "include/mm.h", "nobody", XB_FUNCTION_UNKNOWN, 0 },
		{ "include/mm.h", "declared", XB_FUNCTION_UNKNOWN, 0 },
		/* its copy in an object was */
		{ "include/mm.h", "unmap_page_range", XB_FUNCTION_EXECUTED, 0.75 },
		{ "gone.h", "gone", XB_FUNCTION_UNKNOWN, 0 },
	};
	g_autoptr(XbObjectMap) map = good_map();
	g_autoptr(XbUses) uses = uses_of(map);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		double share = 0;

		g_test_message("%s", cases[i].name);
		g_assert_cmpint(xb_uses_state(uses, cases[i].path, cases[i].name, &share), ==,
				cases[i].state);
		g_assert_cmpfloat(share, ==, cases[i].share);
		/* once more, as it is remembered */
		share = 0.9;
		g_assert_cmpint(xb_uses_state(uses, cases[i].path, cases[i].name, &share), ==,
				cases[i].state);
		g_assert_cmpfloat(share, ==, 0.9);
	}
}

/* A tree of so many words, and files in which all names mention each other. */
static void test_what_is_too_much_is_not_kept(void)
{
	g_autoptr(XbObjectMap) map = good_map();
	g_autoptr(XbUses) uses = xb_uses_new(map);
	g_autoptr(GString) text = g_string_new(NULL);
	double share = 0;
	guint files = 0;

	for (guint i = 0; i < 20000; i++)
		g_string_append_printf(text, "#define m%u m%u m%u\n", i, i + 1, (i * 7919) % 20000);
	while (files < 200 && xb_uses_add(uses, "include/mm.h", text->str, text->len))
		files++;
	g_assert_cmpuint(files, >, 10);
	g_assert_cmpuint(files, <, 200);
	for (guint i = 0; i < 200; i++) {
		g_autofree char *name = g_strdup_printf("m%u", i);

		g_assert_cmpint(xb_uses_state(uses, "include/mm.h", name, &share), ==,
				XB_FUNCTION_UNKNOWN);
	}
}

static void test_names_that_mention_each_other_end(void)
{
	static const char text[] = "#define A(x) B(x)\n#define B(x) A(x)\n";
	g_autoptr(XbObjectMap) map = good_map();
	g_autoptr(XbUses) uses = xb_uses_new(map);
	double share = 0;

	xb_uses_add(uses, "include/mm.h", text, strlen(text));
	g_assert_cmpint(xb_uses_state(uses, "include/mm.h", "A", &share), ==, XB_FUNCTION_UNKNOWN);
}

static void test_headers_touch_what_uses_them(void)
{
	static const struct {
		guint first, lines;
		XbTouchedKind kind;
		guint objects;
		const char *names;
		bool is_new; /* the lines were not there before, nor what they define */
	} cases[] = {
		{ 9, 1, XB_TOUCHED_EXECUTED, 0, "clear", false },
		{ 11, 1, XB_TOUCHED_EXECUTED, 0, "CLEAR_ALL", false },
		{ 14, 1, XB_TOUCHED_EXECUTED, 0, "LIMIT", false },
		{ 21, 1, XB_TOUCHED_SHARED, 1, "", false }, /* not understood */
		{ 19, 1, XB_TOUCHED_SHARED, 1, "", false }, /* of a type */
		{ 12, 1, XB_TOUCHED_IDLE, 0, "", false },
		{ 5, 2, XB_TOUCHED_IDLE, 0, "", false },
		{ 1, 1, XB_TOUCHED_UNKNOWN, 0, "", false },
		{ 3, 1, XB_TOUCHED_SHARED, 1, "", false },
		/* who uses it is not seen: an initialiser, a macro at the top level */
		{ 13, 1, XB_TOUCHED_SHARED, 1, "", false },
		{ 13, 1, XB_TOUCHED_SHARED, 1, "", true }, /* something mentioned it before */
		{ 22, 1, XB_TOUCHED_IDLE, 0, "", true },
		/* the first that is new may have been declared, or a macro, before */
		{ 7, 4, XB_TOUCHED_EXECUTED, 0, "clear", true },
	};
	g_autoptr(XbObjectMap) map = good_map();
	g_autoptr(XbUses) uses = uses_of(map);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(XbTouched) touched = xb_touched_new();
		g_autoptr(XbFileChange) change = change_lines(cases[i].first, cases[i].lines);
		g_autofree char *names = NULL;

		g_free(change->new_text);
		change->new_text = g_strdup(mm_h);
		change->new_length = strlen(mm_h);
		change->old_text = g_strdup(cases[i].is_new ? "\n" : mm_h);
		change->old_length = strlen(change->old_text);
		if (!cases[i].is_new)
			g_array_index(change->hunks, XbHunk, 0).old_lines = cases[i].lines;
		xb_touched_add(touched, map, uses, "include/mm.h", change);
		g_ptr_array_add(touched->functions, NULL);
		names = g_strjoinv(" ", (char **)touched->functions->pdata);
		g_test_message("lines %u, %u", cases[i].first, cases[i].lines);
		g_assert_cmpint(xb_touched_kind(touched), ==, cases[i].kind);
		g_assert_cmpuint(touched->objects, ==, cases[i].objects);
		g_assert_cmpstr(names, ==, cases[i].names);
	}
}

/* "arch/arm64/lib/copy_template.S" is no C, and only others have symbols of it. */
static void test_sources_that_others_include_declare_nothing(void)
{
	static const char list[] = "xbisect-objects 1\np mm/memory.c\np mm/template.S\n"
				   "o mm/memory.o 0\nr 0 1\nf unmap_page_range\n";
	static const char text[] = "\tcall foo(a,\n\tb);\n";
	g_autoptr(XbObjectMap) map = map_of(list, strlen(list), NULL);
	g_autoptr(XbUses) uses = xb_uses_new(map);
	g_autoptr(XbTouched) touched = xb_touched_new();
	g_autoptr(XbFileChange) change = change_lines(2, 1);

	g_free(change->new_text);
	change->new_text = g_strdup(text);
	change->new_length = strlen(text);
	xb_touched_add(touched, map, uses, "mm/template.S", change);
	g_assert_cmpint(xb_touched_kind(touched), ==, XB_TOUCHED_SHARED);
	g_assert_cmpuint(touched->objects, ==, 1);
}

static void test_files_touch_by_their_readers(void)
{
	static const struct {
		const char *files[3];
		XbTouchedKind kind;
		guint objects;
	} cases[] = {
		{ { "include/mm.h" }, XB_TOUCHED_SHARED, 1 },
		{ { "include/idle.h" }, XB_TOUCHED_IDLE, 0 },
		{ { "drivers/idle.c" }, XB_TOUCHED_IDLE, 0 },
		{ { "mm/part.c" }, XB_TOUCHED_SHARED, 1 },
		{ { "drivers/idle.c", "include/mm.h" }, XB_TOUCHED_SHARED, 1 },
		{ { "Makefile" }, XB_TOUCHED_UNKNOWN, 0 },
		{ { "drivers/idle.c", "Makefile" }, XB_TOUCHED_UNKNOWN, 0 },
		{ { "drivers/idle.c", "drivers/Kconfig" }, XB_TOUCHED_IDLE, 0 },
		{ { "drivers/idle.c", "Documentation/x.py" }, XB_TOUCHED_IDLE, 0 },
		{ { "drivers/gone.c" }, XB_TOUCHED_UNKNOWN, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(XbObjectMap) map = good_map();
		g_autoptr(XbTouched) touched = xb_touched_new();

		for (guint k = 0; cases[i].files[k]; k++)
			xb_touched_add(touched, map, NULL, cases[i].files[k], NULL);
		g_test_message("%s", cases[i].files[0]);
		g_assert_cmpint(xb_touched_kind(touched), ==, cases[i].kind);
		g_assert_cmpuint(touched->objects, ==, cases[i].objects);
	}
}

static void test_weights_are_ordered_and_bounded(void)
{
	double idle = xb_touched_weight(XB_TOUCHED_IDLE, 0, 0);
	double types = xb_touched_weight(XB_TOUCHED_SHARED, 100000, 0);
	double hot = xb_touched_weight(XB_TOUCHED_EXECUTED, 0, 0.01);

	g_assert_cmpfloat(idle, >, 0);
	g_assert_cmpfloat(idle, <, xb_touched_weight(XB_TOUCHED_UNKNOWN, 0, 0));
	g_assert_cmpfloat(xb_touched_weight(XB_TOUCHED_SHARED, 0, 0), ==, 2);
	g_assert_cmpfloat(xb_touched_weight(XB_TOUCHED_SHARED, 15, 0), ==, 3);
	g_assert_cmpfloat(types, ==, 4);
	g_assert_cmpfloat(hot, ==, 20);
	g_assert_cmpfloat(hot / idle, <=, 40);
	g_assert_cmpfloat(xb_touched_weight(XB_TOUCHED_EXECUTED, 0, 1), ==, hot);
	g_assert_cmpfloat_with_epsilon(xb_touched_weight(XB_TOUCHED_EXECUTED, 0, 1e-4), 8, 1e-9);
	g_assert_cmpfloat(xb_touched_weight(XB_TOUCHED_EXECUTED, 0, 0), ==, 2);
	/* one that is hardly executed, and a type that everything reads */
	g_assert_cmpfloat(xb_touched_weight(XB_TOUCHED_EXECUTED, 100000, 0), ==, 4);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		GTestFunc run;
	} tests[] = {
		{ "/touched/functions of C", test_functions_of_c },
		{ "/touched/functions of assembler", test_functions_of_assembler },
		{ "/touched/any text ends", test_any_text_ends },
		{ "/touched/words are those that may be names",
		  test_words_are_those_that_may_be_names },
		{ "/touched/lines outside of functions", test_lines_outside_of_functions },
		{ "/touched/what mentions a name tells of it",
		  test_what_mentions_a_name_tells_of_it },
		{ "/touched/what is too much is not kept", test_what_is_too_much_is_not_kept },
		{ "/touched/of many hunks the first are looked at",
		  test_of_many_hunks_the_first_are_looked_at },
		{ "/touched/sources that others include declare nothing",
		  test_sources_that_others_include_declare_nothing },
		{ "/touched/names that mention each other end",
		  test_names_that_mention_each_other_end },
		{ "/touched/headers touch what uses them", test_headers_touch_what_uses_them },
		{ "/touched/a build says which files are executed",
		  test_a_build_says_which_files_are_executed },
		{ "/touched/a damaged list is an error", test_a_damaged_list_is_an_error },
		{ "/touched/lines touch functions", test_lines_touch_functions },
		{ "/touched/removed lines touch the old functions",
		  test_removed_lines_touch_the_old_functions },
		{ "/touched/files touch by their readers", test_files_touch_by_their_readers },
		{ "/touched/weights are ordered and bounded",
		  test_weights_are_ordered_and_bounded },
	};

	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_func(tests[i].name, tests[i].run);
	return g_test_run();
}
