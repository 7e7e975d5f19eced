/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counters.c - see counters.h. */
#include "counters.h"

#include "pmu.h"
#include "vmstat.h"
#include "xenperf.h"
#include "xentrace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PLACES_SHOWN 16 /* of one kind: the most frequent */
#define SETTLE_NS    (200 * 1000 * 1000)

/* What was counted in one phase. */
typedef struct {
	char name[32], what[16];
	uint64_t per;
	uint64_t begin_ns, end_ns;
	Tally tally;
	Vmstat vmstat[2]; /* before and after */
	uint64_t pmu[2][PMU_COUNT];
	bool has_pmu[PMU_COUNT];
	uint32_t *perf[2];
} Phase;

struct Counters {
	CountersPass pass;
	XenTrace *trace;
	XenPerf *perf;
	Pmu pmu;
	Phase *phases[COUNTERS_PHASES];
	unsigned int n_phases;
	Phase *open; /* the phase that runs */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Whoever reads what the timed iterations printed has its turn first. */
static void settle(void)
{
	const struct timespec pause = { 0, SETTLE_NS };

	fflush(stdout);
	nanosleep(&pause, NULL);
}

Counters *counters_open(CountersPass pass)
{
	Counters *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->pass = pass;
	/* Xen says on the console that it traces: not into a line that is being written. */
	settle();
	if (pass == COUNTERS_TRACED) {
		self->trace = xentrace_open();
		if (!self->trace) {
			free(self);
			return NULL;
		}
	} else {
		self->perf = xenperf_open();
		pmu_open(&self->pmu);
	}
	settle();
	return self;
}

static void phase_free(Phase *phase)
{
	if (!phase)
		return;
	free(phase->perf[0]);
	free(phase->perf[1]);
	free(phase);
}

static Phase *phase_new(const Counters *self)
{
	Phase *phase = calloc(1, sizeof(*phase));
	size_t n = self->perf ? xenperf_count(self->perf) : 0;

	for (int i = 0; phase && n > 0 && i < 2; i++) {
		phase->perf[i] = calloc(n, sizeof(*phase->perf[i]));
		if (!phase->perf[i]) {
			phase_free(phase);
			return NULL;
		}
	}
	/* Its pages are there before the phase begins: a fault would be counted. */
	for (size_t at = 0; phase && at < sizeof(*phase); at += 4096)
		((volatile char *)phase)[at] = 0;
	return phase;
}

/* @side 0: before the phase, 1: after it. */
static void read_plain(Counters *self, Phase *phase, int side)
{
	if (self->perf && !xenperf_read(self->perf, phase->perf[side])) {
		xenperf_close(self->perf);
		self->perf = NULL;
	}
	vmstat_read(&phase->vmstat[side]);
	for (int i = 0; i < PMU_COUNT; i++)
		phase->has_pmu[i] = pmu_read(&self->pmu, i, &phase->pmu[side][i]) &&
				    (side == 0 || phase->has_pmu[i]);
}

void counters_begin(Counters *self)
{
	if (!self || self->n_phases == COUNTERS_PHASES)
		return;
	self->open = phase_new(self);
	if (!self->open) {
		fprintf(stderr, "xbisect-dom0: no memory for counters\n");
		return;
	}
	if (self->pass == COUNTERS_PLAIN)
		read_plain(self, self->open, 0);
	else
		xentrace_discard(self->trace);
	self->open->begin_ns = now_ns();
}

void counters_poll(Counters *self)
{
	if (self && self->open && self->trace)
		xentrace_drain(self->trace, &self->open->tally);
}

void counters_end(Counters *self, const char *phase, uint64_t per, const char *what)
{
	Phase *open = self ? self->open : NULL;

	if (!open)
		return;
	open->end_ns = now_ns();
	if (self->pass == COUNTERS_PLAIN)
		read_plain(self, open, 1);
	else
		xentrace_finish(self->trace, &open->tally);
	snprintf(open->name, sizeof(open->name), "%s", phase);
	snprintf(open->what, sizeof(open->what), "%s", what);
	open->per = per ? per : 1;
	self->phases[self->n_phases++] = open;
	self->open = NULL;
}

/* ---- printing ------------------------------------------------------------------ */

static void print_line(const Phase *phase, const char *name, const char *where, int64_t value,
		       const char *unit)
{
	printf("counter %s %s %s %" PRId64 " %s %" PRIu64 " %s\n", phase->name, name, where, value,
	       unit, phase->per, phase->what);
}

static void print_plain(const Counters *self, const Phase *phase)
{
	print_line(phase, "time", "-", (int64_t)(phase->end_ns - phase->begin_ns), "ns");
	for (int i = 0; i < PMU_COUNT; i++)
		if (phase->has_pmu[i])
			print_line(phase, pmu_names[i], "-",
				   (int64_t)(phase->pmu[1][i] - phase->pmu[0][i]), "1");
	for (size_t i = 0; i < phase->vmstat[1].n; i++) {
		int64_t grown = vmstat_grown(&phase->vmstat[0], &phase->vmstat[1], i);

		if (grown != 0 && vmstat_counts_events(&phase->vmstat[1].rows[i]))
			print_line(phase, "vmstat", phase->vmstat[1].rows[i].name, grown, "1");
	}
	for (size_t i = 0; self->perf && i < xenperf_count(self->perf); i++) {
		uint32_t grown = phase->perf[1][i] - phase->perf[0][i];

		if (grown != 0)
			print_line(phase, "xen-perfc", xenperf_name(self->perf, i), grown, "1");
	}
}

static const char *row_place(const TallyRow *row, char *text, size_t size)
{
	const char *name = NULL;

	if (row->kind == TRACE_HYPERCALL || row->kind == TRACE_SUBCALL)
		name = trace_hypercall_name(row->key);
	if (name)
		return name;
	snprintf(text, size, trace_kind_has_address(row->kind) ? "0x%016" PRIx64 : "%" PRIu64,
		 row->key);
	return text;
}

static void print_traced(const Counters *self, Phase *phase)
{
	Tally *tally = &phase->tally;
	unsigned int shown[TRACE_KINDS] = { 0 };

	print_line(phase, "time-traced", "-", (int64_t)(phase->end_ns - phase->begin_ns), "ns");
	if (xentrace_broken(self->trace) || tally->malformed > 0)
		fprintf(stderr, "xbisect-dom0: %s: Xen's trace is not as Xen writes it\n",
			phase->name);
	if (tally->totals[TRACE_LOST] > 0)
		fprintf(stderr,
			"xbisect-dom0: %s: %" PRIu64 " trace records were lost, counts are too "
			"low\n",
			phase->name, tally->totals[TRACE_LOST]);
	if (xentrace_broken(self->trace))
		return;
	/* Zeros as well: that something did not happen is a finding. */
	for (TraceKind kind = 0; kind < TRACE_KINDS; kind++)
		print_line(phase, trace_kind_names[kind], "-", (int64_t)tally->totals[kind], "1");
	tally_sort(tally);
	for (unsigned int i = 0; i < tally->n_rows; i++) {
		const TallyRow *row = &tally->rows[i];
		char text[32];

		if (row->kind == TRACE_LOST || row->kind == TRACE_CONTEXT_SWITCH ||
		    ++shown[row->kind] > PLACES_SHOWN)
			continue;
		print_line(phase, trace_kind_names[row->kind], row_place(row, text, sizeof(text)),
			   (int64_t)row->count, "1");
	}
}

void counters_close(Counters *self)
{
	if (!self)
		return;
	for (unsigned int i = 0; i < self->n_phases; i++) {
		if (self->pass == COUNTERS_PLAIN)
			print_plain(self, self->phases[i]);
		else
			print_traced(self, self->phases[i]);
		phase_free(self->phases[i]);
	}
	fflush(stdout);
	phase_free(self->open);
	xentrace_close(self->trace);
	if (self->pass == COUNTERS_PLAIN)
		pmu_close(&self->pmu);
	xenperf_close(self->perf);
	free(self);
}
