/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plot.h - every boot of a job as a picture: one column a measured commit in
 * the order of the range, one dot a boot. Pure.
 */
#ifndef XB_PLOT_H
#define XB_PLOT_H

#include <glib.h>
#include <jansson.h>

/* SVG of @job (JOB of control.h); NULL when it has no boot to show. Caller frees. */
char *xb_plot_svg(const json_t *job);

#endif
