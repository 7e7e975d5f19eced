/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-group.h - what the parts of the configuration share: one function
 * for each kind of group, which takes its entries into the XbConfig or sets
 * @error to the one line about it.
 */
#ifndef XB_CONFIG_GROUP_H
#define XB_CONFIG_GROUP_H

#include "config.h"
#include "config-file.h"
#include "config-value.h"

/* Labels, parameters and metrics become parts of paths, arguments and JSON: letters, digits,
 * . _ and -, at most 64, not beginning with . or -. */
bool xb_config_is_name(const char *text);

/* Add a checked value to what a worker gets, as text; a duration as plain seconds under the
 * name KEY_s. */
void xb_config_add_setting(json_t *settings, const XbKeySpec *spec, const char *key,
			   const char *value);

bool xb_config_take_host(XbConfig *config, const XbConfigGroup *group, GError **error);
bool xb_config_take_workload(XbConfig *config, const XbConfigGroup *group, GError **error);
bool xb_config_take_alert(XbConfig *config, const XbConfigGroup *group, GError **error);
bool xb_config_take_remote(XbConfig *config, const XbConfigGroup *group, GError **error);

/* What exists when no group of the kind does. */
void xb_config_default_host(XbConfig *config);
void xb_config_default_workload(XbConfig *config);

/* Who hears of hosts, now that all groups are there. */
void xb_config_complete_alerts(XbConfig *config);

/* For the arrays of an XbConfig. */
void xb_config_free_host(void *host);
void xb_config_free_workload(void *workload);
void xb_config_free_alert(void *alert);
void xb_config_free_remote(void *remote);

#endif
