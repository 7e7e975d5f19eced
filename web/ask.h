/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.h - one request to the daemon's control socket, as xbisect-web: the
 * connection is limited to the verbs of pages before it carries anything.
 */
#ifndef XB_ASK_H
#define XB_ASK_H

#include <glib.h>
#include <jansson.h>

/* @answer: of the daemon, borrowed; NULL with @problem when it could not be asked. */
typedef void (*XbAnswered)(json_t *answer, const char *problem, void *data);

/* Ask in a thread; @answered is called in the default main context, always and once. */
void xb_ask(const char *socket, json_t *request, XbAnswered answered, void *data);

#endif
