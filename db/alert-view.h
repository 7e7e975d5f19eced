/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alert-view.h - an alert as the JSON object that people and scripts see (ALERT in control.h). */
#ifndef XB_ALERT_VIEW_H
#define XB_ALERT_VIEW_H

#include "alerts.h"

/* A new reference, or NULL with @error. */
json_t *xb_view_alert(XbDb *db, const XbAlert *alert, GError **error);

#endif
