/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue.c - the commands that ask for work: bisect, ab, compare, measure, and retry.
 */
#include <string.h>

#include "client.h"
#include "follow.h"
#include "job.h"
#include "request.h"
#include "text.h"

/* Options that all of them have, as the user wrote them. */
typedef struct {
	char *repo, *workload, *metric, *host, *confidence, *min_effect;
	char **kconfig, **labels;
	int priority;
	gboolean wait;
} QueueOptions;

static void queue_options_clear(QueueOptions *self)
{
	g_free(self->repo);
	g_free(self->workload);
	g_free(self->metric);
	g_free(self->host);
	g_free(self->confidence);
	g_free(self->min_effect);
	g_strfreev(self->kconfig);
	g_strfreev(self->labels);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QueueOptions, queue_options_clear)

#define N_SHARED 11
#define N_OWN    8

/* @entries gets the shared options, then @own (which ends with {0}). */
static void fill_entries(GOptionEntry entries[N_SHARED + N_OWN], QueueOptions *o,
			 const GOptionEntry *own)
{
	const GOptionEntry shared[N_SHARED] = {
		{ "repo", 'r', 0, G_OPTION_ARG_FILENAME, &o->repo,
		  "repository: a directory, or a [repo NAME] of the daemon (default: here)",
		  "DIR|NAME" },
		{ "workload", 'w', 0, G_OPTION_ARG_STRING, &o->workload,
		  "what to run in dom0 (default: the daemon's first)", "W" },
		{ "metric", 'm', 0, G_OPTION_ARG_STRING, &o->metric,
		  "which of its metrics decides (default: the workload's first)", "M" },
		{ "host", 'H', 0, G_OPTION_ARG_STRING, &o->host,
		  "test host by name, or label:KEY=VALUE (default: any that fits)", "H" },
		{ "label", 'L', 0, G_OPTION_ARG_STRING_ARRAY, &o->labels,
		  "only hosts with this label (repeatable)", "KEY=VALUE" },
		{ "kconfig", 'k', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->kconfig,
		  "kernel config fragment, merged after the daemon's (repeatable)", "FILE" },
		{ "confidence", 'c', 0, G_OPTION_ARG_STRING, &o->confidence,
		  "how sure a verdict must be, 0.5 to below 1 (default 0.99)", "P" },
		{ "min-effect", 'e', 0, G_OPTION_ARG_STRING, &o->min_effect,
		  "smallest change that matters, such as 1% (default 1%)", "E" },
		{ "priority", 'p', 0, G_OPTION_ARG_INT, &o->priority,
		  "higher is served first (default 0)", "N" },
		{ "wait", 'W', 0, G_OPTION_ARG_NONE, &o->wait,
		  "show progress until it ends; the exit status tells the verdict", NULL },
	};

	memset(entries, 0, sizeof(GOptionEntry) * (N_SHARED + N_OWN));
	memcpy(entries, shared, sizeof(GOptionEntry) * (N_SHARED - 1));
	for (unsigned i = 0; own != NULL && own[i].long_name != NULL && i < N_OWN; i++)
		entries[N_SHARED - 1 + i] = own[i];
}

/* ---- building the request ------------------------------------------------------ */

static bool add_fraction(XbClient *client, json_t *request, const char *member, const char *option,
			 const char *text, double low, double high)
{
	double value;

	if (text == NULL)
		return true;
	if (!xb_parse_fraction(text, &value) || value < low || value >= high) {
		xb_client_fail(client, XB_EXIT_REFUSED, NULL,
			       "%s %s: a share from %g%% to below %g%% is needed, written as 1%% "
			       "or 0.01",
			       option, text, low * 100, high * 100);
		return false;
	}
	json_object_set_new(request, member, json_real(value));
	return true;
}

static void add_string(json_t *request, const char *member, const char *text)
{
	if (text != NULL)
		json_object_set_new(request, member, json_string(text));
}

static int bad_request(XbClient *client, const GError *error)
{
	return xb_client_fail(client, XB_EXIT_REFUSED, NULL, "%s", error->message);
}

/* The options as members of @request. */
static bool add_options(XbClient *client, json_t *request, const QueueOptions *o)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *cwd = g_get_current_dir();
	g_autofree char *repo = o->repo != NULL ? xb_request_repo(o->repo) : NULL;
	json_t *kconfig = xb_request_files(o->kconfig, &error);

	if (kconfig == NULL) {
		bad_request(client, error);
		return false;
	}
	json_object_set_new(request, "kconfig", kconfig);
	add_string(request, repo != NULL ? "repo" : "cwd", repo != NULL ? repo : cwd);
	add_string(request, "workload", o->workload);
	add_string(request, "metric", o->metric);
	if (o->labels != NULL && o->host != NULL) {
		xb_client_fail(client, XB_EXIT_REFUSED, NULL,
			       "--host and --label are two ways to choose: give one of them");
		return false;
	}
	if (o->labels != NULL) {
		g_autofree char *joined = g_strjoinv(",", o->labels);
		g_autofree char *wanted = g_strconcat("label:", joined, NULL);

		add_string(request, "host", wanted);
	}
	add_string(request, "host", o->host);
	if (o->priority != 0)
		json_object_set_new(request, "priority", json_integer(o->priority));
	return add_fraction(client, request, "confidence", "--confidence", o->confidence, 0.5,
			    1.0) &&
	       add_fraction(client, request, "min_effect", "--min-effect", o->min_effect, 0, 10);
}

/* ---- sending it ------------------------------------------------------------------ */

static void say_warnings(const json_t *answer)
{
	const json_t *warnings = xb_member(answer, "warnings");

	for (size_t i = 0; i < json_array_size(warnings); i++) {
		g_autoptr(json_t) one = json_pack("{s:O}", "text", json_array_get(warnings, i));
		g_autofree char *text = xb_text(one, "text");

		fprintf(stderr, "xbisect: warning: %s\n", text);
	}
}

static int submit(XbClient *client, json_t *request, bool wait)
{
	int status;
	g_autoptr(json_t) answer = xb_client_request(client, request, &status);
	g_autofree char *title = NULL;
	gint64 id;

	if (answer == NULL)
		return status;
	id = xb_integer(answer, "id");
	title = xb_text(answer, "job.title");
	say_warnings(answer);
	if (!wait && client->json) {
		json_t *job = json_object_get(answer, "job");

		return xb_client_print_json(json_is_object(job) ? json_incref(job)
								: json_pack("{s:I}", "id", id));
	}
	fprintf(client->json ? stderr : stdout, "job %" G_GINT64_FORMAT " queued%s%s\n", id,
		*title != '\0' ? ": " : "", title);
	if (wait)
		return xb_follow_and_tell(client, id);
	printf("  follow it: xbisect show --wait %" G_GINT64_FORMAT
	       "   its log: xbisect log -f %" G_GINT64_FORMAT "\n",
	       id, id);
	return XB_EXIT_OK;
}

/* ---- bisect ------------------------------------------------------------------------ */

static bool add_range(XbClient *client, json_t *request, const char *range)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *good = NULL, *bad = NULL;

	if (!xb_request_range(range, &good, &bad, &error)) {
		bad_request(client, error);
		return false;
	}
	add_string(request, "good", good);
	add_string(request, "bad", bad);
	return true;
}

static bool add_images(XbClient *client, json_t *request, const char *path)
{
	g_autoptr(GError) error = NULL;
	json_t *images = xb_request_images(path, &error);

	if (images == NULL) {
		bad_request(client, error);
		return false;
	}
	json_object_set_new(request, "images", images);
	return true;
}

int xb_cmd_bisect(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	g_auto(QueueOptions) o = { 0 };
	g_autofree char *images = NULL;
	gboolean first_parent = FALSE, all = FALSE, no_path_prior = FALSE;
	const GOptionEntry own[] = {
		{ "first-parent", 0, 0, G_OPTION_ARG_NONE, &first_parent,
		  "follow merges by their first parent only", NULL },
		{ "images", 0, 0, G_OPTION_ARG_FILENAME, &images,
		  "search the prebuilt images that FILE lists, good first", "FILE" },
		{ "all", 0, 0, G_OPTION_ARG_NONE, &all,
		  "find every step of the range, not only the largest", NULL },
		{ "no-path-prior", 0, 0, G_OPTION_ARG_NONE, &no_path_prior,
		  "do not look first at commits that touch what the workload executes", NULL },
		{ 0 },
	};
	GOptionEntry entries[N_SHARED + N_OWN];
	g_autoptr(json_t) request = json_pack("{s:s}", "verb", "bisect");

	fill_entries(entries, &o, own);
	if (!xb_command_parse(client, command, entries, &argc, &argv, 0, 1))
		return XB_EXIT_REFUSED;
	if ((images != NULL) == (argc > 1))
		return xb_client_fail(client, XB_EXIT_REFUSED,
				      "for example: xbisect bisect v6.1..HEAD",
				      "bisect needs either GOOD..BAD or --images FILE");
	if (images != NULL ? !add_images(client, request, images)
			   : !add_range(client, request, argv[1]))
		return XB_EXIT_REFUSED;
	if (!add_options(client, request, &o))
		return XB_EXIT_REFUSED;
	if (first_parent)
		json_object_set_new(request, "first_parent", json_true());
	if (all)
		json_object_set_new(request, "all", json_true());
	if (no_path_prior)
		json_object_set_new(request, "path_prior", json_false());
	return submit(client, g_steal_pointer(&request), o.wait);
}

/* ---- ab ------------------------------------------------------------------------------ */

typedef struct {
	char **patches, **kconfig;
} SideOptions;

static void side_options_clear(SideOptions *self)
{
	g_strfreev(self->patches);
	g_strfreev(self->kconfig);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SideOptions, side_options_clear)

static bool add_side(XbClient *client, json_t *request, const char *member, const char *text,
		     const SideOptions *side)
{
	g_autoptr(GError) error = NULL;
	json_t *object = xb_request_side(text, side->patches, side->kconfig, &error);

	if (object == NULL) {
		bad_request(client, error);
		return false;
	}
	json_object_set_new(request, member, object);
	return true;
}

#define BOOTS_FREE G_MININT /* as many as it takes */

static bool add_boots(XbClient *client, json_t *request, int boots)
{
	if (boots == BOOTS_FREE)
		return true;
	if (boots < 1 || boots > 1000) {
		xb_client_fail(client, XB_EXIT_REFUSED, NULL,
			       "--boots %d: a number from 1 to 1000 is needed", boots);
		return false;
	}
	json_object_set_new(request, "boots", json_integer(boots));
	return true;
}

int xb_cmd_ab(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	g_auto(QueueOptions) o = { 0 };
	g_auto(SideOptions) base = { 0 };
	g_auto(SideOptions) test = { 0 };
	g_autofree char *resolve = NULL;
	int boots = BOOTS_FREE;
	const GOptionEntry own[] = {
		{ "base-patch", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &base.patches,
		  "apply to BASE (repeatable, in order)", "FILE" },
		{ "test-patch", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &test.patches,
		  "apply to TEST (repeatable, in order)", "FILE" },
		{ "base-kconfig", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &base.kconfig,
		  "kernel config fragment of BASE only", "FILE" },
		{ "test-kconfig", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &test.kconfig,
		  "kernel config fragment of TEST only", "FILE" },
		{ "resolve", 0, 0, G_OPTION_ARG_STRING, &resolve,
		  "smallest difference worth finding (default: --min-effect)", "E" },
		{ "boots", 'n', 0, G_OPTION_ARG_INT, &boots, "exactly this many boots of each side",
		  "N" },
		{ 0 },
	};
	GOptionEntry entries[N_SHARED + N_OWN];
	g_autoptr(json_t) request = json_pack("{s:s}", "verb", "ab");

	fill_entries(entries, &o, own);
	if (!xb_command_parse(client, command, entries, &argc, &argv, 2, 2) ||
	    !add_side(client, request, "base", argv[1], &base) ||
	    !add_side(client, request, "test", argv[2], &test) ||
	    !add_options(client, request, &o) || !add_boots(client, request, boots) ||
	    !add_fraction(client, request, "resolve", "--resolve", resolve, 0, 10))
		return XB_EXIT_REFUSED;
	return submit(client, g_steal_pointer(&request), o.wait);
}

/* ---- compare ---------------------------------------------------------------------------- */

/* One option of all sides, as the user wrote it: "N:VALUE", ... */
typedef struct {
	const char *option;
	char **values;
} Numbered;

/* The values of @from that are of @side: a NULL-terminated list, or NULL with a message. */
static char **values_of(XbClient *client, const Numbered *from, guint side, guint n_sides)
{
	g_autoptr(GStrvBuilder) values = g_strv_builder_new();

	for (char **text = from->values; text != NULL && *text != NULL; text++) {
		g_autoptr(GError) error = NULL;
		const char *value;
		guint number;

		if (!xb_request_numbered(from->option, *text, n_sides, &number, &value, &error)) {
			bad_request(client, error);
			return NULL;
		}
		if (number == side)
			g_strv_builder_add(values, value);
	}
	return g_strv_builder_end(values);
}

/* Side @side of @n_sides, whose revision or image is @text. NULL with a message. */
static json_t *numbered_side(XbClient *client, const char *text, guint side, guint n_sides,
			     const Numbered options[3])
{
	g_auto(GStrv) patches = values_of(client, &options[0], side, n_sides);
	g_auto(GStrv) kconfig = patches ? values_of(client, &options[1], side, n_sides) : NULL;
	g_auto(GStrv) names = kconfig ? values_of(client, &options[2], side, n_sides) : NULL;
	g_autoptr(GError) error = NULL;
	json_t *object;

	if (names == NULL)
		return NULL;
	object = xb_request_side(text, patches, kconfig, &error);
	if (object == NULL)
		bad_request(client, error);
	/* The last of several counts, as with any option. */
	else if (names[0] != NULL)
		add_string(object, "name", names[g_strv_length(names) - 1]);
	return object;
}

static bool add_variants(XbClient *client, json_t *request, int argc, char **argv,
			 const Numbered options[3])
{
	json_t *variants = json_array();
	guint n_sides = (guint)argc - 1;

	json_object_set_new(request, "variants", variants);
	for (guint i = 0; i < n_sides; i++) {
		json_t *side = numbered_side(client, argv[i + 1], i, n_sides, options);

		if (side == NULL)
			return false;
		if (i == 0)
			json_object_set_new(request, "base", side);
		else
			json_array_append_new(variants, side);
	}
	return true;
}

int xb_cmd_compare(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	g_auto(QueueOptions) o = { 0 };
	g_auto(GStrv) patches = NULL, kconfig = NULL, names = NULL;
	g_autofree char *resolve = NULL;
	int boots = BOOTS_FREE;
	const GOptionEntry own[] = {
		{ "patch", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &patches,
		  "apply FILE to variant N, 0 is BASE (repeatable, in order)", "N:FILE" },
		{ "variant-kconfig", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &kconfig,
		  "kernel config fragment of variant N only (repeatable)", "N:FILE" },
		{ "name", 0, 0, G_OPTION_ARG_STRING_ARRAY, &names,
		  "what variant N is called (default: base, v1, v2, ...)", "N:NAME" },
		{ "resolve", 0, 0, G_OPTION_ARG_STRING, &resolve,
		  "smallest difference worth finding (default: --min-effect)", "E" },
		{ "boots", 'n', 0, G_OPTION_ARG_INT, &boots,
		  "exactly this many boots of each variant", "N" },
		{ 0 },
	};
	GOptionEntry entries[N_SHARED + N_OWN];
	g_autoptr(json_t) request = json_pack("{s:s}", "verb", "ab");

	fill_entries(entries, &o, own);
	if (!xb_command_parse(client, command, entries, &argc, &argv, 3, G_MAXINT))
		return XB_EXIT_REFUSED;
	const Numbered options[3] = { { "--patch", patches },
				      { "--variant-kconfig", kconfig },
				      { "--name", names } };
	if (!add_variants(client, request, argc, argv, options) ||
	    !add_options(client, request, &o) || !add_boots(client, request, boots) ||
	    !add_fraction(client, request, "resolve", "--resolve", resolve, 0, 10))
		return XB_EXIT_REFUSED;
	return submit(client, g_steal_pointer(&request), o.wait);
}

/* ---- measure, retry -------------------------------------------------------------------- */

int xb_cmd_measure(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	g_auto(QueueOptions) o = { 0 };
	g_auto(SideOptions) side = { 0 };
	int boots = BOOTS_FREE;
	const GOptionEntry own[] = {
		{ "patch", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &side.patches,
		  "apply to REV first (repeatable, in order)", "FILE" },
		{ "boots", 'n', 0, G_OPTION_ARG_INT, &boots, "how many boots", "N" },
		{ 0 },
	};
	GOptionEntry entries[N_SHARED + N_OWN];
	g_autoptr(json_t) request = json_pack("{s:s}", "verb", "measure");

	fill_entries(entries, &o, own);
	if (!xb_command_parse(client, command, entries, &argc, &argv, 1, 1) ||
	    !add_side(client, request, "rev", argv[1], &side) ||
	    !add_options(client, request, &o) || !add_boots(client, request, boots))
		return XB_EXIT_REFUSED;
	return submit(client, g_steal_pointer(&request), o.wait);
}

int xb_cmd_retry(XbClient *client, const XbCommand *command, int argc, char **argv)
{
	gboolean wait = FALSE;
	const GOptionEntry entries[] = {
		{ "wait", 'W', 0, G_OPTION_ARG_NONE, &wait,
		  "show progress until it ends; the exit status tells the verdict", NULL },
		{ 0 },
	};
	gint64 id;

	if (!xb_command_parse(client, command, entries, &argc, &argv, 1, 1) ||
	    !xb_client_parse_id(client, argv[1], &id))
		return XB_EXIT_REFUSED;
	return submit(client, json_pack("{s:s, s:I}", "verb", "retry", "id", (json_int_t)id), wait);
}
