/* SPDX-License-Identifier: GPL-2.0-or-later */
/* workjob.h - the job.json of a build and of a boot. */
#ifndef XB_WORKJOB_H
#define XB_WORKJOB_H

#include "daemon.h"

/* New references; "id" and "out_dir" are added by the executor. */
json_t *xb_workjob_build(XbDaemon *daemon, const XbVariant *variant, int slot, GError **error);
json_t *xb_workjob_boot(const XbVariant *variant, const XbHostConfig *host, json_t *workload,
			int boot, int perturb);

#endif
