/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedule.h - one planning round: for each open job in order, plan, write
 * the verdict, and start what fits the free hosts and builder slots.
 */
#ifndef XB_SCHEDULE_H
#define XB_SCHEDULE_H

#include "daemon.h"

void xb_schedule_round(XbDaemon *daemon);

/* End the work of a job that was cancelled or is decided. A job that waited for one of its builds
 * starts it again. */
void xb_schedule_stop_job(XbDaemon *daemon, int64_t job_id);

/* What the planner expects of the job @job_id, whose rows may be in an open transaction, when
 * nothing else is running (xb_queue_check() says what it holds). NULL with @error. */
json_t *xb_schedule_estimate(XbDaemon *daemon, int64_t job_id, GError **error);

#endif
