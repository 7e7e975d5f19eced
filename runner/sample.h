/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample.h - "METRIC VALUE UNIT": how a workload prints what it measured. */
#ifndef XB_RUNNER_SAMPLE_H
#define XB_RUNNER_SAMPLE_H

#include <glib.h>
#include <stdbool.h>

typedef struct {
	char metric[65];
	char unit[17];
	double value; /* finite */
} Sample;

/* False when @line is something else that the program printed. */
bool runner_sample_parse(const char *line, Sample *sample);

#endif
