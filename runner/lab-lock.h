/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-lock.h - one controller at a time. Two locks: one of this machine, a
 * file that the kernel unlocks when a controller dies; and one at the lab
 * machine, which other controllers see: a file on its disk (boot=grub) or in
 * the folder that it boots from (boot=net).
 *
 * The lock at the lab machine is a line "TOKEN MACHINE PID START LEASE OWNER":
 * TOKEN is its holder's nonce, MACHINE the machine-id of the controller, PID
 * and START (clock ticks after boot, see proc(5)) its process, LEASE the
 * seconds after which a lock of another controller's is void, OWNER a text for
 * people. A lock whose process on this machine is gone is void at once.
 */
#ifndef XB_RUNNER_LAB_LOCK_H
#define XB_RUNNER_LAB_LOCK_H

#include "lab.h"

#define LAB_LOCK_FILE     "lock"          /* of this machine, by lab_state_path() */
#define LAB_NET_LOCK_FILE ".xbisect-lock" /* in net_dir= */

/* A file of this user's about this host, its directory made; NULL with @error. */
char *lab_state_path(const LabHost *host, const char *name, GError **error);

/* ---- the text (pure but for /proc) --------------------------------------- */

typedef struct {
	char token[65];
	char machine[65];
	int pid;
	guint64 start;
	guint lease_s;
	char *owner;
} LabClaim;

void lab_claim_clear(LabClaim *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LabClaim, lab_claim_clear)

/* Of this process. */
void lab_claim_own(LabClaim *self, const char *token, double lease_s);

/* How long the claim of a job with @deadline_s holds: as configured, but never shorter than the job
 * and the recovery that may follow. */
double lab_lease_s(const LabHost *host, double deadline_s);
char *lab_claim_format(const LabClaim *self);
bool lab_claim_parse(LabClaim *self, const char *line);

/* Whether the lock, @age_s seconds old, still holds. */
bool lab_claim_holds(const LabClaim *self, double age_s);

/* What the script that takes the lock on the machine printed. */
typedef enum {
	LAB_LOCK_TAKEN, /* now; or before, by us: the answer was lost on its way */
	LAB_LOCK_HELD,  /* by another one; *held is its claim, *age_s its age */
	LAB_LOCK_VOID,  /* by one that is gone, or it is no claim: *line (caller frees) */
	LAB_LOCK_ODD,   /* no such answer */
} LabLockAnswer;
LabLockAnswer lab_lock_answer(const char *text, const char *token, LabClaim *held, double *age_s,
			      char **line);

/* ---- the locks ------------------------------------------------------------ */

/* Returns a descriptor to keep, or -1 with @error naming the holder. */
int lab_lock_local(Lab *lab, GError **error);

/* In the folder of boot=net. */
bool lab_lock_net(Lab *lab, GError **error);
void lab_unlock_net(Lab *lab);

/* On the machine's disk, over ssh. */
bool lab_lock_remote(Lab *lab, GError **error);
bool lab_unlock_remote(Lab *lab, GError **error);

#endif
