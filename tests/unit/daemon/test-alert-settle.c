/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-alert-settle.c - what becomes of each delivery of a message. */
#include "alert-settle.h"

#define NOW ((int64_t)1000000000)
#define DAY ((int64_t)86400000)

/* @answer: JSON or NULL. Of a delivery that is @age_ms old. */
static XbSettlement settled(const char *answer, guint n, int attempts, int64_t age_ms,
			    const char *rest_before)
{
	const XbAlertConfig target = { .retry_s = 30, .give_up_s = 3 * 86400 };
	const XbDelivery delivery = { .attempts = attempts,
				      .created_ms = NOW - age_ms,
				      .rest = (char *)rest_before };
	g_autoptr(json_t) said = answer ? json_loads(answer, 0, NULL) : NULL;
	XbSettlement result;

	g_assert_true(!answer == !said);
	result = xb_alert_settlement(&delivery, n, &target, said, "why", "rest", NOW);
	g_assert_cmpstr(result.detail, ==, "why");
	g_assert_cmpstr(result.rest, ==, "rest");
	return result;
}

#define LATER "{\"delivered\":true,\"permanent\":false,\"rest\":[\"b@example.org\"]}"

static void test_an_answer_decides(void)
{
	static const struct {
		const char *answer;
		guint n;
		int attempts;
		int64_t age_ms;
		const char *rest_before;
		XbDeliveryState state;
		int64_t wait_ms;
		bool alone;
	} cases[] = {
		{ "{\"delivered\":true,\"rest\":[]}", 1, 1, 0, NULL, XB_DELIVERY_DELIVERED, 0,
		  false },
		{ "{\"delivered\":true}", 7, 1, 9 * DAY, NULL, XB_DELIVERY_DELIVERED, 0, false },
		/* one is told to wait: the others are not asked again, and it not for ever */
		{ LATER, 1, 1, 0, NULL, XB_DELIVERY_WAITING, 30000, false },
		{ LATER, 1, 9, 4 * DAY, "[]", XB_DELIVERY_DELIVERED, 0, false },
		/* no answer, and one that says when */
		{ NULL, 3, 1, 0, NULL, XB_DELIVERY_WAITING, 30000, false },
		{ NULL, 3, 3, 0, NULL, XB_DELIVERY_WAITING, 120000, false },
		{ NULL, 3, 30, 0, NULL, XB_DELIVERY_WAITING, 3600000, false },
		{ "{\"delivered\":false,\"retry_after_s\":7200}", 1, 1, 0, NULL,
		  XB_DELIVERY_WAITING, 7200000, false },
		/* the target refuses, then the message is refused */
		{ "{\"delivered\":false,\"permanent\":true,\"content\":false}", 3, 1, 0, NULL,
		  XB_DELIVERY_WAITING, 3600000, false },
		{ "{\"delivered\":false,\"permanent\":true,\"content\":true}", 3, 1, 0, NULL,
		  XB_DELIVERY_WAITING, 0, true },
		{ "{\"delivered\":false,\"permanent\":true,\"content\":true}", 1, 2, 0, NULL,
		  XB_DELIVERY_WAITING, 3600000, false },
		/* those who are left never will have it */
		{ "{\"delivered\":false,\"permanent\":true,\"content\":false}", 3, 2, 0, "[]",
		  XB_DELIVERY_DELIVERED, 0, false },
		{ NULL, 1, 9, 4 * DAY, NULL, XB_DELIVERY_DROPPED, 3600000, false },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		XbSettlement it = settled(cases[i].answer, cases[i].n, cases[i].attempts,
					  cases[i].age_ms, cases[i].rest_before);

		g_test_message("case %u", i);
		g_assert_cmpint(it.state, ==, cases[i].state);
		g_assert_cmpint(it.due_ms - NOW, ==, cases[i].wait_ms);
		g_assert_true(it.alone == cases[i].alone);
	}
}

/* A digest carries what was found over a day: what is old is given up, what is new is not. */
static void test_each_is_given_up_by_its_own_age(void)
{
	g_assert_cmpint(settled(NULL, 2, 5, 4 * DAY, NULL).state, ==, XB_DELIVERY_DROPPED);
	g_assert_cmpint(settled(NULL, 2, 5, 2 * DAY, NULL).state, ==, XB_DELIVERY_WAITING);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/alert-settle/an-answer-decides", test_an_answer_decides);
	g_test_add_func("/alert-settle/each-is-given-up-by-its-own-age",
			test_each_is_given_up_by_its_own_age);
	return g_test_run();
}
