/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-holder.h - who has a lab machine now (lab-lock.h): kind "lock" of a job.
 */
#ifndef XB_RUNNER_LAB_HOLDER_H
#define XB_RUNNER_LAB_HOLDER_H

#include "lab.h"

/* The process that holds flock() on the file @path and has written its number into it; 0 when none
 * does. Looks, and locks nothing: a lock of ours, however short, would refuse a job that begins. */
int lab_flock_holder(const char *path);

/*
 * Emits {"event":"lock","where":W,"owner":WHO,"pid":N,"age_s":S} for each lock that holds. W is
 * "controller" (this machine's file; without age), "folder" (boot=net) or "machine" (its disk,
 * boot=grub). False with @error when the machine can't be asked; the other locks are told before.
 */
bool lab_holders_tell(Lab *lab, GError **error);

#endif
