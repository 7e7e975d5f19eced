/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "site.h"
const XbRoute xb_routes_runs[] = { { 0 } };
