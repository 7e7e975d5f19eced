/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fetch.h - one branch of a remote repository into a bare one of ours.
 *
 * A fetch job: {"protocol": 1, "kind": "fetch", "url": "...", "branch": "...",
 * "repo": "<directory, made when missing>", "deadline_s": 600, "keep_free":
 * bytes that must stay free where that lies, "credentials":
 * {user, password_file, ssh_key, ssh_key_password_file, known_hosts, ca_file}}.
 *
 * The branch is refs/heads/BRANCH there as here; what a forced push took away
 * stays in the object store, so that what was measured can be measured again.
 */
#ifndef XB_FETCH_H
#define XB_FETCH_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef enum {
	XB_FETCH_OK,
	XB_FETCH_GONE,    /* the remote answers, and has no such branch */
	XB_FETCH_TROUBLE, /* it does not answer, refuses us, ... */
} XbFetchResult;

/* @tip (caller frees): the branch's commit, 40 hex. With GONE and TROUBLE @error says why; it
 * holds no secret. */
XbFetchResult xb_fetch(json_t *job, char **tip, GError **error);

#endif
