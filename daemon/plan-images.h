/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan-images.h - the images of a bisect job that are not of a commit as it
 * stands: a clean rebuild, and BAD with the culprit reverted. Each is a
 * variant and a row of the job.
 */
#ifndef XB_PLAN_IMAGES_H
#define XB_PLAN_IMAGES_H

#include "daemon.h"
#include "jobdata.h"

/* The variant of @node's clean rebuild, or of its revert. @known: there is a row; with it, NULL
 * means that the image can't be made (a revert that does not apply). Borrowed. */
const XbVariant *xb_plan_image(const XbJobData *data, guint node, bool revert, bool *known);

/* Add the missing row (and what it needs: a variant, the revert as a patch). The next round of
 * planning, which is asked for, sees it. False: @error, nothing was added. */
bool xb_plan_image_add(XbDaemon *daemon, const XbJobData *data, guint node, bool revert,
		       GError **error);

#endif
