/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explanation.h - the section that says why one side costs more: a sentence,
 * and the counters that differ.
 */
#ifndef XB_WEB_EXPLANATION_H
#define XB_WEB_EXPLANATION_H

#include "page.h"

/* Nothing for a job whose verdict is no difference, or that counted nothing. */
void xb_explanation_section(XbPage *page, XbHtml *out, const XbJobData *data);

/* The same of one variant among several, called @name; @explanation may be NULL. */
void xb_explanation_variant(XbHtml *out, json_t *explanation, const char *name);

#endif
