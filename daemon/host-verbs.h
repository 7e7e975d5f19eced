/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host-verbs.h - the verbs about hosts; see verbs.h. */
#ifndef XB_HOST_VERBS_H
#define XB_HOST_VERBS_H

#include "queue.h"

json_t *xb_verb_hosts(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
		      GError **error);
json_t *xb_verb_host_show(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			  GError **error);
json_t *xb_verb_host_check(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error);
json_t *xb_verb_host_online(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			    GError **error);
json_t *xb_verb_host_offline(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error);
json_t *xb_verb_host_drain(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			   GError **error);
json_t *xb_verb_host_undrain(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error);
json_t *xb_verb_host_note(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			  GError **error);
json_t *xb_verb_host_relearn(XbDaemon *daemon, const XbPeer *peer, json_t *request, char **hint,
			     GError **error);

#endif
