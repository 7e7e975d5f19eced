/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * culprit.h - the commit that a verdict names, read from its repository and
 * kept in the database: who wrote it, when, its message and its diff. Reports
 * and pages need them when the repository has gone or the daemon is down.
 */
#ifndef XB_CULPRIT_H
#define XB_CULPRIT_H

#include "jobdata.h"
#include "daemon.h"

/* Keep the facts of the first commit of @verdict (a "culprit"). A repository that can't be read
 * is a line in the job's journal; false only when the database fails. */
bool xb_culprit_keep(XbDaemon *daemon, const XbJobData *data, json_t *verdict, GError **error);

#endif
