/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xenperf.c - see xenperf.h. */
#include "xenperf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* As in domain.c. */
#undef __STRICT_ANSI__
#include <xenctrl.h>

#define COUNTERS_MAX 4096
#define VALUES_MAX   (1 << 20)

struct XenPerf {
	xc_interface *xc;
	int n_names, n_values;
	char (*names)[sizeof(((xc_perfc_desc_t *)0)->name)];
};

static void copy_name(char *to, const char *from, size_t size)
{
	/* One word of printable characters, as a counter line wants it. */
	memcpy(to, from, size - 1);
	to[size - 1] = '\0';
	for (char *at = to; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("_.:/", *at))
			*at = '-';
}

bool xenperf_read(XenPerf *self, uint32_t *values)
{
	DECLARE_HYPERCALL_BUFFER(xc_perfc_desc_t, desc);
	DECLARE_HYPERCALL_BUFFER(xc_perfc_val_t, val);
	bool ok = false;
	int at = 0;

	desc = xc_hypercall_buffer_alloc(self->xc, desc, sizeof(*desc) * (size_t)self->n_names);
	val = xc_hypercall_buffer_alloc(self->xc, val, sizeof(*val) * (size_t)self->n_values);
	if (desc && val &&
	    xc_perfc_query(self->xc, HYPERCALL_BUFFER(desc), HYPERCALL_BUFFER(val)) == 0) {
		ok = true;
		for (int i = 0; i < self->n_names; i++) {
			copy_name(self->names[i], desc[i].name, sizeof(desc[i].name));
			values[i] = 0;
			for (uint32_t j = 0; j < desc[i].nr_vals && at < self->n_values; j++)
				values[i] += val[at++];
		}
	}
	if (val)
		xc_hypercall_buffer_free(self->xc, val);
	if (desc)
		xc_hypercall_buffer_free(self->xc, desc);
	return ok;
}

XenPerf *xenperf_open(void)
{
	XenPerf *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->xc = xc_interface_open(NULL, NULL, 0);
	if (self->xc && xc_perfc_query_number(self->xc, &self->n_names, &self->n_values) == 0 &&
	    self->n_names > 0 && self->n_names <= COUNTERS_MAX && self->n_values > 0 &&
	    self->n_values <= VALUES_MAX)
		self->names = calloc((size_t)self->n_names, sizeof(*self->names));
	if (self->names)
		return self;
	xenperf_close(self);
	return NULL;
}

size_t xenperf_count(const XenPerf *self)
{
	return (size_t)self->n_names;
}

const char *xenperf_name(const XenPerf *self, size_t i)
{
	return self->names[i];
}

void xenperf_close(XenPerf *self)
{
	if (!self)
		return;
	if (self->xc)
		xc_interface_close(self->xc);
	free(self->names);
	free(self);
}
