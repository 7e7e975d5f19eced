/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page.c - the frame around pages and their small pieces; see page.h. */
#include "page.h"

#include <math.h>
#include <string.h>

/* ---- the frame ------------------------------------------------------------------ */

static const struct {
	const char *path, *label;
} places[] = {
	{ "/", "Overview" },     { "/jobs", "Jobs" },   { "/branches", "Branches" },
	{ "/alerts", "Alerts" }, { "/hosts", "Hosts" }, { "/queue", "Queue a job" },
};

void xb_page_frame(const XbPage *page, XbHtml *out, const XbHtml *main)
{
	const char *here = page->request ? page->request->path : "";

	xb_html(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<title>%s - xbisect</title>\n"
		"<link rel=\"icon\" href=\"/static/icon.svg\">\n"
		"<link rel=\"stylesheet\" href=\"/static/style.css\">\n",
		page->title ? page->title : "xbisect");
	if (page->live)
		xb_html(out, "<meta name=\"live\" content=\"on\">\n");
	if (page->has_plots)
		xb_html(out, "<link rel=\"stylesheet\" href=\"/static/uPlot.min.css\">\n"
			     "<script src=\"/static/uPlot.iife.min.js\" defer></script>\n");
	xb_html(out, "<script src=\"/static/page.js\" defer></script>\n</head>\n<body>\n"
		     "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>"
		     "<nav aria-label=\"Pages\"><a class=\"brand\" href=\"/\"><img "
		     "src=\"/static/icon.svg\" alt=\"\">xbisect</a>");
	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		xb_html(out,
			strcmp(here, places[i].path) == 0
				? "<a href=\"%s\" aria-current=\"page\">%s</a>"
				: "<a href=\"%s\">%s</a>",
			places[i].path, places[i].label);
	xb_html(out, "</nav><div class=\"who\">");
	if (page->may_change)
		xb_html(out, "<form method=\"post\" action=\"/logout\"><button>Forget the "
			     "token</button></form>");
	else
		xb_html(out, "<a href=\"/login\">Show the token</a>");
	xb_html(out, "</div></header>\n<main id=\"main\" tabindex=\"-1\">\n");
	xb_html_append(out, main);
	xb_html(out,
		"</main>\n<footer>xbisect %s. <a href=\"/api/v1/openapi.json\">API</a>, "
		"<a href=\"/metrics\">metrics</a>. <span id=\"live\" "
		"role=\"status\"></span></footer>\n</body>\n</html>\n",
		XB_VERSION);
}

/* ---- pieces -------------------------------------------------------------------- */

/* A word's look: colour class and a mark, since colour alone tells nobody who cannot see it. */
static const struct {
	const char *word, *class, *mark;
} badges[] = {
	{ "queued", "wait", "\342\200\246" },
	{ "starting", "wait", "\342\200\246" },
	{ "running", "run", "\342\226\266" },
	{ "measuring", "run", "\342\226\266" },
	{ "done", "good", "\342\234\223" },
	{ "ok", "good", "\342\234\223" },
	{ "online", "good", "\342\234\223" },
	{ "measured", "good", "\342\234\223" },
	{ "culprit", "bad", "\342\227\206" },
	{ "different", "bad", "\342\227\206" },
	{ "range", "warn", "\342\207\224" },
	{ "unresolved", "warn", "?" },
	{ "none", "good", "=" },
	{ "same", "good", "=" },
	{ "fixed", "good", "\342\234\223" },
	{ "failed", "fail", "\303\227" },
	{ "cancelled", "off", "\342\226\240" },
	{ "offline", "fail", "\303\227" },
	{ "build-failed", "fail", "\303\227" },
	{ "boot-failed", "fail", "!" },
	{ "workload-failed", "fail", "!" },
	{ "host-trouble", "warn", "!" },
	{ "drained", "off", "\342\226\240" },
	{ "unknown", "warn", "?" },
	{ "suspect", "warn", "!" },
	{ "quarantined", "fail", "\303\227" },
	{ "outside its limits", "warn", "!" },
	{ "host", "bad", "!" },
	{ "waiting", "wait", "\342\200\246" },
	{ "sending", "run", "\342\226\266" },
	{ "delivered", "good", "\342\234\223" },
	{ "dropped", "off", "\342\226\240" },
};

void xb_page_badge(XbHtml *out, const char *word)
{
	const char *class = "off", *mark = "";

	for (guint i = 0; i < G_N_ELEMENTS(badges); i++) {
		if (g_strcmp0(badges[i].word, word) == 0) {
			class = badges[i].class;
			mark = badges[i].mark;
		}
	}
	xb_html(out, "<span class=\"badge %s\"><span aria-hidden=\"true\">%s</span> %s</span>",
		class, mark, word);
}

const char *xb_page_kind(XbJobKind kind)
{
	return kind == XB_JOB_BISECT ? "Bisect" : kind == XB_JOB_AB ? "A/B" : "Measurement";
}

void xb_page_fact(XbHtml *out, const char *name, const char *value)
{
	if (value && *value)
		xb_html(out, "<div><dt>%s</dt><dd>%s</dd></div>", name, value);
}

void xb_page_hash(XbHtml *out, const char *name, const char *hash)
{
	if (hash && *hash)
		xb_html(out,
			"<div><dt>%s</dt><dd><code class=\"hash\" "
			"title=\"%s\">%s</code></dd></div>",
			name, hash, hash);
}

void xb_page_time(XbHtml *out, int64_t ms)
{
	g_autoptr(GDateTime) time = ms ? g_date_time_new_from_unix_utc(ms / 1000) : NULL;
	g_autofree char *shown = time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : NULL;
	g_autofree char *exact = time ? g_date_time_format_iso8601(time) : NULL;

	if (time)
		xb_html(out, "<time datetime=\"%s\">%s UTC</time>", exact, shown);
	else
		xb_html(out, "-");
}

char *xb_seconds_text(double seconds)
{
	if (!isfinite(seconds) || seconds < 0)
		return g_strdup("-");
	if (seconds < 10)
		return g_strdup_printf("%.1f s", seconds);
	if (seconds < 120)
		return g_strdup_printf("%.0f s", seconds);
	if (seconds < 3600)
		return g_strdup_printf("%d min %02d s", (int)seconds / 60, (int)seconds % 60);
	if (seconds < 48 * 3600)
		return g_strdup_printf("%d h %02d min", (int)seconds / 3600,
				       (int)seconds % 3600 / 60);
	return g_strdup_printf("%.1f days", seconds / 86400);
}

char *xb_value_text(double value, const char *unit)
{
	static const struct {
		double factor;
		const char *unit;
	} steps[] = { { 1, "s" }, { 1e3, "ms" }, { 1e6, "\302\265s" }, { 1e9, "ns" } };
	double size = fabs(value);

	if (!isfinite(value))
		return g_strdup("-");
	for (guint i = 0; g_strcmp0(unit, "s") == 0 && size > 0 && i < G_N_ELEMENTS(steps); i++)
		if (size * steps[i].factor >= 1 || i == G_N_ELEMENTS(steps) - 1)
			return g_strdup_printf("%.5g %s", value * steps[i].factor, steps[i].unit);
	return g_strdup_printf("%.5g%s%s", value, unit && *unit ? " " : "", unit ? unit : "");
}

char *xb_change_text(double ratio)
{
	return isfinite(ratio) ? g_strdup_printf("%+.2f %%", (ratio - 1) * 100) : g_strdup("");
}

char *xb_probability_text(double probability)
{
	int decimals = probability > 0.99 ? 2 : 1;
	double step = pow(10, -decimals), percent = 100 * probability;

	if (!isfinite(probability) || probability < 0)
		return g_strdup("-");
	if (percent >=
	    100 - step / 2) /* one is what is left when the rest is too small to be told */
		return g_strdup_printf("> %.*f %%", decimals, 100 - step);
	if (percent < step / 2)
		return g_strdup_printf("< %.*f %%", decimals, step);
	return g_strdup_printf("%.*f %%", decimals, percent);
}

char *xb_short_id(const char *label)
{
	bool is_id = strlen(label) == 40 && strspn(label, "0123456789abcdef") == 40;

	return is_id ? g_strndup(label, 12) : g_path_get_basename(label);
}

void xb_page_field(XbHtml *out, const char *name, const char *label, const char *value,
		   const char *hint)
{
	xb_html(out,
		"<p class=\"field\"><label for=\"f-%s\">%s</label>"
		"<input id=\"f-%s\" name=\"%s\" value=\"%s\" autocomplete=\"off\"",
		name, label, name, name, value ? value : "");
	if (hint)
		xb_html(out,
			" aria-describedby=\"h-%s\"><span class=\"hint\" id=\"h-%s\">%s</span>",
			name, name, hint);
	else
		xb_html(out, ">");
	xb_html(out, "</p>\n");
}

void xb_page_action(const XbPage *page, XbHtml *out, const char *path, const char *label)
{
	if (page->may_change)
		xb_html(out, "<form method=\"post\" action=\"%s\"><button>%s</button></form>\n",
			path, label);
}

const char *xb_json_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

double xb_json_number(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	return json_is_number(value) ? json_number_value(value) : NAN;
}
