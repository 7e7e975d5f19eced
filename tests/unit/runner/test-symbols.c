/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-symbols.c - addresses to functions. */
#include "symbols.h"

#include <glib/gstdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cut from real maps, with what they are made of: per-cpu offsets, aliases,
 * data between functions, an empty line at the end. */
static const char linux_map[] = "0000000000000000 D __per_cpu_start\n"
				"0000000000002000 A fixed_percpu_data_size\n"
				"ffffffff81000000 T _text\n"
				"ffffffff81000000 T startup_64\n"
				"ffffffff81000000 T _stext\n"
				"ffffffff81132a40 t zap_pte_range\n"
				"ffffffff81133410 T unmap_page_range\n"
				"ffffffff81133500 t local_alias\n"
				"ffffffff81133500 T global_alias\n"
				"ffffffff81133580 W weak_one\n"
				"ffffffff81400000 D some_data\n"
				"ffffffff81400100 T __behind_data\n"
				"ffffffff81500000 B _end\n";

static RunnerSymbols *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	RunnerSymbols *symbols = runner_symbols_parse("System.map", text, strlen(text), &error);

	g_assert_no_error(error);
	return symbols;
}

static void an_address_is_found_in_its_function(void)
{
	static const struct {
		guint64 address;
		const char *name;
		guint64 offset;
	} rows[] = {
		{ 0xffffffff81132a40, "zap_pte_range", 0 },
		{ 0xffffffff81132d4b, "zap_pte_range", 0x30b },
		{ 0xffffffff8113340f, "zap_pte_range", 0x9cf },
		{ 0xffffffff81133410, "unmap_page_range", 0 },
		{ 0xffffffff81000010, "_text", 0x10 },     /* the first of three names */
		{ 0xffffffff81133501, "global_alias", 1 }, /* before the local one */
		{ 0xffffffff81133590, "weak_one", 0x10 },
		{ 0xffffffff81400101, "__behind_data", 1 },
		{ 0xffffffff81400000, NULL, 0 }, /* data */
		{ 0xffffffff81500000, NULL, 0 }, /* behind the end */
		{ 0xffffffffc0001000, NULL, 0 }, /* a module */
		{ 0x401000, NULL, 0 },           /* user space */
		{ 0, NULL, 0 },
		{ G_MAXUINT64, NULL, 0 },
	};
	g_autoptr(RunnerSymbols) symbols = parse(linux_map);

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		guint64 offset = 0;
		const char *name = runner_symbols_find(symbols, rows[i].address, &offset);

		g_assert_cmpstr(name, ==, rows[i].name);
		g_assert_cmphex(offset, ==, rows[i].offset);
	}
	g_assert_cmpuint(runner_symbols_count(symbols), ==, 6);
	g_assert_cmphex(runner_symbols_address(symbols, "zap_pte_range"), ==, 0xffffffff81132a40);
	g_assert_cmphex(runner_symbols_address(symbols, "some_data"), ==, 0);
}

static void a_function_far_below_is_none(void)
{
	g_autoptr(RunnerSymbols) symbols = parse("ffffffff81000000 T last\n");

	g_assert_cmpstr(runner_symbols_find(symbols, 0xffffffff81100000, NULL), ==, "last");
	g_assert_null(runner_symbols_find(symbols, 0xffffffff81100001, NULL));
}

static void what_nm_prints_is_read(void)
{
	g_autoptr(RunnerSymbols) symbols =
		parse("                 U memcpy\n"
		      "                 w __gmon_start__\n"
		      "ffff82d040200000 T _start\n"
		      "ffff82d040310000 0000000000000123 t mm.c#ptwr_emulated_cmpxchg\r\n"
		      "ffff82d040320000 t helper\t[xen_privcmd]\n"
		      "\n"
		      "ffff82d040300000 t unsorted"); /* no newline at the end */
	guint64 offset = 0;

	g_assert_cmpstr(runner_symbols_find(symbols, 0xffff82d040310020, &offset), ==,
			"mm.c#ptwr_emulated_cmpxchg");
	g_assert_cmphex(offset, ==, 0x20);
	g_assert_cmpstr(runner_symbols_find(symbols, 0xffff82d040320000, NULL), ==, "helper");
	g_assert_cmpstr(runner_symbols_find(symbols, 0xffff82d040300001, NULL), ==, "unsorted");
}

static void a_bad_line_is_named(void)
{
	g_autofree char *long_name = g_strnfill(RUNNER_SYMBOLS_NAME_MAX + 1, 'x');
	g_autofree char *longest = g_strnfill(RUNNER_SYMBOLS_NAME_MAX, 'x');
	g_autofree char *too_long = g_strdup_printf("ffffffff81000000 T %s\n", long_name);
	g_autofree char *fits = g_strdup_printf("ffffffff81000000 T %s\n", longest);
	const char *const texts[] = { "",
				      "garbage\n",
				      "ffffffff81000000 T\n",
				      "zz T name\n",
				      "-1 T name\n",
				      "0x T name\n",
				      "11112222333344445 T name\n", /* 17 digits */
				      "ffffffff81000000 TT name\n",
				      "ffffffff81000000 T a b c d\n",
				      "ffffffff81000000 zz T name\n",
				      "ffffffff81000000 T n\xc3\xa4me\n",
				      "ffffffff81000000 T \x1b[2J\n",
				      too_long,
				      "ffffffff81000000 D only_data\n" };
	g_autoptr(RunnerSymbols) symbols = parse(fits);

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(
			runner_symbols_parse("System.map", texts[i], strlen(texts[i]), &error));
		g_assert_nonnull(error);
		g_assert_true(g_str_has_prefix(error->message, "System.map: "));
	}
}

static void a_nul_byte_is_refused(void)
{
	static const char text[] = "ffffffff81000000 T one\0two\n";
	g_autoptr(GError) error = NULL;

	g_assert_null(runner_symbols_parse("m", text, sizeof(text) - 1, &error));
	g_assert_nonnull(strstr(error->message, "line 1"));
}

static void only_a_regular_file_of_its_size_is_read(void)
{
	g_autofree char *dir = g_dir_make_tmp("xb-symbols.XXXXXX", NULL);
	g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);
	g_autofree char *large = g_build_filename(dir, "large", NULL);
	g_autofree char *good = g_build_filename(dir, "System.map", NULL);
	g_autofree char *missing = g_build_filename(dir, "missing", NULL);
	const char *const bad[] = { dir, fifo, large, missing };
	g_autoptr(RunnerSymbols) symbols = NULL;
	int fd = g_creat(large, 0644);

	g_assert_cmpint(mkfifo(fifo, 0644), ==, 0); /* nobody writes: it must not hang */
	g_assert_cmpint(ftruncate(fd, RUNNER_SYMBOLS_BYTES_MAX + 1), ==, 0);
	close(fd);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(runner_symbols_load(bad[i], &error));
		g_assert_nonnull(strstr(error->message, bad[i]));
	}
	g_assert_true(g_file_set_contents(good, linux_map, -1, NULL));
	symbols = runner_symbols_load(good, NULL);
	g_assert_nonnull(symbols);
	g_unlink(good);
	g_unlink(large);
	g_unlink(fifo);
	g_rmdir(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/symbols/an-address-is-found-in-its-function",
			an_address_is_found_in_its_function);
	g_test_add_func("/symbols/a-function-far-below-is-none", a_function_far_below_is_none);
	g_test_add_func("/symbols/what-nm-prints-is-read", what_nm_prints_is_read);
	g_test_add_func("/symbols/a-bad-line-is-named", a_bad_line_is_named);
	g_test_add_func("/symbols/a-nul-byte-is-refused", a_nul_byte_is_refused);
	g_test_add_func("/symbols/only-a-regular-file-of-its-size-is-read",
			only_a_regular_file_of_its_size_is_read);
	return g_test_run();
}
