/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The API and its document say the same: each route is described, and whatever an answer holds is
 * described with its type. (The daemon's answers to changes are asked for by web.t.)
 */
#include "site.h"

#include <glib/gstdio.h>
#include <string.h>

#include "fixture.h"

#define DOCUMENT "web/assets/openapi.json"

static json_t *document(void)
{
	json_error_t problem;
	json_t *json = json_load_file(DOCUMENT, JSON_REJECT_DUPLICATES, &problem);

	if (!json)
		g_error("%s:%d: %s", DOCUMENT, problem.line, problem.text);
	return json;
}

/* ---- routes --------------------------------------------------------------------------------- */

/* "/api/v1/jobs/%/log" as the document has it, without the numbers' names: "/jobs/{}/log". */
static char *plain(const char *path, const char *prefix)
{
	g_autoptr(GRegex) places = g_regex_new("\\{[^}]*\\}|[%*]", 0, 0, NULL);

	g_assert_true(g_str_has_prefix(path, prefix));
	return g_regex_replace_literal(places, path + strlen(prefix), -1, 0, "{}", 0, NULL);
}

static void test_every_route_is_described(void)
{
	g_autoptr(json_t) doc = document();
	g_autoptr(GHashTable) described =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const char *path, *method;
	json_t *methods, *operation;
	guint routes = 0;

	json_object_foreach(json_object_get(doc, "paths"), path, methods)
	{
		json_object_foreach(methods, method, operation)
		{
			g_autofree char *place = plain(path, ""), *verb = g_ascii_strup(method, -1);

			g_assert_true(
				g_hash_table_add(described, g_strdup_printf("%s %s", verb, place)));
			g_assert_true(json_is_string(json_object_get(operation, "summary")));
			/* what changes something says that it needs the token */
			g_assert_cmpint(strcmp(verb, "POST") == 0, ==,
					json_object_get(operation, "security") != NULL);
		}
	}
	for (guint t = 0; xb_site_routes[t]; t++) {
		for (const XbRoute *route = xb_site_routes[t]; route->method; route++) {
			g_autofree char *place = NULL, *key = NULL;

			if (!g_str_has_prefix(route->path, "/api/v1/"))
				continue;
			place = plain(route->path, "/api/v1");
			key = g_strdup_printf("%s %s", route->method, place);
			routes++;
			if (g_hash_table_contains(described, key))
				continue;
			g_test_message("not described: %s", key);
			g_test_fail();
		}
	}
	g_assert_cmpuint(routes, ==, g_hash_table_size(described));
}

/* ---- answers -------------------------------------------------------------------------------- */

static bool has_type(const json_t *value, const char *type)
{
	return strcmp(type, "object") == 0    ? json_is_object(value)
	       : strcmp(type, "array") == 0   ? json_is_array(value)
	       : strcmp(type, "string") == 0  ? json_is_string(value)
	       : strcmp(type, "integer") == 0 ? json_is_integer(value)
	       : strcmp(type, "number") == 0  ? json_is_number(value)
	       : strcmp(type, "boolean") == 0 ? json_is_boolean(value)
					      : json_is_null(value);
}

static bool fits(json_t *doc, json_t *schema, json_t *value, const char *where, GString *why);

/* "#/components/schemas/NAME" */
static json_t *resolve(json_t *doc, json_t *schema)
{
	const char *reference = json_string_value(json_object_get(schema, "$ref"));

	if (!reference)
		return schema;
	g_assert_true(g_str_has_prefix(reference, "#/components/schemas/"));
	schema = json_object_get(json_object_get(json_object_get(doc, "components"), "schemas"),
				 strrchr(reference, '/') + 1);
	g_assert_nonnull(schema);
	return schema;
}

static bool fits_type(const json_t *types, const json_t *value)
{
	bool fits_any = !types;
	json_t *type;
	size_t i;

	if (json_is_string(types))
		return has_type(value, json_string_value(types));
	json_array_foreach(types, i, type) fits_any |= has_type(value, json_string_value(type));
	return fits_any;
}

static bool fits_one_of(json_t *doc, json_t *choices, json_t *value, const char *where,
			GString *why)
{
	json_t *choice;
	size_t i;

	json_array_foreach(choices, i, choice)
	{
		gsize length = why->len;

		if (fits(doc, choice, value, where, why)) {
			g_string_truncate(why, length);
			return true;
		}
	}
	return false;
}

static bool fits_members(json_t *doc, json_t *schema, json_t *value, const char *where,
			 GString *why)
{
	json_t *properties = json_object_get(schema, "properties"), *member, *name;
	bool is_open = json_is_true(json_object_get(schema, "additionalProperties")), fine = true;
	const char *key;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, name)
	{
		if (json_object_get(value, json_string_value(name)))
			continue;
		g_string_append_printf(why, "%s: %s is missing\n", where, json_string_value(name));
		fine = false;
	}
	json_object_foreach(value, key, member)
	{
		g_autofree char *inner = g_strdup_printf("%s.%s", where, key);
		json_t *described = json_object_get(properties, key);

		if (described) {
			fine &= fits(doc, described, member, inner, why);
		} else if (!is_open) {
			g_string_append_printf(why, "%s is not described\n", inner);
			fine = false;
		}
	}
	return fine;
}

/* Is @value as @schema says? What is not, a line each to @why. */
static bool fits(json_t *doc, json_t *schema, json_t *value, const char *where, GString *why)
{
	json_t *words, *item, *word;
	bool fine = true;
	size_t i;

	schema = resolve(doc, schema);
	if (json_object_get(schema, "oneOf"))
		return fits_one_of(doc, json_object_get(schema, "oneOf"), value, where, why);
	if (!fits_type(json_object_get(schema, "type"), value)) {
		g_autofree char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		g_string_append_printf(why, "%s has another type: %.60s\n", where, text);
		return false;
	}
	words = json_object_get(schema, "enum");
	if (words) {
		fine = false;
		json_array_foreach(words, i, word) fine |= json_equal(word, value);
		if (!fine)
			g_string_append_printf(why, "%s is none of the words\n", where);
	}
	word = json_object_get(schema, "const");
	if (word && !json_equal(word, value)) {
		g_string_append_printf(why, "%s is not the one value\n", where);
		fine = false;
	}
	json_array_foreach(value, i, item)
	{
		g_autofree char *inner = g_strdup_printf("%s[%d]", where, (int)i);
		fine &= fits(doc, json_object_get(schema, "items"), item, inner, why);
	}
	if (json_is_object(value))
		fine &= fits_members(doc, schema, value, where, why);
	return fine;
}

/* The schema of what @path answers with: @status is one, or "default" for all that is refused. */
static json_t *schema_of(json_t *doc, const char *method, const char *path, const char *status)
{
	const char *const steps[] = { method,    "responses",        status,
				      "content", "application/json", "schema" };
	json_t *at = json_object_get(json_object_get(doc, "paths"), path);

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
		at = json_object_get(at, steps[i]);
	g_assert_nonnull(at);
	return at;
}

/* What the fixture does not have: an alert that was sent, an A/B of several metrics and variants, a
 * search for every step. */
static void put_more(Fixture *f)
{
	const XbAlert finding = { .id = 1,
				  .job_id = 1,
				  .workload = (char *)"map-unmap",
				  .metric = (char *)"unmap",
				  .unit = (char *)"s",
				  .host_fp = (char *)"h",
				  .workload_fp = (char *)"w",
				  .base = 1,
				  .test = 1.1,
				  .ratio = 1.1 };
	int64_t variants[] = { put_variant(f, 0, XB_VARIANT_BUILT, "i0"),
			       put_variant(f, 5, XB_VARIANT_BUILT, "i5") };
	int64_t job = put_job(
		f, XB_JOB_AB,
		"{\"kind\":\"different\",\"confidence\":0.99,\"commits\":[],\"effect\":{\"base\":1."
		"0,\"test\":1.1,\"ratio\":1.1,\"ci_low\":null,\"ci_high\":1.11,\"variant\":\"v\"},"
		"\"sides\":{\"base\":{\"level\":1.0,\"sd\":null,\"boots\":3,\"label\":\"base\"}},"
		"\"metrics\":[{\"metric\":\"unmap\",\"unit\":\"s\",\"lower_is_better\":true,"
		"\"decides\":true,\"kind\":\"different\",\"base\":1.0,\"test\":1.1,\"base_sd\":null"
		",\"test_sd\":0.1,\"base_boots\":3,\"test_boots\":3,\"void_boots\":0,\"ratio\":1.1,"
		"\"ci_low\":1.0,\"ci_high\":1.2,\"confidence\":0.99,\"reason\":\"\"}],"
		"\"comparisons\":[{\"node\":1,\"name\":\"v\",\"commit\":\"c\",\"subject\":\"s\","
		"\"kind\":\"same\",\"reason\":\"\",\"base\":1,\"test\":1,\"base_sd\":null,"
		"\"test_sd\":null,\"base_boots\":1,\"test_boots\":1,\"ratio\":1,\"ci_low\":1,"
		"\"ci_high\":1,\"confidence\":0.9,\"same_image_as\":\"base\",\"metrics\":[]}],"
		"\"steps\":[{\"id\":\"a\",\"subject\":\"s\",\"node\":1,\"probability\":0.9,"
		"\"effect\":{\"base\":1,\"test\":2,\"ratio\":2,\"ci_low\":null,\"ci_high\":null},"
		"\"regression\":true}],\"can_matter\":2,\"other_steps\":null,\"reason\":\"\"}");
	int64_t range = put_job(
		f, XB_JOB_BISECT,
		"{\"kind\":\"range\",\"confidence\":0.99,\"range_size\":1,\"drift\":0.01,"
		"\"commits\":"
		"[{\"id\":\"c\",\"subject\":\"s\",\"probability\":0.99,\"node\":1}],\"effect\":"
		"{\"base\":1.0,\"test\":1.1,\"ratio\":1.1,\"ci_low\":1.0,\"ci_high\":1.11},"
		"\"reason\":\"\"}");
	const XbCounter counter = { .phase = (char *)"unmap",
				    .name = (char *)"ptwr",
				    .symbol = (char *)"zap",
				    .offset = (char *)"0x2ed",
				    .value = 1,
				    .unit = (char *)"1/page" };
	bool is_new;

	g_assert_true(xb_db_counter_add(f->db, 1, &counter, NULL));
	put_commits(f, job, 2, variants);
	put_commits(f, range, 2, variants);
	g_assert_true(xb_db_job_set_state(f->db, range, XB_JOB_DONE, NULL, NOW_MS, NULL));
	g_assert_true(xb_db_job_set_state(f->db, job, XB_JOB_DONE, NULL, NOW_MS, NULL));
	g_assert_true(xb_db_finding_add(f->db, &finding, &is_new, NULL));
	g_assert_true(xb_db_delivery_add(f->db, 1, "team", false, NOW_MS, NOW_MS, NULL));
}

static void test_every_answer_is_as_described(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *path, *target;
	} answers[] = {
		{ "/jobs", "/api/v1/jobs?limit=200" },
		{ "/jobs/{id}", "/api/v1/jobs/1" },
		{ "/jobs/{id}", "/api/v1/jobs/2" },
		{ "/jobs/{id}", "/api/v1/jobs/3" },
		{ "/jobs/{id}", "/api/v1/jobs/4" },
		{ "/jobs/{id}", "/api/v1/jobs/5" },
		{ "/jobs/{id}/log", "/api/v1/jobs/1/log" },
		{ "/runs/{id}", "/api/v1/runs/1" },
		{ "/runs/{id}", "/api/v1/runs/13" },
		{ "/hosts", "/api/v1/hosts" },
		{ "/branches", "/api/v1/branches" },
		{ "/branches/{name}", "/api/v1/branches/main%20line" },
		{ "/alerts", "/api/v1/alerts" },
	};
	g_autoptr(json_t) doc = document();
	(void)unused;

	put_more(f);
	for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autofree char *text = get(f, answers[i].target, 200);
		g_autoptr(json_t) answer = json_loads(text, 0, NULL);
		g_autoptr(GString) why = g_string_new(NULL);

		g_assert_nonnull(answer);
		if (fits(doc, schema_of(doc, "get", answers[i].path, "200"), answer, "", why))
			continue;
		g_test_message("%s:\n%s", answers[i].target, why->str);
		g_test_fail();
	}
}

/* What is refused, before the daemon is asked. */
static void test_every_refusal_is_as_described(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *method, *path, *target, *token, *body;
		guint status;
	} refusals[] = {
		{ "get", "/jobs", "/api/v1/jobs?state=lost", NULL, NULL, 400 },
		{ "get", "/jobs/{id}", "/api/v1/jobs/99", NULL, NULL, 404 },
		{ "get", "/jobs/{id}/log", "/api/v1/jobs/99/log", NULL, NULL, 404 },
		{ "get", "/runs/{id}", "/api/v1/runs/4711", NULL, NULL, 404 },
		{ "get", "/runs/{id}", "/api/v1/runs/01", NULL, NULL, 404 },
		{ "get", "/branches/{name}", "/api/v1/branches/none", NULL, NULL, 404 },
		{ "get", "/alerts", "/api/v1/alerts?%00", NULL, NULL, 400 },
		{ "post", "/jobs", "/api/v1/jobs", NULL, "{}", 403 },
		{ "post", "/jobs", "/api/v1/jobs", TOKEN, "{", 400 },
		{ "post", "/jobs", "/api/v1/jobs", TOKEN, "[]", 400 },
		{ "post", "/jobs", "/api/v1/jobs", TOKEN, "{\"verb\":\"list\"}", 400 },
		{ "post", "/check", "/api/v1/check", TOKEN, "{\"verb\":7}", 400 },
		{ "post", "/jobs/{id}/cancel", "/api/v1/jobs/0/cancel", TOKEN, "", 404 },
		{ "post", "/alerts/{id}/snooze", "/api/v1/alerts/1/snooze", TOKEN, "3d", 400 },
	};
	g_autoptr(json_t) doc = document();
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *verb = g_ascii_strup(refusals[i].method, -1);
		g_autoptr(XbWebResponse) response =
			ask(f, verb, refusals[i].target, refusals[i].token, refusals[i].body);
		g_autoptr(GString) why = g_string_new(NULL);
		gsize length;
		const char *text = g_bytes_get_data(response->body, &length);
		g_autoptr(json_t) answer = json_loadb(text, length, 0, NULL);
		json_t *schema = schema_of(doc, refusals[i].method, refusals[i].path, "default");

		g_assert_cmpuint(response->status, ==, refusals[i].status);
		g_assert_null(response->control);
		g_assert_nonnull(answer);
		if (fits(doc, schema, answer, "", why))
			continue;
		g_test_message("%s %s:\n%s", verb, refusals[i].target, why->str);
		g_test_fail();
	}
}

/* The check itself sees what is wrong. */
static void test_the_check_sees_what_is_wrong(void)
{
	static const struct {
		const char *answer, *why;
	} wrong[] = {
		{ "{\"ok\":true,\"hosts\":[{\"name\":7}]}", ".hosts[0].name has another type" },
		{ "{\"ok\":true,\"hosts\":[{\"state\":\"away\"}]}", "none of the words" },
		{ "{\"ok\":true,\"hosts\":[],\"news\":1}", ".news is not described" },
		{ "{\"ok\":true,\"hosts\":{}}", ".hosts has another type" },
	};
	g_autoptr(json_t) fine = json_loads("{\"ok\":true,\"error\":\"x\"}", 0, NULL);
	g_autoptr(GString) not_refused = g_string_new(NULL);
	g_autoptr(json_t) doc = document();

	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(json_t) answer = json_loads(wrong[i].answer, 0, NULL);
		g_autoptr(GString) why = g_string_new(NULL);

		g_assert_false(fits(doc, schema_of(doc, "get", "/hosts", "200"), answer, "", why));
		g_assert_nonnull(strstr(why->str, wrong[i].why));
	}
	g_assert_false(
		fits(doc, schema_of(doc, "get", "/hosts", "default"), fine, "", not_refused));
	g_assert_nonnull(strstr(not_refused->str, ".ok is not the one value"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/openapi/every-route-is-described", test_every_route_is_described);
	g_test_add("/openapi/every-answer-is-as-described", Fixture, NULL, set_up,
		   test_every_answer_is_as_described, tear_down);
	g_test_add("/openapi/every-refusal-is-as-described", Fixture, NULL, set_up,
		   test_every_refusal_is_as_described, tear_down);
	g_test_add_func("/openapi/the-check-sees-what-is-wrong", test_the_check_sees_what_is_wrong);
	return g_test_run();
}
