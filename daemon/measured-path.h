/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * measured-path.h - for each commit of a range whether it touches what the
 * workload executes. A boot of GOOD that counts every instruction (plan-explain.h)
 * says which functions are executed in the phase that the job's metric is called
 * after, else in all; the list that its build left (builder/objects.h) says where
 * they come from; the repository what the commits change (touched.h) and, where that
 * is in a header, what of GOOD uses it (uses.h).
 */
#ifndef XB_MEASURED_PATH_H
#define XB_MEASURED_PATH_H

#include "daemon.h"
#include "jobdata.h"

/*
 * When such a boot of the job's range has ended and nobody looked yet: look, add the rows, and
 * read *data again. What cannot be read is told in the job's journal and leaves the commits as they
 * were. False with @error only when the database fails.
 */
bool xb_measured_path_note(XbDaemon *daemon, XbJobData **data, GError **error);

#endif
