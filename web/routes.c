/* SPDX-License-Identifier: GPL-2.0-or-later */
/* routes.c - the addresses of the pages. */
#include "site.h"

const XbRoute xb_routes_pages[] = {
	{ "GET", "/", xb_page_overview, NULL, XB_NEEDS_READ },
	{ "GET", "/jobs", xb_page_jobs, NULL, XB_NEEDS_READ },
	{ "GET", "/job/%", xb_page_job, NULL, XB_NEEDS_READ },
	{ "GET", "/job/%/log", xb_page_journal, NULL, XB_NEEDS_READ },
	{ "GET", "/hosts", xb_page_hosts, NULL, XB_NEEDS_READ },
	{ "GET", "/login", xb_page_login, NULL, XB_NEEDS_NOTHING | XB_NEEDS_NO_DB },
	{ 0 },
};
