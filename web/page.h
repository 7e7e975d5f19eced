/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.h - what all pages share: what they are given, the frame around them,
 * and the small pieces (states, times, commits, values) that look the same
 * everywhere.
 *
 * A page is a function of the database and a request that writes its <main>.
 */
#ifndef XB_PAGE_H
#define XB_PAGE_H

#include "db.h"
#include "exchange.h"
#include "html.h"
#include "view.h"
#include "web-config.h"

typedef struct {
	const XbSite *site;
	XbDb *db; /* within one read transaction */
	const XbWebConfig *config;
	const XbWebRequest *request;
	int64_t now_ms;
	int64_t id;       /* the number in the path */
	const char *name; /* the name in the path */
	bool may_change;  /* the token was shown */
	bool has_plots;   /* uPlot is installed */
	/* What the page says of itself. */
	char *title;
	guint status; /* 200 */
	bool live;    /* it changes while somebody looks */
} XbPage;

/* False with @error: NOT_FOUND is 404, all else 500. */
typedef bool (*XbPageFunction)(XbPage *page, XbHtml *out, GError **error);

/* The whole document around @main. */
void xb_page_frame(const XbPage *page, XbHtml *out, const XbHtml *main);

/* ---- pieces -------------------------------------------------------------------- */

/* "culprit", "running", "boot-failed", ... as a badge: told apart by shape and word too. */
void xb_page_badge(XbHtml *out, const char *word);
/* "Bisect", "A/B", "Measurement". */
const char *xb_page_kind(XbJobKind kind);
/* One fact of a <dl class="facts">; nothing for "" and NULL. */
void xb_page_fact(XbHtml *out, const char *name, const char *value);
/* The same of a long hash, of which only the beginning is shown; the whole is its title. */
void xb_page_hash(XbHtml *out, const char *name, const char *hash);
/* An instant; "-" for 0. */
void xb_page_time(XbHtml *out, int64_t ms);
/* "1 h 02 min", "3.4 s"; caller frees. */
char *xb_seconds_text(double seconds);
/* "42.85 ms": seconds in the unit that fits, all else as it is; caller frees. */
char *xb_value_text(double value, const char *unit);
/* "+9.8 %"; "" when it is not known. Caller frees. */
char *xb_change_text(double ratio);
/* "0.4 %", "> 99.99 %": as the engine has it (tests/unit/probability-cases.h). Caller frees. */
char *xb_probability_text(double probability);
/* Twelve digits of an id, or an image's path. Caller frees. */
char *xb_short_id(const char *label);
/* A label and its input or select, for forms: the latter by the caller between these. */
void xb_page_field(XbHtml *out, const char *name, const char *label, const char *value,
		   const char *hint);
/* A button that posts; only for those who may change something. */
void xb_page_action(const XbPage *page, XbHtml *out, const char *path, const char *label);

/* Members of a JSON object: NULL or NAN when absent or of another type. */
const char *xb_json_text(const json_t *object, const char *name);
double xb_json_number(const json_t *object, const char *name);

/* ---- the pages ----------------------------------------------------------------- */
bool xb_page_overview(XbPage *page, XbHtml *out, GError **error);
bool xb_page_jobs(XbPage *page, XbHtml *out, GError **error);
bool xb_page_job(XbPage *page, XbHtml *out, GError **error);
bool xb_page_journal(XbPage *page, XbHtml *out, GError **error);
bool xb_page_hosts(XbPage *page, XbHtml *out, GError **error);
bool xb_page_login(XbPage *page, XbHtml *out, GError **error);

/* The table of hosts; @active: XbRun* that run. */
bool xb_page_host_rows(XbPage *page, XbHtml *out, const GPtrArray *hosts, const GPtrArray *active,
		       GError **error);

/* By xb_page_job(), for its kind. */
bool xb_page_bisect(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view, GError **error);
bool xb_page_ab(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view, GError **error);
/* By xb_page_ab(), for more than two sides. */
bool xb_page_compare(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view,
		     GError **error);

/* Pieces that pages of jobs share. */
void xb_page_job_head(XbPage *page, XbHtml *out, const XbJobData *data, json_t *view);
void xb_page_job_tail(XbPage *page, XbHtml *out, const XbJobData *data);
void xb_page_steps(XbPage *page, XbHtml *out, const XbJobData *data, double reference);
void xb_page_job_rows(XbHtml *out, const GPtrArray *jobs);

#endif
