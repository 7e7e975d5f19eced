/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-recover.c - see lab-recover.h. */
#include "lab-recover.h"

#include "lab-grub.h"
#include "lab-lock.h"
#include "lab-net.h"
#include "lab-power.h"
#include "lab-ssh.h"

#include <string.h>

#define ASK_S       15
#define ASK_EVERY_S 2
#define CYCLES      2

bool lab_ask_known_good(Lab *lab, double deadline_s, LabIdentity *identity, bool *is_good,
			char **why, GError **error)
{
	*is_good = false;
	lab_identity_clear(identity);
	if (!lab_ssh_identity(lab, deadline_s, identity, why, error))
		return false;
	*is_good = identity->boot_id && !identity->nonce;
	return true;
}

bool lab_next_is_known_good(Lab *lab, bool answers, GError **error)
{
	if (lab->host->boot == LAB_BOOT_NET)
		return lab_net_known_good(lab, error);
	return !answers || lab_grub_known_good(lab, error);
}

/* Until the known-good system answers, with another boot than @old_boot_id; a
 * test kernel's system that answers instead ends it. *why: the last refusal. */
static bool await(Lab *lab, double seconds, const char *old_boot_id, LabIdentity *identity,
		  bool *is_good, char **why, GError **error)
{
	gint64 start = g_get_monotonic_time(), deadline = lab_deadline(seconds);

	for (;;) {
		double ask_s = lab_ssh_patience(lab->host, ASK_S, -lab_seconds_left(start));

		g_clear_pointer(why, g_free);
		if (!lab_ask_known_good(lab, ask_s, identity, is_good, why, error))
			return false;
		if (identity->boot_id && g_strcmp0(identity->boot_id, old_boot_id) != 0)
			return true;
		*is_good = false;
		if (lab_seconds_left(deadline) <= 0)
			return true;
		if (!lab_pause(lab, ASK_EVERY_S, error))
			return false;
	}
}

/* Before anything is done to a system that answers: it may be another's. */
static bool own(Lab *lab, GError **error)
{
	if (lab->host->boot == LAB_BOOT_GRUB && !lab->locked)
		lab->locked = lab_lock_remote(lab, error);
	return lab->host->boot != LAB_BOOT_GRUB || lab->locked;
}

/* The same for the system that @identity tells of. The run before may have told it to reboot: then
 * it goes down while it is asked, which is no trouble (*gone), and what answers next decides. */
static bool own_unless_gone(Lab *lab, LabIdentity *identity, bool *is_good, char **why, bool *gone,
			    GError **error)
{
	g_autofree char *old = g_strdup(identity->boot_id);
	g_autoptr(GError) problem = NULL;

	*gone = !own(lab, &problem);
	if (!*gone)
		return true;
	if (!lab_ask_known_good(lab, ASK_S, identity, is_good, why, error))
		return false;
	if (g_strcmp0(identity->boot_id, old) == 0) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	lab_log(lab, "%s: waiting for what answers next", problem->message);
	return true;
}

/* A system answers that is not the known-good one: a kernel of ours. */
static bool leave_test_system(Lab *lab, LabIdentity *identity, bool *is_good, char **why,
			      GError **error)
{
	g_autofree char *old = g_strdup(identity->boot_id);
	g_auto(LabResult) result = { 0 };
	g_autoptr(GError) problem = NULL;
	bool gone;

	lab_log(lab, "a kernel under test runs: reboot");
	if (!own_unless_gone(lab, identity, is_good, why, &gone, error))
		return false;
	if (!gone && lab_next_is_known_good(lab, true, &problem))
		lab_ssh_script(lab, "reboot", lab_reboot_script, lab->host->ssh_deadline_s, &result,
			       &problem);
	if (problem)
		lab_log(lab, "%s: waiting for what answers next", problem->message);
	return await(lab, lab->host->recover_deadline_s, old, identity, is_good, why, error);
}

static bool is_off(Lab *lab)
{
	LabPowerState state = LAB_POWER_UNKNOWN;

	return lab_power_status(lab, &state, NULL) && state == LAB_POWER_OFF;
}

static bool cycle(Lab *lab, LabIdentity *identity, bool *is_good, char **why, GError **error)
{
	double seconds = lab->host->recover_deadline_s;

	if (!lab_next_is_known_good(lab, false, error) || !lab_power_cycle(lab, error) ||
	    !await(lab, seconds, NULL, identity, is_good, why, error))
		return false;
	/* A boot loader that did not forget our entry. */
	if (!*is_good && identity->nonce)
		return leave_test_system(lab, identity, is_good, why, error);
	return true;
}

/* A machine that answers nothing may be starting, or be switched off. */
static bool wait_or_switch_on(Lab *lab, LabIdentity *identity, bool *is_good, char **why,
			      GError **error)
{
	if (is_off(lab) && !lab_power_set(lab, true, error))
		return false;
	return await(lab, lab->host->recover_deadline_s, NULL, identity, is_good, why, error);
}

/* The known-good system answers, and is made ours; or the one that comes after it is. */
static bool own_known_good(Lab *lab, LabIdentity *identity, GError **error)
{
	g_autofree char *old = g_strdup(identity->boot_id);
	g_autofree char *why = NULL;
	bool is_good = true, gone;

	if (!own_unless_gone(lab, identity, &is_good, &why, &gone, error))
		return false;
	if (!gone)
		return true;
	if (!is_good &&
	    !await(lab, lab->host->recover_deadline_s, old, identity, &is_good, &why, error))
		return false;
	return is_good ? own(lab, error)
		       : lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				  "the known-good system went down: %s", why ? why : "no answer");
}

bool lab_recover(Lab *lab, LabIdentity *identity, GError **error)
{
	g_autofree char *why = NULL;
	bool is_good;

	if (!lab_next_is_known_good(lab, false, error) ||
	    !lab_ask_known_good(lab, ASK_S, identity, &is_good, &why, error))
		return false;
	if (!is_good && !identity->boot_id &&
	    !wait_or_switch_on(lab, identity, &is_good, &why, error))
		return false;
	if (!is_good && identity->boot_id &&
	    !leave_test_system(lab, identity, &is_good, &why, error))
		return false;
	for (guint i = 0; !is_good && i < CYCLES; i++)
		if (!cycle(lab, identity, &is_good, &why, error))
			return false;
	if (!is_good)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"the known-good system does not come back after %d power cycles: "
				"%s",
				CYCLES,
				identity->nonce ? "a kernel under test is booted each time"
				: why           ? why
						: "no answer");
	return own_known_good(lab, identity, error) && lab_next_is_known_good(lab, true, error);
}
