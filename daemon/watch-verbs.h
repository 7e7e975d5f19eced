/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch-verbs.h - the verbs of the control socket about watched branches; see control.h. */
#ifndef XB_WATCH_VERBS_H
#define XB_WATCH_VERBS_H

#include "daemon.h"
#include "queue.h"

json_t *xb_verb_watches(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			GError **error);
json_t *xb_verb_watch_show(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error);
json_t *xb_verb_watch_add(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			  GError **error);
json_t *xb_verb_watch_remove(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error);
json_t *xb_verb_watch_look(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error);
json_t *xb_verb_watch_backfill(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			       GError **error);

#endif
