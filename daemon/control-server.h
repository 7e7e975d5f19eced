/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control-server.h - the Unix socket that clients talk to; see control.h for
 * the verbs. The peer's uid comes from the kernel (SO_PEERCRED): paths are
 * taken from the daemon's own uid and root only.
 */
#ifndef XB_CONTROL_SERVER_H
#define XB_CONTROL_SERVER_H

#include "daemon.h"

/* The user as which the pages run: -1 where the configuration names none; false with @error when
 * it names one that there is not, or one who may do anything anyway. Looked up once, before
 * anything is started; the daemon keeps the answer for its server (daemon->web_uid). */
bool xb_control_web_user(const XbConfig *config, int64_t *uid, GError **error);

/* Listens on config->socket (0660; a stale socket is replaced). */
XbControlServer *xb_control_server_new(XbDaemon *daemon, GError **error);
void xb_control_server_free(XbControlServer *self);

/* A job ended: those who follow it hear of it now. @self may be NULL. */
void xb_control_server_job_ended(XbControlServer *self, int64_t job_id);

/* Answers that waited for a warning (warn.h) and do not have to any more are sent. @self may be
 * NULL. */
void xb_control_server_told(XbControlServer *self);

/* Something changed that followers see and the database does not hold: they hear of it with the
 * next tick. @self may be NULL. */
void xb_control_server_look_again(XbControlServer *self);

#endif
