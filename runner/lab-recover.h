/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-recover.h - a lab machine back to its known-good system: the one that
 * answers by ssh and was not booted by us (no nonce on its command line).
 */
#ifndef XB_RUNNER_LAB_RECOVER_H
#define XB_RUNNER_LAB_RECOVER_H

#include "lab-identity.h"
#include "lab.h"

/*
 * Whatever state the machine is in: what boots next is set to known-good; a
 * system that answers is told to reboot unless it is known-good already; one
 * that does not is waited for once, as it may be starting, and then
 * power-cycled, twice at most. With boot=grub the lock on its disk is taken as
 * soon as a system answers. Fills *identity with what answered. False with
 * @error (host-trouble).
 */
bool lab_recover(Lab *lab, LabIdentity *identity, GError **error);

/* Ask once; *is_good when the known-good system answers. What *identity (empty or filled) held is
 * replaced. False when the run was ended. */
bool lab_ask_known_good(Lab *lab, double deadline_s, LabIdentity *identity, bool *is_good,
			char **why, GError **error);

/* The known-good system is what boots next (an answering machine is told so). */
bool lab_next_is_known_good(Lab *lab, bool answers, GError **error);

#endif
