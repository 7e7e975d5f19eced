/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * web-config.h - the group [web] of the configuration, and the little of the
 * rest that xbisect-web needs. The daemon checks the same group and limits
 * what the user named in it may ask for.
 */
#ifndef XB_WEB_CONFIG_H
#define XB_WEB_CONFIG_H

#include "config-file.h"

typedef struct {
	char *listen;     /* ADDRESS:PORT, [ADDRESS]:PORT */
	char *names;      /* further names, divided by ';', by which browsers may ask for us */
	char *token_file; /* what changes need; NULL: STATE_DIR/web.token */
	char *read;       /* open or token */
	char *user;       /* as which xbisect-web runs; NULL: as the daemon */
	char *assets;     /* directory of style, script and plots; NULL: where they are installed */
	int viewers;      /* live pages at once */
	char *boot_listen, *boot_dir; /* the folder that lab machines boot from; NULL: not served */
	/* of [daemon] */
	char *state_dir, *socket;
} XbWebConfig;

/* Take the keys of a group [web]. */
bool xb_web_config_take(XbWebConfig *config, const XbConfigGroup *group, GError **error);

/* What xbisect-web reads: [web], and state_dir and socket of [daemon]; defaults filled in. Other
 * groups are the daemon's to check. @path NULL: no file, only defaults. */
bool xb_web_config_load(XbWebConfig *config, const char *path, GError **error);
void xb_web_config_clear(XbWebConfig *config);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XbWebConfig, xb_web_config_clear)

/* "127.0.0.1:8347", "[::1]:8347" -> address and port; false when it is neither. Caller frees
 * @address. */
bool xb_web_listen_parse(const char *text, char **address, int *port);

#endif
