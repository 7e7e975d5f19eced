/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-profile.h - where instructions (or samples) go: flame graphs of a boot, and of two. */
#ifndef XB_PAGE_PROFILE_H
#define XB_PAGE_PROFILE_H

#include "run.h"

/* A section of a job's page: the change, when both sides were profiled. */
void xb_page_profile_job(XbPage *page, XbHtml *out, const XbJobData *data);

/* The same of variant @node against the base, of a job with several. */
void xb_page_profile_variant(XbPage *page, XbHtml *out, const XbJobData *data, guint node);

/* A section of a boot's page, when it is a profile. */
void xb_page_profile_run(XbPage *page, XbHtml *out, const XbRunData *data);

#endif
