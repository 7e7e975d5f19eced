/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text from outside: whatever comes in, what comes out is short, valid and
 * without a control character. */
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t max = 200;
	g_autofree char *safe = xb_text_safe((const char *)data, (gssize)size, max, false);
	g_autofree char *word = g_strndup((const char *)data, size);
	double number;
	uint64_t bytes;

	g_assert_cmpuint(strlen(safe), <=, max);
	g_assert_true(g_utf8_validate(safe, -1, NULL));
	for (const char *c = safe; *c != '\0'; c++)
		g_assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
	if (xb_parse_duration(word, &number))
		g_assert_cmpfloat(number, >=, 0);
	if (xb_parse_fraction(word, &number))
		g_assert_cmpfloat(number, <, 10);
	xb_parse_size(word, &bytes);
	return 0;
}
