/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-actions.c - who may change what, and what the daemon is asked then. */
#include "actions.h"

#include "fixture.h"

/* As a browser that has shown the token asks, from a page of @origin. */
static XbWebResponse *browse(Fixture *f, const char *method, const char *target, const char *origin,
			     const char *form)
{
	g_autofree char *set = xb_access_cookie(TOKEN);
	g_autofree char *cookie = g_strndup(set, strcspn(set, ";"));
	g_autoptr(XbWebRequest) request = xb_web_request_new(method, target);
	g_autoptr(GBytes) body = g_bytes_new(form, strlen(form));

	xb_web_request_add_header(request, "Host", "localhost:8347");
	xb_web_request_add_header(request, "Cookie", cookie);
	if (origin)
		xb_web_request_add_header(request, "Origin", origin);
	xb_web_request_add_header(request, "Content-Type", "application/x-www-form-urlencoded");
	xb_web_request_set_body(request, body);
	return xb_site_answer(f->site, request, NOW_MS);
}

#define HERE "http://localhost:8347"

static void test_changes_need_token_and_origin(Fixture *f, gconstpointer unused)
{
	static const char *const paths[] = {
		"/job/1/cancel", "/job/1/retry",        "/queue",
		"/queue/check",  "/alert/1/ack",        "/alert/1/snooze",
		"/api/v1/jobs",  "/api/v1/check",       "/api/v1/jobs/1/cancel",
		"/logout",       "/api/v1/alerts/1/ack"
	};
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autoptr(XbWebResponse) nobody = ask(f, "POST", paths[i], NULL, "");
		g_autoptr(XbWebResponse) wrong = ask(f, "POST", paths[i], "0123456789abcdef", "");
		g_autoptr(XbWebResponse) elsewhere =
			browse(f, "POST", paths[i], "http://evil.example", "");
		g_autoptr(XbWebResponse) nowhere = browse(f, "POST", paths[i], NULL, "");
		g_autoptr(XbWebResponse) read = browse(f, "GET", paths[i], HERE, "");

		g_assert_cmpuint(nobody->status, ==, 403);
		g_assert_cmpuint(wrong->status, ==, 403);
		g_assert_cmpuint(elsewhere->status, ==, 403);
		g_assert_cmpuint(nowhere->status, ==, 403);
		g_assert_null(nobody->control);
		g_assert_null(elsewhere->control);
		if (strcmp(paths[i], "/queue") != 0 && strcmp(paths[i], "/api/v1/jobs") != 0)
			g_assert_cmpuint(read->status, ==, 405);
	}
	g_unlink(f->config.token_file);
	g_autoptr(XbWebResponse) gone = ask(f, "POST", "/job/1/cancel", TOKEN, "");
	g_assert_cmpuint(gone->status, ==, 403);
}

static void test_what_the_daemon_is_asked(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *target, *form, *wanted;
	} cases[] = {
		{ "/job/2/cancel", "", "{\"verb\":\"cancel\",\"id\":2}" },
		{ "/job/1/retry", "", "{\"verb\":\"retry\",\"id\":1}" },
		{ "/alert/1/ack", "", "{\"verb\":\"alert-ack\",\"id\":1}" },
		{ "/alert/1/snooze", "", "{\"verb\":\"alert-snooze\",\"id\":1,\"seconds\":86400}" },
		{ "/queue",
		  "what=bisect&repo=toy&good=v1&bad=v2&workload=w%2Fm&host=&min_effect=2%25&first_"
		  "parent=1",
		  "{\"verb\":\"bisect\",\"workload\":\"w\",\"metric\":\"m\",\"repo\":\"toy\","
		  "\"good\":\"v1\",\"bad\":\"v2\",\"first_parent\":true,\"min_effect\":0.02}" },
		{ "/queue", "what=bisect&good=v1&bad=v2&all=1",
		  "{\"verb\":\"bisect\",\"good\":\"v1\",\"bad\":\"v2\",\"first_parent\":false,"
		  "\"all\":true}" },
		{ "/queue/check", "what=bisect&like=7&good=v1&bad=v2",
		  "{\"verb\":\"check\",\"what\":\"bisect\",\"like\":7,\"good\":\"v1\",\"bad\":"
		  "\"v2\","
		  "\"first_parent\":false}" },
		{ "/queue", "what=ab&repo=toy&good=a&bad=b&base_patch=x&boots=5",
		  "{\"verb\":\"ab\",\"repo\":\"toy\",\"base\":{\"rev\":\"a\",\"patches\":[{"
		  "\"name\":"
		  "\"from-the-page.patch\",\"content\":\"x\\n\"}]},\"test\":{\"rev\":\"b\"},"
		  "\"boots\":"
		  "5}" },
		/* lines as browsers end them */
		{ "/queue",
		  "what=measure&good=a&base_patch=-a%0D%0A%2Bb%0D%0A&base_kconfig=A%3Dy%0D%0AB%3Dn",
		  "{\"verb\":\"measure\",\"rev\":{\"rev\":\"a\",\"patches\":[{\"name\":\"from-the-"
		  "page."
		  "patch\",\"content\":\"-a\\n+b\\n\"}],\"kconfig\":[{\"name\":\"from-the-page."
		  "config\","
		  "\"content\":\"A=y\\nB=n\\n\"}]}}" },
		/* several: one with a revision, one with the base's and a patch; a name alone is
		   none */
		{ "/queue",
		  "what=ab&repo=toy&good=a&bad=b&test_name=slow&v2_rev=c&v2_name=x&v3_name=nothing&"
		  "v4_patch=p&v5_rev=&v5_kconfig=k",
		  "{\"verb\":\"ab\",\"repo\":\"toy\",\"base\":{\"rev\":\"a\"},\"variants\":["
		  "{\"rev\":\"b\",\"name\":\"slow\"},{\"rev\":\"c\",\"name\":\"x\"},"
		  "{\"rev\":\"a\",\"patches\":[{\"name\":\"from-the-page.patch\",\"content\":"
		  "\"p\\n\"}]},"
		  "{\"rev\":\"a\",\"kconfig\":[{\"name\":\"from-the-page.config\",\"content\":"
		  "\"k\\n\"}]}]}" },
		{ "/queue", "what=measure&good=a",
		  "{\"verb\":\"measure\",\"rev\":{\"rev\":\"a\"}}" },
	};
	(void)unused;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(XbWebResponse) response =
			browse(f, "POST", cases[i].target, HERE, cases[i].form);
		g_autoptr(json_t) wanted = json_loads(cases[i].wanted, 0, NULL);
		char *text = json_dumps(response->control, JSON_COMPACT);

		g_test_message("%s", text ? text : "nothing");
		free(text);
		g_assert_nonnull(response->control);
		g_assert_true(json_equal(response->control, wanted));
	}
	g_autoptr(XbWebResponse) nothing = browse(f, "POST", "/queue", HERE, "what=destroy");
	g_assert_cmpuint(nothing->status, ==, 400);
	g_autoptr(XbWebResponse) number =
		browse(f, "POST", "/queue", HERE, "what=bisect&min_effect=much");
	g_assert_cmpuint(number->status, ==, 400);
}

static char *text_of(const XbWebResponse *response)
{
	gsize length;
	const char *data = g_bytes_get_data(response->body, &length);

	return g_strndup(data, length);
}

static void test_what_becomes_of_answers(Fixture *f, gconstpointer unused)
{
	g_autoptr(XbWebResponse) check = browse(f, "POST", "/queue/check", HERE,
						"what=bisect&good=%3Cscript%3Ealert&bad=v2");
	g_autoptr(XbWebResponse) queue =
		browse(f, "POST", "/queue", HERE, "what=bisect&good=a&bad=b");
	g_autoptr(json_t) estimate = json_loads("{\"ok\":true,\"warnings\":[\"<script>alert\"],"
						"\"estimate\":{\"commits_in_range\":12,"
						"\"can_matter\":7,\"steps_left\":9,\"seconds_"
						"left\":90,\"good_id\":\"a\",\"bad_id\":"
						"\"b\"}}",
						0, NULL);
	g_autoptr(json_t) queued = json_loads("{\"ok\":true,\"id\":17}", 0, NULL);
	g_autoptr(json_t) refused =
		json_loads("{\"ok\":false,\"error\":\"no <b>bold\",\"hint\":\"try\"}", 0, NULL);
	g_autoptr(XbWebRequest) request = xb_web_request_new("POST", "/queue");
	g_autoptr(XbWebRequest) filled = xb_web_request_new("POST", "/queue/check");
	g_autoptr(GBytes) body = g_bytes_new_static("good=%3Cscript%3Ealert", 22);
	(void)unused;

	xb_web_request_add_header(filled, "Content-Type", "application/x-www-form-urlencoded");
	xb_web_request_set_body(filled, body);
	g_autoptr(XbWebResponse) shown = check->finish(f->site, filled, estimate, NULL);
	g_autofree char *text = text_of(shown);
	g_assert_nonnull(strstr(text, "9 builds and boots"));
	g_assert_nonnull(strstr(text, "name=\"good\" value=\"&lt;script&gt;alert\""));
	g_assert_null(strstr(text, "<script>alert"));
	g_autoptr(XbWebResponse) job = queue->finish(f->site, request, queued, NULL);
	g_assert_cmpuint(job->status, ==, 303);
	g_assert_cmpstr(job->location, ==, "/job/17");
	g_autoptr(XbWebResponse) no = queue->finish(f->site, request, refused, NULL);
	g_autofree char *why = text_of(no);
	g_assert_cmpuint(no->status, ==, 400);
	g_assert_nonnull(strstr(why, "no &lt;b&gt;bold\ntry"));
	g_autoptr(XbWebResponse) down = queue->finish(f->site, request, NULL, "it is down");
	g_assert_cmpuint(down->status, ==, 502);
}

/* What is checked is what is queued then: every field comes along. */
static void test_the_check_of_several_variants(Fixture *f, gconstpointer unused)
{
	static const char form[] = "what=ab&good=a&bad=b&base_patch=1&test_kconfig=2&v2_rev=c&"
				   "v2_name=x&v3_patch=%3Cb%3Ebold%0D%0Anext&boots=7";
	g_autoptr(XbWebResponse) check = browse(f, "POST", "/queue/check", HERE, form);
	g_autoptr(json_t) answer =
		json_loads("{\"ok\":true,\"warnings\":[],\"estimate\":{\"commits_in_range\":3,"
			   "\"sides\":[{\"name\":"
			   "\"base\",\"commit\":\"1111111111111111111111111111111111111111\","
			   "\"subject\":\"<b>bold\"},"
			   "{\"name\":\"x\"},7],\"builds\":1,\"boots\":12,\"boots_most\":160,"
			   "\"steps_left\":13,"
			   "\"seconds_left\":90,\"good_id\":\"a\",\"bad_id\":\"b\"}}",
			   0, NULL);
	g_autoptr(XbWebRequest) filled = xb_web_request_new("POST", "/queue/check");
	g_autoptr(GBytes) body = g_bytes_new_static(form, strlen(form));
	(void)unused;

	g_assert_nonnull(answer);
	xb_web_request_add_header(filled, "Content-Type", "application/x-www-form-urlencoded");
	xb_web_request_set_body(filled, body);
	g_autoptr(XbWebResponse) shown = check->finish(f->site, filled, answer, NULL);
	g_autofree char *text = text_of(shown);
	g_assert_nonnull(strstr(
		text, "1 build and 12 boots, about 90 s; where boots vary up to 160 boots."));
	g_assert_nonnull(strstr(text, "<code>111111111111</code>"));
	g_assert_nonnull(strstr(text, "name=\"base_patch\" value=\"1\""));
	g_assert_nonnull(strstr(text, "name=\"test_kconfig\" value=\"2\""));
	g_assert_nonnull(strstr(text, "name=\"v2_rev\" value=\"c\""));
	g_assert_nonnull(strstr(text, "name=\"v2_name\" value=\"x\""));
	g_assert_nonnull(strstr(text, "name=\"v3_patch\" value=\"&lt;b&gt;bold\nnext\""));
	g_assert_null(strstr(text, "<b>bold"));
}

static void test_the_form(Fixture *f, gconstpointer unused)
{
	g_autoptr(XbWebResponse) nobody = ask(f, "GET", "/queue", NULL, NULL);
	g_autoptr(XbWebResponse) narrower = ask(f, "GET", "/queue?like=1", TOKEN, NULL);
	g_autoptr(XbWebResponse) form = ask(f, "GET", "/queue", TOKEN, NULL);
	g_autoptr(json_t) choices = json_loads(
		"{\"ok\":true,\"repos\":[\"toy\"],\"default_repo\":false,\"hosts\":[\"h\"],"
		"\"workloads\":[{\"name\":\"w\",\"metrics\":[\"m\",\"n\"]}]}",
		0, NULL);
	g_autoptr(XbWebRequest) request = xb_web_request_new("GET", "/queue?good=%22%3E%3Cb%3E");
	(void)unused;

	g_assert_cmpstr(nobody->location, ==, "/login?to=%2Fqueue");
	g_assert_cmpstr(
		narrower->location, ==,
		"/queue?what=bisect&like=1&good=2222222222222222222222222222222222222222&bad="
		"4444444444444444444444444444444444444444");
	g_assert_nonnull(form->control);
	g_autoptr(XbWebResponse) shown = form->finish(f->site, request, choices, NULL);
	g_autofree char *text = text_of(shown);
	g_assert_nonnull(strstr(text, "<option value=\"w/n\">w/n</option>"));
	g_assert_nonnull(strstr(text, "<details><summary>More variants"));
	g_assert_nonnull(strstr(text, "name=\"v5_kconfig\""));
	g_assert_nonnull(strstr(text, "value=\"&quot;&gt;&lt;b&gt;\""));
}

/* A range that is not listed as a whole is proposed as a whole. */
static void test_no_commit_of_a_range_is_left_out(Fixture *f, gconstpointer unused)
{
	(void)unused;

	g_assert_true(xb_db_job_set_verdict(
		f->db, 1,
		"{\"kind\":\"range\",\"range_size\":5,\"commits\":[{\"node\":3},{\"node\":4}]}",
		NULL));
	g_autoptr(XbWebResponse) whole = ask(f, "GET", "/queue?like=1", TOKEN, NULL);
	g_assert_cmpstr(
		whole->location, ==,
		"/queue?what=bisect&like=1&good=0000000000000000000000000000000000000000&bad="
		"5555555555555555555555555555555555555555");
}

static void test_login(Fixture *f, gconstpointer unused)
{
	g_autoptr(XbWebResponse) wrong = browse(f, "POST", "/login", HERE, "token=nonsense");
	g_autoptr(XbWebResponse) elsewhere =
		browse(f, "POST", "/login", "http://evil.example", "token=" TOKEN);
	g_autoptr(XbWebResponse) right = browse(f, "POST", "/login", HERE, "token=" TOKEN);
	(void)unused;

	g_autoptr(XbWebResponse) on =
		browse(f, "POST", "/login", HERE, "token=" TOKEN "&to=%2Fqueue%3Fgood%3Da%2526b");
	g_autoptr(XbWebResponse) away =
		browse(f, "POST", "/login", HERE, "token=" TOKEN "&to=%2F%2Fevil.example%2F");
	g_autoptr(XbWebResponse) back =
		browse(f, "POST", "/login", HERE, "token=" TOKEN "&to=%2F%5Cevil.example%2F");

	g_assert_cmpstr(right->location, ==, "/");
	g_assert_cmpstr(on->location, ==, "/queue?good=a%26b");
	g_assert_cmpstr(away->location, ==, "/");
	g_assert_cmpstr(back->location, ==, "/");
	g_assert_cmpuint(wrong->status, ==, 403);
	g_assert_null(wrong->cookie);
	g_assert_cmpuint(elsewhere->status, ==, 403);
	g_assert_null(elsewhere->cookie);
	g_assert_cmpuint(right->status, ==, 303);
	g_assert_nonnull(right->cookie);
}

static void test_streams_are_about_our_pages(Fixture *f, gconstpointer unused)
{
	static const char *const bad[] = { "/live", "/live?page=", "/live?page=x",
					   "/live?page=//evil.example/" };
	g_autoptr(XbWebResponse) good = ask(f, "GET", "/live?page=/job/1", NULL, NULL);
	(void)unused;

	g_assert_cmpstr(good->live, ==, "/job/1");
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(XbWebResponse) response = ask(f, "GET", bad[i], NULL, NULL);
		g_assert_cmpuint(response->status, ==, 400);
	}
	g_autoptr(XbWebRequest) request = xb_web_request_new("GET", "/");
	xb_web_request_add_header(request, "Host", "localhost");
	g_autofree char *sum = xb_site_checksum(f->site, request, "/job/2/log", NOW_MS);
	g_autofree char *same = xb_site_checksum(f->site, request, "/job/2/log", NOW_MS + 1000);
	g_assert_true(xb_db_journal_add(f->db, 2, NOW_MS, "news", NULL));
	g_autofree char *other = xb_site_checksum(f->site, request, "/job/2/log", NOW_MS);
	g_autofree char *none = xb_site_checksum(f->site, request, "/job/99", NOW_MS);
	g_autofree char *file = xb_site_checksum(f->site, request, "/api/v1/jobs/2", NOW_MS);
	g_assert_cmpstr(sum, ==, same);
	g_assert_cmpstr(sum, !=, other);
	g_assert_null(none);
	g_assert_null(file); /* a page only */
}

#define ADD(name, function) g_test_add("/actions/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("changes-need-token-and-origin", test_changes_need_token_and_origin);
	ADD("what-the-daemon-is-asked", test_what_the_daemon_is_asked);
	ADD("what-becomes-of-answers", test_what_becomes_of_answers);
	ADD("the-check-of-several-variants", test_the_check_of_several_variants);
	ADD("the-form", test_the_form);
	ADD("no-commit-of-a-range-is-left-out", test_no_commit_of_a_range_is_left_out);
	ADD("login", test_login);
	ADD("streams-are-about-our-pages", test_streams_are_about_our_pages);
	return g_test_run();
}
