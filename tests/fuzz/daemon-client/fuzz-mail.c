/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a name, an address, a link: what is written stays one line, or one address. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *name = NULL, *email = NULL, *id = xb_mail_parse_id(text);
	g_autoptr(GString) out = g_string_new(NULL);

	if (xb_mail_parse_address(text, &name, &email)) {
		if (!xb_mail_address(out, name, email) || strpbrk(email, "\r\n <>,") != NULL)
			abort();
	}
	if (id != NULL && strpbrk(id, "\r\n ,") != NULL)
		abort();
	xb_mail_header(out, "X", text);
	for (const char *p = out->str; *p != '\0'; p++) {
		if (*p == '\r' || (*p == '\n' && p[1] != '\0' && p[1] != ' ' && p[1] != 'X'))
			abort();
	}
	return 0;
}
