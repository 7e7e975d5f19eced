/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any JSON as a notify job: the mail's header ends where it should, bodies are valid JSON, the
 * plot is well-formed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "plot.h"
#include "protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_header(const char *mail)
{
	const char *end = strstr(mail, "\r\n\r\n");

	if (end == NULL)
		abort();
	for (const char *line = mail; line < end; line = strstr(line, "\r\n") + 2) {
		size_t name = strspn(line, G_CSET_A_2_Z G_CSET_a_2_z "-");

		if (strchr(" \t", *line) == NULL && *line != '\r' && line[name] != ':')
			abort();
		if (g_ascii_strncasecmp(line, "bcc:", 4) == 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(json_t) job = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	g_autofree char *mail = NULL, *svg = NULL;
	g_autoptr(json_t) body = NULL;

	if (job == NULL || !json_is_object(job))
		return 0;
	mail = xb_message_mail(job);
	check_header(mail);
	body = xb_message_body(job);
	free(json_dumps(body, 0));
	svg = xb_plot_svg(json_object_get(job, "job"));
	if (svg != NULL) {
		const GMarkupParser parser = { 0 };
		GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, NULL, NULL);

		if (!g_markup_parse_context_parse(context, svg, -1, NULL) ||
		    !g_markup_parse_context_end_parse(context, NULL))
			abort();
		g_markup_parse_context_free(context);
	}
	return 0;
}
