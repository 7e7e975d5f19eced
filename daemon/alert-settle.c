/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alert-settle.c - see alert-settle.h. */
#include "alert-settle.h"

#include "task.h"

#define BACKOFF_MAX_S 3600.0 /* between two attempts */
#define REFUSED_S     3600.0 /* after an answer that means never */
#define DETAIL_MAX    500

double xb_alert_backoff_s(const XbAlertConfig *target, int attempts, json_t *answer)
{
	double asked = json_number_value(json_object_get(answer, "retry_after_s"));
	double delay = target ? target->retry_s : 30;

	for (int i = 1; i < attempts && delay < BACKOFF_MAX_S; i++)
		delay *= 2;
	delay = MIN(delay, BACKOFF_MAX_S);
	if (json_is_true(json_object_get(answer, "permanent")))
		delay = MAX(delay, REFUSED_S);
	return MAX(delay, asked);
}

static XbDeliveryState state_of(const XbAlertConfig *target, const XbDelivery *delivery,
				json_t *answer, int64_t due)
{
	bool delivered = json_is_true(json_object_get(answer, "delivered"));
	bool some = delivered || delivery->rest; /* have got it, now or before */

	if (delivered && json_array_size(json_object_get(answer, "rest")) == 0)
		return XB_DELIVERY_DELIVERED;
	/* the others have it, and of these it is known that they never will */
	if (some && !delivered && json_is_true(json_object_get(answer, "permanent")))
		return XB_DELIVERY_DELIVERED;
	if (target && due - delivery->created_ms > target->give_up_s * 1000)
		return some ? XB_DELIVERY_DELIVERED : XB_DELIVERY_DROPPED;
	return XB_DELIVERY_WAITING;
}

XbSettlement xb_alert_settlement(const XbDelivery *delivery, guint n, const XbAlertConfig *target,
				 json_t *answer, const char *detail, const char *rest,
				 int64_t now_ms)
{
	XbSettlement settled = { .detail = detail, .rest = rest };

	if (n > 1 && json_is_true(json_object_get(answer, "content"))) {
		settled.state = XB_DELIVERY_WAITING;
		settled.due_ms = now_ms;
		settled.alone = true;
		return settled;
	}
	settled.due_ms =
		now_ms + (int64_t)(xb_alert_backoff_s(target, delivery->attempts, answer) * 1000);
	settled.state = state_of(target, delivery, answer, settled.due_ms);
	if (settled.state == XB_DELIVERY_DELIVERED)
		settled.due_ms = now_ms;
	return settled;
}

/* Those of the batch that are being sent: another part may wait (snoozed) or be over. */
static GPtrArray *sent_ones(XbDb *db, int64_t batch, GError **error)
{
	GPtrArray *all = xb_db_deliveries_of_batch(db, batch, error);

	for (guint i = all ? all->len : 0; i-- > 0;) {
		if (((const XbDelivery *)all->pdata[i])->state != XB_DELIVERY_SENDING)
			g_ptr_array_remove_index(all, i);
	}
	return all;
}

static void journal_states(XbDaemon *daemon, const char *target, const guint counts[4], guint n,
			   const char *detail)
{
	static const char *const words[] = {
		[XB_DELIVERY_WAITING] = "not delivered to all, will be tried again",
		[XB_DELIVERY_DELIVERED] = "delivered",
		[XB_DELIVERY_DROPPED] = "given up",
	};

	for (guint state = 0; state < G_N_ELEMENTS(words); state++) {
		g_autofree char *part = counts[state] < n
						? g_strdup_printf(" (%u of %u)", counts[state], n)
						: g_strdup("");

		if (words[state] && counts[state] > 0)
			xb_journal(daemon, 0, "alert to %s: %s%s: %s", target, words[state], part,
				   detail);
	}
}

static bool settle_each(XbDaemon *daemon, const GPtrArray *sent, json_t *answer, const char *detail,
			guint counts[4], GError **error)
{
	json_t *left = json_object_get(answer, "rest");
	g_autofree char *rest = json_array_size(left) ? json_dumps(left, JSON_COMPACT) : NULL;
	int64_t now = xb_now_ms();

	for (guint i = 0; i < sent->len; i++) {
		const XbDelivery *delivery = sent->pdata[i];
		const XbSettlement settled = xb_alert_settlement(
			delivery, sent->len, xb_config_alert(daemon->config, delivery->target),
			answer, detail, rest, now);

		counts[settled.state]++;
		if (!xb_db_delivery_settle(daemon->db, delivery->id, &settled, now, error))
			return false;
	}
	return true;
}

bool xb_alert_settle(XbDaemon *daemon, int64_t batch, const char *dir, GError **error)
{
	g_autoptr(json_t) answer = xb_task_event(dir, "answer");
	g_autoptr(json_t) done = answer ? NULL : xb_task_event(dir, "done");
	g_autoptr(GPtrArray) sent = sent_ones(daemon->db, batch, error);
	const char *said = json_string_value(json_object_get(answer ? answer : done, "detail"));
	g_autofree char *cut =
		g_strndup(said ? said : "xbisect-notify ended without an answer", DETAIL_MAX);
	g_autofree char *detail = g_utf8_make_valid(cut, -1);
	guint counts[4] = { 0 };

	if (!sent || sent->len == 0)
		return sent != NULL;
	if (!xb_db_begin(daemon->db, error))
		return false;
	if (!settle_each(daemon, sent, answer, detail, counts, error) ||
	    !xb_db_commit(daemon->db, error)) {
		xb_db_rollback(daemon->db);
		return false;
	}
	journal_states(daemon, ((const XbDelivery *)sent->pdata[0])->target, counts, sent->len,
		       detail);
	return true;
}
