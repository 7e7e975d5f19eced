/* SPDX-License-Identifier: GPL-2.0-or-later */
/* actions.h - responses that need the daemon: what it is asked, and what becomes of its answer. */
#ifndef XB_ACTIONS_H
#define XB_ACTIONS_H

#include "site.h"

/* @answer: of the daemon, or NULL with @problem when it could not be asked. */
typedef XbWebResponse *(*XbFinish)(const XbSite *site, const XbWebRequest *request, json_t *answer,
				   const char *problem);

/* Steals @control. */
XbWebResponse *xb_action(json_t *control, XbFinish finish);

/* Why the daemon did not do it; NULL when it did. Caller frees. */
char *xb_action_problem(json_t *answer, const char *problem);
XbWebResponse *xb_action_refused(const XbSite *site, const XbWebRequest *request,
				 const json_t *answer, const char *problem);

#endif
