/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-check.h - onboarding: tries each operation on a lab machine, and says in
 * plain words what works and what to configure. */
#ifndef XB_RUNNER_LAB_CHECK_H
#define XB_RUNNER_LAB_CHECK_H

#include "lab.h"

/*
 * One event "check" for each operation, the machine's own system included; it
 * is power-cycled once when all before that works. False with @error: the
 * first that failed.
 */
bool lab_check(Lab *lab, GError **error);

#endif
