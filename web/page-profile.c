/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page-profile.c - see page-profile.h. */
#include "page-profile.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "ab-boots.h"
#include "flame.h"
#include "profile-view.h"
#include "site.h"

/* Add a run's file to @side of @tree; false when it is not there or no folded text. */
static bool add_file(const XbPage *page, const XbRun *run, const char *name, double entries,
		     XbFolded *tree, guint side)
{
	uint64_t size = 0;
	int fd = xb_run_is_profile_name(name) ? xb_run_open(page->config, run, name, &size) : -1;
	g_autofree char *text = NULL;
	gsize done = 0;
	ssize_t got = 1;

	if (fd < 0)
		return false;
	if (size <= XB_FOLDED_BYTES_MAX)
		text = g_malloc(size + 1);
	while (text && done < size && (got = read(fd, text + done, size - done)) > 0)
		done += (gsize)got;
	close(fd);
	return text && xb_folded_add(tree, side, text, done, 1 / fmax(entries, 1), NULL);
}

static double entries_of(const json_t *phase)
{
	return xb_json_number(phase, "entries") >= 1 ? xb_json_number(phase, "entries") : 1;
}

static const json_t *find_phase(const json_t *event, const char *name)
{
	size_t i;
	json_t *phase;

	json_array_foreach(json_object_get(event, "phases"), i,
			   phase) if (g_strcmp0(xb_json_text(phase, "phase"), name) ==
				      0) return phase;
	return NULL;
}

static const char *unit_of(const json_t *event)
{
	const char *unit = xb_json_text(event, "unit");

	return unit ? unit : "instructions";
}

static void put_share(XbHtml *out, double value)
{
	if (isfinite(value))
		xb_html(out, "<td class=\"n\">%.1f %%</td>", 100 * value);
	else
		xb_html(out, "<td></td>");
}

/* ---- one boot --------------------------------------------------------------------- */

static void put_run_phase(XbPage *page, XbHtml *out, const XbRunData *data, const json_t *event,
			  const json_t *phase, bool open)
{
	g_autoptr(XbFolded) tree = xb_folded_new();
	const char *name = xb_json_text(phase, "phase"), *file = xb_json_text(phase, "file");
	double all = xb_json_number(phase, "instructions");
	g_autofree char *caption = NULL;

	if (!name || !file)
		return;
	xb_html(out, "<details%s><summary>%s", open ? " open" : "", name);
	if (isfinite(all) && all > 0 && isfinite(xb_json_number(phase, "xen")))
		xb_html(out, ": %.0f %s, %.1f %% of them in Xen, %.1f %% in dom0&#39;s kernel", all,
			unit_of(event), 100 * xb_json_number(phase, "xen") / all,
			100 * xb_json_number(phase, "kernel") / all);
	xb_html(out, "</summary>\n");
	caption = g_strdup_printf("%s, %s each time", name, unit_of(event));
	if (add_file(page, data->run, file, entries_of(phase), tree, 0)) {
		xb_flame(out, tree, XB_FLAME_BASE, unit_of(event), caption);
		xb_html(out,
			"<p><a href=\"/run/%lld/raw?name=%s\">Folded stacks</a>, for other "
			"tools</p>\n",
			(long long)data->run->id, file);
	} else {
		xb_html(out, "<p>Its file is not there, or holds no folded stacks.</p>\n");
	}
	xb_html(out, "</details>\n");
}

void xb_page_profile_run(XbPage *page, XbHtml *out, const XbRunData *data)
{
	g_autoptr(json_t) event = xb_profile_event(page->db, data->run->id);
	size_t i;
	json_t *phase;

	if (!event)
		return;
	xb_html(out, "<section id=\"profile\"><h2>Profile</h2>\n");
	if (json_is_false(json_object_get(event, "kernel_names")))
		xb_html(out, "<p>This kernel came without a System.map: its functions have no "
			     "names.</p>\n");
	if (json_is_true(json_object_get(event, "full")))
		xb_html(out, "<p>There was more than the profile has room for.</p>\n");
	json_array_foreach(json_object_get(event, "phases"), i, phase)
	{
		const char *name = xb_json_text(phase, "phase");

		put_run_phase(page, out, data, event, phase, g_strcmp0(name, "other") != 0);
	}
	xb_html(out, "</section>\n");
}

/* ---- two boots -------------------------------------------------------------------- */

/* Which nodes are shown beside each other, and what they are called. */
typedef struct {
	int nodes[2];
	const char *names[2];
} Pair;

/* Of a job with two sides. */
static bool pair_of_job(const XbJobData *data, Pair *pair)
{
	bool bisect = data->job->kind == XB_JOB_BISECT;
	g_autoptr(json_t) said =
		data->job->verdict ? json_loads(data->job->verdict, 0, NULL) : NULL;

	pair->names[0] = bisect ? "parent" : "base";
	pair->names[1] = bisect ? "culprit" : "test";
	return xb_profile_sides(data, said, pair->nodes);
}

/* The base and the variant @node of several. */
static Pair pair_of_variant(const XbJobData *data, guint node)
{
	return (Pair){ { 0, (int)node }, { xb_ab_name(data, 0), xb_ab_name(data, node) } };
}

static void put_functions(XbHtml *out, const Pair *pair, const json_t *phase, const char *unit)
{
	size_t i;
	json_t *one;

	xb_html(out,
		"<div class=\"wide\"><table><thead><tr><th>Function</th><th>%s</th>"
		"<th>%s</th><th>Change</th></tr></thead><tbody>\n",
		pair->names[0], pair->names[1]);
	json_array_foreach(json_object_get(phase, "functions"), i, one)
	{
		double base = xb_json_number(one, "base"), test = xb_json_number(one, "test");

		xb_html(out,
			"<tr><th scope=\"row\"><code>%s</code></th><td class=\"n\">%.0f</td><td "
			"class=\"n\">%.0f</td><td class=\"n\">%+.0f</td></tr>\n",
			xb_json_text(one, "name"), base, test, test - base);
	}
	xb_html(out, "</tbody></table></div>\n<p>%s in the function itself, each time.</p>\n",
		unit);
}

static void put_phases(XbHtml *out, const XbJobData *data, const Pair *pair, const json_t *view,
		       const char *shown)
{
	size_t i;
	json_t *phase;

	xb_html(out,
		"<div class=\"wide\"><table><thead><tr><th>Phase</th><th>%s</th>"
		"<th>%s</th><th>Change</th><th>In Xen</th><th>then</th>"
		"<th>In dom0&#39;s kernel</th><th>then</th></tr></thead><tbody>\n",
		pair->names[0], pair->names[1]);
	json_array_foreach(json_object_get(view, "phases"), i, phase)
	{
		const char *name = xb_json_text(phase, "phase");
		double base = xb_json_number(phase, "base"), test = xb_json_number(phase, "test");
		g_autofree char *escaped = xb_url(name ? name : "");
		g_autofree char *change = xb_change_text(base > 0 ? test / base : NAN);

		xb_html(out, "<tr><th scope=\"row\">");
		if (g_strcmp0(name, shown) == 0)
			xb_html(out, "%s", name);
		else
			xb_html(out, "<a href=\"/job/%lld/profile?phase=%s&amp;node=%d\">%s</a>",
				(long long)data->job->id, escaped, pair->nodes[1], name);
		xb_html(out,
			"</th><td class=\"n\">%.0f</td><td class=\"n\">%.0f</td><td "
			"class=\"n\">%s</td>",
			base, test, change);
		put_share(out, xb_json_number(phase, "base_xen"));
		put_share(out, xb_json_number(phase, "test_xen"));
		put_share(out, xb_json_number(phase, "base_kernel"));
		put_share(out, xb_json_number(phase, "test_kernel"));
		xb_html(out, "</tr>\n");
	}
	xb_html(out, "</tbody></table></div>\n");
}

/* Both sides' stacks of one phase. NULL when a file is gone. */
static XbFolded *read_both(const XbPage *page, const char *phase, const json_t *events[2],
			   const XbRun *runs[2])
{
	g_autoptr(XbFolded) tree = xb_folded_new();

	for (guint side = 0; side < 2; side++) {
		const json_t *one = find_phase(events[side], phase);

		if (!one || !add_file(page, runs[side], xb_json_text(one, "file"), entries_of(one),
				      tree, side))
			return NULL;
	}
	return g_steal_pointer(&tree);
}

typedef struct {
	XbFlameKind kind;
	const char *caption;
} Graph;

static void put_graphs(XbPage *page, XbHtml *out, const XbJobData *data, const Pair *pair,
		       const char *phase, const Graph *graphs, guint n)
{
	const XbRun *runs[2];
	bool there = xb_profile_runs(data, pair->nodes, runs);
	g_autoptr(json_t) base = there ? xb_profile_event(page->db, runs[0]->id) : NULL;
	g_autoptr(json_t) test = there ? xb_profile_event(page->db, runs[1]->id) : NULL;
	const json_t *events[2] = { base, test };
	g_autoptr(XbFolded) tree = base && test ? read_both(page, phase, events, runs) : NULL;

	if (!tree) {
		xb_html(out, "<p>The files of these boots were removed to make room.</p>\n");
		return;
	}
	for (guint i = 0; i < n; i++) {
		g_autofree char *caption = g_strdup_printf("%s: %s", phase, graphs[i].caption);

		xb_flame(out, tree, graphs[i].kind, unit_of(test), caption);
	}
	for (guint side = 0; side < 2; side++)
		xb_html(out,
			"<p>Folded stacks of the <a href=\"/run/%lld/raw?name=%s\">%s</a></p>\n",
			(long long)runs[side]->id,
			xb_json_text(find_phase(events[side], phase), "file"), pair->names[side]);
}

static void put_pair(XbPage *page, XbHtml *out, const XbJobData *data, const Pair *pair,
		     const char *heading)
{
	static const Graph graph = { XB_FLAME_CHANGE,
				     "what the change added (red) and took away (blue)" };
	g_autoptr(json_t) view = xb_profile_view(page->db, data, pair->nodes);
	const json_t *first = json_array_get(json_object_get(view, "phases"), 0);
	const char *name = xb_json_text(first, "phase");

	if (!name)
		return;
	xb_html(out,
		"<section id=\"profile-%d\"><h2>%s</h2>\n<p>One boot each of "
		"both sides, every one of its %s counted.</p>\n",
		pair->nodes[1], heading, xb_json_text(view, "unit"));
	put_phases(out, data, pair, view, NULL);
	put_graphs(page, out, data, pair, name, &graph, 1);
	put_functions(out, pair, first, xb_json_text(view, "unit"));
	xb_html(out,
		"<p><a href=\"/job/%lld/profile?node=%d\">Both sides, and their shares</a></p>\n"
		"</section>\n",
		(long long)data->job->id, pair->nodes[1]);
}

void xb_page_profile_job(XbPage *page, XbHtml *out, const XbJobData *data)
{
	Pair pair;

	if (pair_of_job(data, &pair))
		put_pair(page, out, data, &pair, "Where the time goes");
}

void xb_page_profile_variant(XbPage *page, XbHtml *out, const XbJobData *data, guint node)
{
	const Pair pair = pair_of_variant(data, node);
	g_autofree char *heading = g_strdup_printf("Where the time goes in %s", pair.names[1]);

	put_pair(page, out, data, &pair, heading);
}

/* The pair that the address asks for; of two sides there is one only. */
static bool wanted_pair(const XbPage *page, const XbJobData *data, Pair *pair)
{
	int64_t node = xb_web_query_int(page->request, "node", -1);

	if (pair_of_job(data, pair))
		return node < 0 || node == pair->nodes[1];
	if (data->job->kind != XB_JOB_AB || node < 1 || node >= data->commits->len)
		return false;
	*pair = pair_of_variant(data, (guint)node);
	return true;
}

static bool page_profile(XbPage *page, XbHtml *out, GError **error)
{
	static const Graph graphs[] = {
		{ XB_FLAME_CHANGE, "what the change added (red) and took away (blue)" },
		{ XB_FLAME_SHARE, "shares of both wholes: larger (red) and smaller (blue)" },
		{ XB_FLAME_BASE, "without the change" },
		{ XB_FLAME_TEST, "with the change" },
	};
	g_autoptr(XbJobData) data = xb_jobdata_load_shown(page->db, page->id, error);
	Pair pair;
	bool found = data && wanted_pair(page, data, &pair);
	g_autoptr(json_t) view = found ? xb_profile_view(page->db, data, pair.nodes) : NULL;
	const char *wanted = xb_web_query(page->request, "phase");
	const json_t *phase = wanted ? find_phase(view, wanted)
				     : json_array_get(json_object_get(view, "phases"), 0);

	if (data && !phase)
		g_set_error(error, XB_DB_ERROR, XB_DB_ERROR_NOT_FOUND,
			    "job %lld has no profile of that phase on both sides",
			    (long long)page->id);
	if (!phase)
		return false;
	page->title = g_strdup_printf("Profile of job %lld", (long long)page->id);
	xb_html(out,
		"<section id=\"head\"><h1>Profile of <a href=\"/job/%lld\">job %lld</a>: "
		"%s</h1>\n",
		(long long)page->id, (long long)page->id, xb_json_text(phase, "phase"));
	put_phases(out, data, &pair, view, xb_json_text(phase, "phase"));
	xb_html(out, "</section>\n<section id=\"graphs\"><h2>Flame graphs</h2>\n");
	put_graphs(page, out, data, &pair, xb_json_text(phase, "phase"), graphs,
		   G_N_ELEMENTS(graphs));
	xb_html(out, "</section>\n<section id=\"functions\"><h2>Functions</h2>\n");
	put_functions(out, &pair, phase, xb_json_text(view, "unit"));
	xb_html(out, "</section>\n");
	return true;
}

const XbRoute xb_routes_profile[] = {
	{ "GET", "/job/%/profile", page_profile, NULL, XB_NEEDS_READ },
	{ 0 },
};
