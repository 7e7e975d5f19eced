/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-frame.c - frames on a console: whole, torn, forged. */
#include "frame.h"

#include <string.h>

typedef struct {
	const char *name, *line;
	FrameState state;
	guint sequence;
	const char *payload;
} Case;

static const Case cases[] = {
	{ "none/empty", "", FRAME_NONE, 0, NULL },
	{ "none/xen", "(XEN) Xen version 4.17", FRAME_NONE, 0, NULL },
	{ "ok/sample", "@XB1 4 23 d6671b8e out unmap 0.054741289 s", FRAME_OK, 4,
	  "out unmap 0.054741289 s" },
	{ "ok/carriage-return", "@XB1 33 3 a1623d99 off\r", FRAME_OK, 33, "off" },
	{ "ok/after-other-text", "[    4.92] printk@XB1 33 3 a1623d99 off", FRAME_OK, 33, "off" },
	{ "torn/checksum", "@XB1 4 23 d6671b8f out unmap 0.054741289 s", FRAME_TORN, 0, NULL },
	{ "torn/digit-changed", "@XB1 4 23 d6671b8e out unmap 0.054741288 s", FRAME_TORN, 0, NULL },
	{ "torn/sequence-changed", "@XB1 5 23 d6671b8e out unmap 0.054741289 s", FRAME_TORN, 0,
	  NULL },
	{ "torn/short", "@XB1 4 23 d6671b8e out unmap 0.0547", FRAME_TORN, 0, NULL },
	{ "torn/long", "@XB1 4 23 d6671b8e out unmap 0.054741289 s(XEN)", FRAME_TORN, 0, NULL },
	{ "torn/mark-only", "@XB1", FRAME_TORN, 0, NULL },
	{ "torn/no-numbers", "@XB1 x y z w", FRAME_TORN, 0, NULL },
	{ "torn/huge-length", "@XB1 4 99999999999999999999 d6671b8e x", FRAME_TORN, 0, NULL },
	{ "torn/negative", "@XB1 -4 3 a1623d99 off", FRAME_TORN, 0, NULL },
	{ "torn/no-payload", "@XB1 33 3 a1623d99", FRAME_TORN, 0, NULL },
};

static void test_case(gconstpointer data)
{
	const Case *c = data;
	/* A copy without a terminator, so that reading beyond is seen. */
	gsize length = strlen(c->line), payload_length;
	g_autofree char *line = g_memdup2(c->line, length ? length : 1);
	const char *payload;
	guint sequence;

	g_assert_cmpint(runner_frame_parse(line, length, &sequence, &payload, &payload_length), ==,
			c->state);
	if (c->state != FRAME_OK)
		return;
	g_assert_cmpuint(sequence, ==, c->sequence);
	g_assert_cmpmem(payload, payload_length, c->payload, strlen(c->payload));
}

/* No single cut, lost byte or changed byte of a frame gives another payload. */
static void test_any_damage(void)
{
	const char *line = "@XB1 4 23 d6671b8e out unmap 0.054741289 s";
	gsize length = strlen(line), payload_length;
	const char *payload;
	guint sequence;

	for (gsize at = 0; at < length; at++) {
		g_autofree char *lost = g_strdup(line);
		g_autofree char *changed = g_strdup(line);

		memmove(lost + at, lost + at + 1, length - at);
		changed[at] ^= 1;
		g_assert_cmpint(
			runner_frame_parse(lost, length - 1, &sequence, &payload, &payload_length),
			!=, FRAME_OK);
		if (g_ascii_tolower(changed[at]) == line[at])
			continue; /* the case of a checksum's digit says nothing */
		g_assert_cmpint(
			runner_frame_parse(changed, length, &sequence, &payload, &payload_length),
			!=, FRAME_OK);
		if (at > 4)
			g_assert_cmpint(
				runner_frame_parse(line, at, &sequence, &payload, &payload_length),
				!=, FRAME_OK);
	}
}

static void test_crc(void)
{
	g_assert_cmphex(runner_crc32("123456789", 9), ==, 0xcbf43926);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/frame/crc32-is-the-common-one", test_crc);
	g_test_add_func("/frame/any-damage-is-seen", test_any_damage);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/frame/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_case);
	}
	return g_test_run();
}
