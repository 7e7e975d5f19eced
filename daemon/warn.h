/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * warn.h - what a bisection would come to on hosts as noisy as these are known
 * to be, told to the one who asks for it before it starts.
 *
 * Until it is told the answer to the request is not sent and the job is not
 * planned, for 8 s at most. A daemon that is started again holds nothing back.
 */
#ifndef XB_WARN_H
#define XB_WARN_H

#include "daemon.h"

XbWarner *xb_warner_new(void);
void xb_warner_free(XbWarner *self);

/*
 * Where earlier boots tell how much this host varies (noise.h), and that is
 * much for the least effect the bisection @job_id looks for, simulate the
 * search (trials.h) in a thread: a step of twice the least effect on a line of
 * as many commits. When it would often fail or take very many boots, add a
 * warning to @warnings, an array that may be shared: the expected cost, and
 * what would help. Of a job that is @queued, and not only tried in a
 * transaction, it is written into the journal and the "warnings" of the spec,
 * too. While a worker is still asked for the fingerprints by which those boots
 * are found, that is waited for first.
 */
void xb_warn_of_noise(XbDaemon *daemon, int64_t job_id, bool queued, json_t *warnings);

/* A warning may still be added to @warnings: xb_control_server_told() is called when it is not so
 * any more. */
bool xb_warn_is_open(const XbDaemon *daemon, const json_t *warnings);

/* The job is not to be planned yet; a round is poked when it is. */
bool xb_warn_holds(const XbDaemon *daemon, int64_t job_id);

/* Of a planning round: look whether fingerprints have come. */
void xb_warn_round(XbDaemon *daemon);

/* For tests: the text, or NULL when there is nothing to warn of. Pure but for the time that the
 * simulation may take (3 s). Caller frees. */
char *xb_warn_text(guint commits, double boot_sd, double run_sd, guint boots_known,
		   guint iterations, double min_effect, double confidence, guint hosts,
		   double boot_s, double build_s);

#endif
