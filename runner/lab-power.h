/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-power.h - a lab machine's power switch. What counts is the status that
 * is read afterwards, never the answer of the command.
 */
#ifndef XB_RUNNER_LAB_POWER_H
#define XB_RUNNER_LAB_POWER_H

#include "lab.h"

typedef enum { LAB_POWER_UNKNOWN, LAB_POWER_ON, LAB_POWER_OFF } LabPowerState;

/*
 * What a status command printed: its last word that is "on" or "off", in any
 * case ("Chassis Power is on"); unknown when there is none.
 */
LabPowerState lab_power_parse(const char *text);

/* LAB_POWER_UNKNOWN without power_status=. False with @error. */
bool lab_power_status(Lab *lab, LabPowerState *state, GError **error);

/* On, off: already so is fine. */
bool lab_power_set(Lab *lab, bool on, GError **error);

/* Off, a pause, on; or power_cycle= where it is all there is, which nothing
 * but the next boot's console proves. */
bool lab_power_cycle(Lab *lab, GError **error);

#endif
