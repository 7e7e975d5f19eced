/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relevance.h - which commits of a range cannot change the image: those whose
 * files the build of this configuration does not read. They are marked as
 * sharing their parent's image (image_inferred), cost no build, and can't be
 * named: the engine builds a culprit and its parent for real.
 */
#ifndef XB_RELEVANCE_H
#define XB_RELEVANCE_H

#include "engine.h"
#include "daemon.h"
#include "jobdata.h"

/* Set image_class, image_inferred and, from what a commit touches of what is executed or else how
 * many objects read its files, the prior weight of the nodes (data->commits->len of them). */
void xb_relevance_infer(XbDaemon *daemon, const XbJobData *data, XbNode *nodes);

#endif
