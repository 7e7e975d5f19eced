/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch-view.h - a watched branch as the JSON object that people and scripts see (WATCH in
 * control.h). */
#ifndef XB_WATCH_VIEW_H
#define XB_WATCH_VIEW_H

#include "watches.h"

/* A new reference; NULL with @error. @full: with its series. */
json_t *xb_view_watch(XbDb *db, const XbWatch *watch, bool full, GError **error);

#endif
