/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-trace.c - Xen's trace records and the counts made of them, from bytes
 * that Xen wrote (trace.fixtures/record.c says how), whole and damaged.
 */
#include "tally.h"

#include <glib.h>
#include <string.h>

#define FIXTURES "tests/unit/runner-dom0/trace.fixtures/"
#define WRAP_AT  5764 /* in "wrapped": where the buffer began again */

/* Of Debian's 6.12 kernel that was traced. */
#define PTWR_RIP G_GUINT64_CONSTANT(0xffffffff8138ac7b)

static void tally_one(const TraceRecord *record, void *data)
{
	tally_record(data, record);
}

static guint8 *read_fixture(const char *name, gsize *length)
{
	g_autofree char *path = g_strconcat(FIXTURES, name, ".trace", NULL);
	g_autoptr(GError) error = NULL;
	char *data = NULL;

	g_file_get_contents(path, &data, length, &error);
	g_assert_no_error(error);
	return (guint8 *)data;
}

/* All of @data as one buffer that has just been filled. */
static bool drain_all(const guint8 *data, gsize length, Tally *tally)
{
	bool broken = false;
	guint32 cons =
		trace_drain(data, (guint32)length, 0, (guint32)length, tally_one, tally, &broken);

	g_assert_cmpuint(cons, ==, length);
	return !broken;
}

static guint64 count_of(const Tally *tally, TraceKind kind, guint64 key)
{
	for (guint i = 0; i < TALLY_ROWS; i++)
		if (tally->rows[i].count && tally->rows[i].kind == kind &&
		    tally->rows[i].key == key)
			return tally->rows[i].count;
	return 0;
}

static void a_recorded_map_and_unmap_is_counted(void)
{
	g_autofree Tally *tally = g_new0(Tally, 1);
	gsize length;
	g_autofree guint8 *data = read_fixture("map-unmap", &length);

	g_assert_true(drain_all(data, length, tally));
	/* 256 pages, each unmapped by a write that Xen emulated, all from one place. */
	g_assert_cmpuint(tally->totals[TRACE_PTWR_EMULATION], ==, 256);
	g_assert_cmpuint(count_of(tally, TRACE_PTWR_EMULATION, PTWR_RIP), ==, 256);
	g_assert_cmpuint(tally->totals[TRACE_HYPERCALL], ==, 74);
	g_assert_cmpuint(tally->totals[TRACE_SUBCALL], ==, 4);
	g_assert_cmpuint(tally->totals[TRACE_PAGE_FAULT], ==, 0);
	g_assert_cmpuint(tally->totals[TRACE_LOST], ==, 0);
	g_assert_cmpuint(tally->malformed, ==, 0);
	g_assert_cmpuint(tally->records, ==, 358);
	tally_sort(tally);
	g_assert_cmpint(tally->rows[0].kind, ==, TRACE_PTWR_EMULATION);
	g_assert_cmpint(tally->rows[1].kind, ==, TRACE_HYPERCALL);
	g_assert_cmpuint(count_of(tally, TRACE_HYPERCALL, 1), ==, 20); /* mmu_update */
	g_assert_cmpuint(tally->rows[1].count, >=, tally->rows[2].count);
}

static void a_buffer_that_wraps_is_read_on(void)
{
	g_autofree Tally *tally = g_new0(Tally, 1);
	gsize length;
	g_autofree guint8 *data = read_fixture("wrapped", &length);
	const guint32 size = 16384;
	g_autofree guint8 *ring = g_malloc0(size);
	bool broken = false;

	/* Second half of the round that cons and prod make, and back to its start. */
	memcpy(ring + size - WRAP_AT, data, WRAP_AT);
	memcpy(ring, data + WRAP_AT, length - WRAP_AT);
	guint32 cons = trace_drain(ring, size, 2 * size - WRAP_AT, (guint32)length - WRAP_AT,
				   tally_one, tally, &broken);
	g_assert_false(broken);
	g_assert_cmpuint(cons, ==, length - WRAP_AT);
	g_assert_cmpuint(tally->totals[TRACE_PTWR_EMULATION], ==, 256);
	/* The record that fills the end of the buffer is none of the guest's. */
	g_assert_cmpuint(tally->records, ==, 328);
}

static void lost_records_are_told(void)
{
	g_autofree Tally *tally = g_new0(Tally, 1);
	gsize length;
	g_autofree guint8 *data = read_fixture("lost", &length);

	g_assert_true(drain_all(data, length, tally));
	g_assert_cmpuint(tally->totals[TRACE_LOST], ==, 33627);
	g_assert_cmpuint(tally->totals[TRACE_HYPERCALL], ==, 3);
}

static void a_cut_off_record_is_seen(void)
{
	gsize length;
	g_autofree guint8 *data = read_fixture("map-unmap", &length);
	guint whole = 0;

	for (gsize cut = 0; cut < 2000; cut++) {
		g_autofree Tally *tally = g_new0(Tally, 1);
		/* Its own allocation, so that a byte too far is caught. */
		g_autofree guint8 *part = g_memdup2(data, cut);

		if (drain_all(part, cut, tally))
			whole++;
		g_assert_cmpuint(tally->records, <=, cut / 4);
	}
	/* Only where it was cut between two records. */
	g_assert_cmpuint(whole, >, 10);
	g_assert_cmpuint(whole, <, 2000 / 16);
}

static void damage_ends_and_stays_within_bounds(void)
{
	gsize length;
	g_autofree guint8 *data = read_fixture("map-unmap", &length);

	for (guint i = 0; i < 3000; i++) {
		g_autofree Tally *tally = g_new0(Tally, 1);
		g_autofree guint8 *bad = g_memdup2(data, 1024);

		/* Every bit of the first records, then random ones. */
		bad[i < 1024 ? i / 8 : (guint)g_test_rand_int_range(0, 1024)] ^= 1u << (i % 8);
		drain_all(bad, 1024, tally);
		g_assert_cmpuint(tally->totals[TRACE_PTWR_EMULATION], <=, 1024 / 36 + 1);
	}
}

static void places_out_of_range_are_refused(void)
{
	static const struct {
		guint32 size, cons, prod;
	} rows[] = { { 0, 0, 0 },     { 64, 128, 0 },        { 64, 0, 128 },    { 64, 0, 68 },
		     { 64, 100, 60 }, { 64, 0xffffffff, 4 }, { 64, 4, 1000000 } };
	guint8 data[64] = { 0 };

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree Tally *tally = g_new0(Tally, 1);
		bool broken = false;

		g_assert_cmpuint(trace_drain(data, rows[i].size, rows[i].cons, rows[i].prod,
					     tally_one, tally, &broken),
				 ==, rows[i].prod);
		g_assert_true(broken);
		g_assert_cmpuint(tally->records, ==, 0);
	}
}

static void a_record_too_short_for_its_key_is_counted_as_malformed(void)
{
	g_autofree Tally *tally = g_new0(Tally, 1);
	const TraceRecord record = { .event = 0x20110b, .n_extra = 5 };

	tally_record(tally, &record);
	g_assert_cmpuint(tally->malformed, ==, 1);
	g_assert_cmpuint(tally->totals[TRACE_PTWR_EMULATION], ==, 0);
}

static void hypercalls_have_the_names_of_today(void)
{
	g_assert_cmpstr(trace_hypercall_name(1), ==, "mmu_update");
	g_assert_cmpstr(trace_hypercall_name(14), ==, "update_va_mapping");
	g_assert_cmpstr(trace_hypercall_name(29), ==, "sched_op");
	g_assert_null(trace_hypercall_name(11));
	g_assert_null(trace_hypercall_name(0xfffff));
}

static void more_places_than_rows_stay_in_the_total(void)
{
	g_autofree Tally *tally = g_new0(Tally, 1);
	guint64 sum = 0;

	for (guint64 i = 0; i < 10000; i++)
		tally_add(tally, TRACE_PAGE_FAULT, i * 8, 1 + i % 3);
	for (guint64 i = 0; i < 10000; i++)
		sum += 1 + i % 3;
	g_assert_cmpuint(tally->totals[TRACE_PAGE_FAULT], ==, sum);
	g_assert_cmpuint(tally->n_rows, <, TALLY_ROWS);
	tally_add(tally, TRACE_PAGE_FAULT, 8, 100); /* an old row still grows */
	tally_sort(tally);
	g_assert_cmpuint(tally->rows[0].key, ==, 8);
	g_assert_cmpuint(tally->rows[tally->n_rows - 1].count, >, 0);
	g_assert_cmpuint(tally->rows[tally->n_rows].count, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trace/a-recorded-map-and-unmap-is-counted",
			a_recorded_map_and_unmap_is_counted);
	g_test_add_func("/trace/a-buffer-that-wraps-is-read-on", a_buffer_that_wraps_is_read_on);
	g_test_add_func("/trace/lost-records-are-told", lost_records_are_told);
	g_test_add_func("/trace/a-cut-off-record-is-seen", a_cut_off_record_is_seen);
	g_test_add_func("/trace/damage-ends-and-stays-within-bounds",
			damage_ends_and_stays_within_bounds);
	g_test_add_func("/trace/places-out-of-range-are-refused", places_out_of_range_are_refused);
	g_test_add_func("/trace/a-record-too-short-for-its-key-is-counted-as-malformed",
			a_record_too_short_for_its_key_is_counted_as_malformed);
	g_test_add_func("/trace/hypercalls-have-the-names-of-today",
			hypercalls_have_the_names_of_today);
	g_test_add_func("/trace/more-places-than-rows-stay-in-the-total",
			more_places_than_rows_stay_in_the_total);
	return g_test_run();
}
