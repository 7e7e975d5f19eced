/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-profile.c - the plugin's output, read and folded. */
#include "profile.h"

#include <gio/gio.h>
#include <string.h>

/* dom0's program calls its kernel, which faults into Xen. */
static const char stacks[] = "xbisect-profile 1 stacks\n"
			     "phase 2 5\n"
			     "phase 3 5\n"
			     "node 1 0 0\n"
			     "self 1 3 7\n"
			     "node 2 0 1\n"
			     "self 2 3 10\n"
			     "node 3 2 ffffffff81000100\n"
			     "self 3 3 300\n"
			     "self 3 2 4\n"
			     "node 4 3 ffff82d040200200\n"
			     "node 5 4 ffff82d040200300\n"
			     "self 5 3 600\n"
			     "node 6 5 ffff82d040200400\n"
			     "self 6 3 50\n"
			     "end\n";
static const char linux_text[] = "ffffffff81000100 T zap_pte_range\nffffffff81000200 T other\n";
static const char xen_text[] = "0xffff82d040200200 t entry.o#page_fault\n"
			       "0xffff82d040200300 T __x86_indirect_thunk_rax\n"
			       "0xffff82d040200400 T x86_emulate\n";

static RunnerProfile *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	RunnerProfile *profile = runner_profile_parse(text, strlen(text), &error);

	g_assert_no_error(error);
	return profile;
}

static void stacks_are_folded_with_names(void)
{
	g_autoptr(RunnerProfile) profile = parse(stacks);
	g_autoptr(RunnerSymbols) linux_map =
		runner_symbols_parse("l", linux_text, strlen(linux_text), NULL);
	g_autoptr(RunnerSymbols) xen = runner_symbols_parse("x", xen_text, strlen(xen_text), NULL);
	g_autofree char *unmap = runner_profile_fold(profile, 3, linux_map, xen);
	g_autofree char *map = runner_profile_fold(profile, 2, linux_map, xen);

	g_assert_nonnull(xen);
	g_assert_cmpstr(runner_profile_mode(profile), ==, "stacks");
	g_assert_cmpstr(runner_profile_phase(profile, 3), ==, "unmap");
	g_assert_null(runner_profile_phase(profile, 4)); /* not entered */
	/* a thunk is a frame only where it is the innermost one */
	g_assert_cmpstr(unmap, ==,
			"user;zap_pte_range_[k];page_fault_[x];__x86_indirect_thunk_rax_[x] 600\n"
			"user;zap_pte_range_[k] 300\n"
			"user;zap_pte_range_[k];page_fault_[x];x86_emulate_[x] 50\n"
			"user 10\n"
			"lost 7\n");
	g_assert_cmpstr(map, ==, "user;zap_pte_range_[k] 4\n");
}

static void shares_are_by_side(void)
{
	g_autoptr(RunnerProfile) profile = parse(stacks);
	RunnerProfileShare share = runner_profile_share(profile, 3);

	g_assert_cmpuint(share.entries, ==, 5);
	g_assert_cmpuint(share.xen, ==, 650);
	g_assert_cmpuint(share.kernel, ==, 300);
	g_assert_cmpuint(share.user, ==, 17);
}

static void without_names_a_side_is_one_frame(void)
{
	g_autoptr(RunnerProfile) profile = parse(stacks);
	g_autofree char *unmap = runner_profile_fold(profile, 3, NULL, NULL);

	g_assert_cmpstr(unmap, ==,
			"user;dom0_[k];xen_[x] 650\nuser;dom0_[k] 300\nuser 10\nlost 7\n");
}

static void blocks_are_instructions_by_function(void)
{
	g_autoptr(RunnerProfile) profile = parse("xbisect-profile 1 flat\n"
						 "phase 3 1\n"
						 "block ffffffff81000100 5 3 10\n"
						 "block ffffffff81000110 2 3 10\n"
						 "block ffffffff81000200 3 3 1\n"
						 "full\n"
						 "end\n");
	g_autoptr(RunnerSymbols) linux_map =
		runner_symbols_parse("l", linux_text, strlen(linux_text), NULL);
	g_autofree char *unmap = runner_profile_fold(profile, 3, linux_map, NULL);

	g_assert_true(runner_profile_is_full(profile));
	g_assert_cmpstr(unmap, ==, "zap_pte_range_[k] 70\nother_[k] 3\n");
}

static void a_damaged_file_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"xbisect-profile 2 stacks\nend\n",
		"xbisect-profile 1 stacks\n",                    /* cut */
		"xbisect-profile 1 stacks\nend",                 /* in its last line */
		"xbisect-profile 1 stacks\nend\nphase 3 1\n",    /* something follows */
		"xbisect-profile 1 stacks\nnode 3 0 1\nend\n",   /* a number is left out */
		"xbisect-profile 1 stacks\nnode 2 2 1\nend\n",   /* its own parent */
		"xbisect-profile 1 stacks\nnode 2 0 xyz\nend\n", /* no number */
		"xbisect-profile 1 stacks\nnode 2 0\nend\n",     /* too few */
		"xbisect-profile 1 stacks\nnode 2 0 1 1\nend\n", /* too many */
		"xbisect-profile 1 stacks\nself 9 3 1\nend\n",   /* of no node */
		"xbisect-profile 1 stacks\nself 0 16 1\nend\n",  /* of no phase */
		"xbisect-profile 1 stacks\nself 0 3 -1\nend\n",  /* below zero */
		"xbisect-profile 1 stacks\nphase 13 1\nend\n",   /* without a name */
		"xbisect-profile 1 flat\nself 0 3 1\nend\n",     /* of the other mode */
		"xbisect-profile 1 flat\nblock 1 0 3 1\nend\n",  /* empty */
		"xbisect-profile 1 flat\nblock 1 1 3 9223372036854775807\nend\n",
		"xbisect-profile 1 flat\nwhat\nend\n",
		"xbisect-profile 1 flat\nend 1\n",
	};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		if (runner_profile_parse(bad[i], strlen(bad[i]), &error))
			g_error("taken: %s", bad[i]);
		g_assert_nonnull(strstr(error->message, "line "));
	}
	g_assert_null(runner_profile_parse("xbisect-profile 1 flat\0\nend\n", 28, NULL));
}

/* ---- recorded ------------------------------------------------------------------------ */

/* What the plugin wrote of a boot of the demo's slow kernel that mapped and unmapped 256 pages once
 * (the phase "other" is left out of it), and what xbisect-run said of it then. */
#define RECORDED "tests/unit/runner/profile.fixtures/map-unmap.raw.gz"

static GBytes *recorded(void)
{
	g_autoptr(GFile) file = g_file_new_for_path(RECORDED);
	g_autoptr(GError) error = NULL;
	g_autoptr(GInputStream) packed = G_INPUT_STREAM(g_file_read(file, NULL, &error));
	g_autoptr(GZlibDecompressor) gunzip =
		g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	g_autoptr(GInputStream) stream = NULL;
	g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();

	g_assert_no_error(error);
	stream = g_converter_input_stream_new(packed, G_CONVERTER(gunzip));
	g_output_stream_splice(memory, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
	g_assert_no_error(error);
	return g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(memory));
}

static void a_recorded_boot_is_counted_as_it_was(void)
{
	static const char kernel[] = "ffffffff810bb03c T unmap_page_range\n"
				     "ffffffff810bb532 t unmap_single_vma\n";
	static const char xen_map[] = "0xffff82d0402f3d10 T pv_ro_page_fault\n"
				      "0xffff82d0402f40b0 T __trace_pv_trap\n"
				      "0xffff82d04032e970 T x86_emulate\n"
				      "0xffff82d040352e60 T x86_emul_rmw\n";
	g_autoptr(GBytes) bytes = recorded();
	gsize length;
	const char *text = g_bytes_get_data(bytes, &length);
	g_autoptr(GError) error = NULL;
	g_autoptr(RunnerProfile) profile = runner_profile_parse(text, length, &error);
	g_autoptr(RunnerSymbols) linux_map =
		runner_symbols_parse("l", kernel, strlen(kernel), NULL);
	g_autoptr(RunnerSymbols) xen = runner_symbols_parse("x", xen_map, strlen(xen_map), NULL);
	g_autofree char *unmap = NULL;
	RunnerProfileShare share;
	guint64 emulated = 0;

	g_assert_no_error(error);
	g_assert_cmpstr(runner_profile_mode(profile), ==, "stacks");
	g_assert_false(runner_profile_is_full(profile));
	share = runner_profile_share(profile, 3);
	g_assert_cmpuint(share.entries, ==, 1);
	g_assert_cmpuint(share.xen, ==, 487199);
	g_assert_cmpuint(share.kernel, ==, 200291);
	g_assert_cmpuint(share.user, ==, 85);
	share = runner_profile_share(profile, 2);
	g_assert_cmpuint(share.xen + share.kernel + share.user, ==, 372999);
	unmap = runner_profile_fold(profile, 3, linux_map, xen);
	for (const char *at = unmap; *at; at = strchr(at, '\n') + 1) {
		const char *end = strchr(at, '\n');
		g_autofree char *line = g_strndup(at, (gsize)(end - at));
		char *space = strrchr(line, ' ');

		*space = '\0';
		if (strstr(line, "unmap_page_range_[k];") &&
		    g_str_has_suffix(line, "x86_emulate_[x]"))
			emulated += g_ascii_strtoull(space + 1, NULL, 10);
	}
	g_assert_cmpuint(emulated, ==, 98816); /* 386 a page */
}

/* Cut off or with another byte in it: refused with its line, or read; never more than bytes say. */
static void a_damaged_recording_is_refused_or_read(void)
{
	g_autoptr(GBytes) bytes = recorded();
	gsize length;
	const char *text = g_bytes_get_data(bytes, &length);
	guint refused = 0, taken = 0;

	for (gsize cut = 0; cut < length; cut += length / 50) {
		g_autofree char *copy = g_memdup2(text, cut + 1);
		g_autoptr(GError) error = NULL;

		g_assert_null(runner_profile_parse(copy, cut, &error));
		g_assert_nonnull(strstr(error->message, "line "));
	}
	for (guint i = 0; i < 60; i++) {
		g_autofree char *copy = g_memdup2(text, length);
		g_autoptr(GError) error = NULL;
		g_autoptr(RunnerProfile) profile = NULL;

		copy[30 + (gsize)i * (length - 40) / 60] = (char)(i % 3 == 0   ? '\0'
								  : i % 3 == 1 ? '7'
									       : 'x');
		profile = runner_profile_parse(copy, length, &error);
		if (profile) {
			g_autofree char *folded = runner_profile_fold(profile, 3, NULL, NULL);
			taken++;
		} else {
			refused++;
			g_assert_nonnull(strstr(error->message, "line "));
		}
	}
	g_assert_cmpuint(refused, >, 20);
	g_assert_cmpuint(taken, >, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/profile/stacks-are-folded-with-names", stacks_are_folded_with_names);
	g_test_add_func("/profile/shares-are-by-side", shares_are_by_side);
	g_test_add_func("/profile/without-names-a-side-is-one-frame",
			without_names_a_side_is_one_frame);
	g_test_add_func("/profile/blocks-are-instructions-by-function",
			blocks_are_instructions_by_function);
	g_test_add_func("/profile/a-damaged-file-is-refused", a_damaged_file_is_refused);
	g_test_add_func("/profile/a-recorded-boot-is-counted-as-it-was",
			a_recorded_boot_is_counted_as_it_was);
	g_test_add_func("/profile/a-damaged-recording-is-refused-or-read",
			a_damaged_recording_is_refused_or_read);
	return g_test_run();
}
