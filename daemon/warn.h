/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * warn.h - what a bisection would come to on hosts as noisy as these are known
 * to be, told when it is queued.
 */
#ifndef XB_WARN_H
#define XB_WARN_H

#include "daemon.h"

/*
 * Where earlier boots tell how much this host varies (noise.h), and that is
 * much for the least effect the job looks for, simulate the search (trials.h)
 * in a thread: a step of twice the least effect on a line of as many commits.
 * When it would often fail or take very many boots, write a warning into the
 * job's journal and the "warnings" of its spec: the expected cost, and what
 * would help. Nothing waits for it.
 */
void xb_warn_of_noise(XbDaemon *daemon, int64_t job_id);

/* For tests: the text, or NULL when there is nothing to warn of. Pure but for the time that the
 * simulation may take (3 s). Caller frees. */
char *xb_warn_text(guint commits, double boot_sd, double run_sd, guint boots_known,
		   guint iterations, double min_effect, double confidence, guint hosts,
		   double boot_s, double build_s);

#endif
