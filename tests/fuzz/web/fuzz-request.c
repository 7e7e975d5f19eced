/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-request.c - any request to the site: "METHOD TARGET", headers, an empty
 * line, a body. Who asks has shown the token when the first byte is '!'. What
 * comes back must be text without control characters, whatever was asked.
 */
#include <stdlib.h>
#include <unistd.h>

#include "../../unit/web/fixture.h"

static Fixture fixture;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void clean_up(void)
{
	tear_down(&fixture, NULL);
}

static void no_log(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
	(void)domain;
	(void)level;
	(void)message;
	(void)data;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	set_up(&fixture, NULL);
	g_log_set_default_handler(no_log, NULL);
	atexit(clean_up);
	return 0;
}

static void check(const XbWebResponse *response)
{
	gsize length = 0;
	const char *text = response->body ? g_bytes_get_data(response->body, &length) : NULL;

	g_assert(response->status >= 200 && response->status < 600);
	if (!text || !strstr(response->type, "html"))
		return;
	g_assert(g_utf8_validate(text, (gssize)length, NULL));
	for (gsize i = 0; i < length; i++)
		g_assert((unsigned char)text[i] >= 0x20 || text[i] == '\n' || text[i] == '\t');
	/* the frame has the only scripts, and they are files */
	g_assert(!g_strstr_len(text, (gssize)length, "<script>"));
	g_assert(!g_strstr_len(text, (gssize)length, "onload=\""));
}

static void add_headers(XbWebRequest *request, char **lines)
{
	for (guint i = 0; lines[i]; i++) {
		char *colon = strchr(lines[i], ':');

		if (!colon)
			continue;
		*colon = '\0';
		xb_web_request_add_header(request, lines[i], g_strstrip(colon + 1));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool shown = size > 0 && data[0] == '!';
	g_autofree char *text = g_strndup((const char *)data + shown, size - shown);
	char *end = strstr(text, "\n\n");
	g_autoptr(GBytes) body = NULL;
	g_auto(GStrv) lines = NULL, words = NULL;
	g_autoptr(XbWebRequest) request = NULL;
	g_autoptr(XbWebResponse) response = NULL;

	if (end) {
		gsize at = (gsize)(end + 2 - text);
		body = g_bytes_new(data + shown + at, size - shown - at);
		*end = '\0';
	}
	lines = g_strsplit(text, "\n", 50);
	words = g_strsplit(lines[0] ? lines[0] : "", " ", 2);
	request = xb_web_request_new(words[0] ? words[0] : "GET",
				     words[0] && words[1] ? words[1] : "/");
	if (shown)
		xb_web_request_add_header(request, "Authorization", "Bearer " TOKEN);
	if (lines[0])
		add_headers(request, lines + 1);
	xb_web_request_add_header(request, "Host", "localhost");
	xb_web_request_add_header(request, "Content-Type", "application/x-www-form-urlencoded");
	if (body)
		xb_web_request_set_body(request, body);
	response = xb_site_answer(fixture.site, request, NOW_MS);
	check(response);
	if (response->control) {
		g_autoptr(json_t) answer = body ? json_loadb(g_bytes_get_data(body, NULL),
							     g_bytes_get_size(body), 0, NULL)
						: NULL;
		g_autoptr(XbWebResponse) last = NULL;

		if (!json_is_object(answer))
			g_clear_pointer(&answer, json_decref);
		last = response->finish(fixture.site, request, answer, "it is down");
		check(last);
	}
	return 0;
}
