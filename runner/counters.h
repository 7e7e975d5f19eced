/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters.h - what xbisect-dom0 counted in dom0, as events. Pure: a line of
 * its output in ("counter PHASE NAME WHERE VALUE UNIT PER WHAT", see
 * dom0/counters.h), events out:
 *
 *   {"event":"counter", "phase":"unmap", "name":"ptwr-emulation", "iteration":0,
 *    "value":1.0002, "unit":"1/page", "count":16388, "per":16384}
 *
 * is a total; one of its places has in addition "symbol", the function (or
 * the hypercall, or the line of /proc/vmstat), and for an address "address"
 * and "offset" (hexadecimal). A guest address that the map of symbols does not know
 * has the address for its symbol; one below the kernel has "user".
 *
 * Totals of the trace are samples as well, of the metric PHASE.NAME, so that
 * a search can follow a count; of a phase that lost records none is. They are
 * at least XB_COUNTER_LEAST (common/counter.h).
 * Where guest time is executed instructions, so is PHASE.instructions.
 */
#ifndef XB_RUNNER_COUNTERS_H
#define XB_RUNNER_COUNTERS_H

#include <jansson.h>
#include <stdbool.h>

#include "symbols.h"

typedef struct RunnerCounters RunnerCounters;

/* Takes @symbols (NULL: none). @ns_per_instruction: 0 where time is no count. */
RunnerCounters *runner_counters_new(RunnerSymbols *symbols, double ns_per_instruction);
void runner_counters_free(RunnerCounters *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunnerCounters, runner_counters_free)

/*
 * The events that @line stands for, each a new reference, in the order in
 * which they are to be emitted. Empty for a line that is no counter, and
 * after 20,000 of them: a kernel under test may print anything.
 */
GPtrArray *runner_counters_take(RunnerCounters *self, const char *line);

/* @metric has had a sample. */
bool runner_counters_sampled(const RunnerCounters *self, const char *metric);

#endif
