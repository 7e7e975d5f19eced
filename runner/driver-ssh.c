/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver-ssh.c - a real machine in a lab: power switch, serial console, and
 * either its own GRUB or network boot. Each kernel is booted once; whatever
 * comes of it, the machine goes back to its known-good system.
 */
#include "driver.h"

#include "lab-boot.h"
#include "lab-check.h"
#include "lab-facts.h"
#include "lab-holder.h"
#include "lab-lock.h"
#include "lab-measure.h"
#include "lab-net.h"
#include "lab-power.h"
#include "lab-recover.h"
#include "lab-ssh.h"

#include <string.h>
#include <unistd.h>

#define PROBE_S   12 /* is the known-good system there already? */
#define FACTS_S   25 /* a fingerprint is waited for up to 30 s */
#define PANIC_S   2  /* until a panic that took ssh away is on the console */
#define END_SSH_S 8  /* after the run, when a SIGTERM gives 10 s */

typedef struct {
	Lab *lab;
	LabBoot boot;
	int lock_fd;
	bool net_locked;
} Session;

/* ---- fingerprint ------------------------------------------------------------------ */

/* Facts from the report of the known-good system: told, and kept for later. */
static json_t *facts_of_report(Lab *lab, const char *report, GError **error)
{
	g_autoptr(json_t) facts = lab_facts_parse(report, error);

	if (!facts)
		return NULL;
	lab_facts_save(lab->host, facts);
	return g_steal_pointer(&facts);
}

/* Ask by ssh. NULL without @error: what answers is not the known-good system,
 * or nothing does (*why, caller frees). */
static json_t *ask_facts(Lab *lab, double deadline_s, LabIdentity *identity, char **why,
			 GError **error)
{
	g_autofree char *script = g_strconcat(lab_identity_script, lab_facts_script, NULL);
	g_auto(LabResult) result = { 0 };

	if (!lab_ssh_script(lab, "facts", script, deadline_s, &result, error))
		return NULL;
	if (!lab_result_ok(&result)) {
		*why = lab_result_text(&result);
		return NULL;
	}
	lab_identity_parse(identity, result.out);
	if (!identity->nonce)
		return facts_of_report(lab, result.out, error);
	*why = g_strdup("a kernel under test runs on it");
	return NULL;
}

static json_t *workload_facts(const RunnerJob *job, GError **error)
{
	g_autoptr(Workload) workload = runner_workload_new(job, error);

	return workload ? runner_workload_facts(workload, error) : NULL;
}

static bool facts(const RunnerJob *job, json_t **host, json_t **workload, GError **error)
{
	g_autoptr(Lab) lab = lab_new(job, NULL, error);
	g_auto(LabIdentity) identity = { 0 };
	g_autoptr(GError) problem = NULL;
	g_autofree char *why = NULL;

	if (!lab || !(*workload = workload_facts(job, error)))
		return false;
	*host = ask_facts(lab, FACTS_S, &identity, &why, &problem);
	if (!*host)
		*host = lab_facts_load(lab->host); /* it is at work, or starting */
	if (!*host)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"the known-good system of %s does not tell what it is: %s",
				lab->host->name, problem ? problem->message : why);
	return lab_facts_add_settings(*host, lab->host, error);
}

/* ---- a run ------------------------------------------------------------------------ */

/* The machine's facts, by its known-good system: brought back to it where that
 * must be. A machine that boots over the network and was asked before needs
 * not: it is power-cycled into the kernel under test. */
static json_t *known_good_facts(Session *self, GError **error)
{
	Lab *lab = self->lab;
	g_auto(LabIdentity) identity = { 0 };
	g_autoptr(GError) problem = NULL;
	g_autofree char *why = NULL;
	json_t *found = NULL;

	if (lab->host->boot == LAB_BOOT_NET) {
		found = ask_facts(lab, PROBE_S, &identity, &why, &problem);
		if (found)
			self->boot.old_boot_id = g_strdup(identity.boot_id);
		else if (!problem && lab->host->power != LAB_POWER_NONE)
			found = lab_facts_load(lab->host);
		if (problem)
			g_propagate_error(error, g_steal_pointer(&problem));
		if (found || *error)
			return found;
	}
	lab_identity_clear(&identity);
	g_clear_pointer(&why, g_free);
	if (!lab_recover(lab, &identity, error))
		return NULL;
	lab_identity_clear(&identity);
	found = ask_facts(lab, lab->host->ssh_deadline_s, &identity, &why, error);
	if (found)
		self->boot.old_boot_id = g_strdup(identity.boot_id);
	else if (error && !*error)
		lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "facts: %s", why);
	return found;
}

static bool tell_fingerprint(Session *self, GError **error)
{
	json_t *host = known_good_facts(self, error);
	json_t *workload = host ? runner_workload_facts(self->boot.workload, error) : NULL;

	if (!workload || !lab_facts_add_settings(host, self->lab->host, error)) {
		json_decref(host);
		json_decref(workload);
		return false;
	}
	runner_run_emit(self->lab->run, runner_fingerprint_of(&runner_driver_ssh, host, workload));
	return true;
}

static bool take_locks(Session *self, GError **error)
{
	self->boot.lab = self->lab;
	self->lock_fd = lab_lock_local(self->lab, error);
	if (self->lock_fd < 0)
		return false;
	if (self->lab->host->boot == LAB_BOOT_NET)
		self->net_locked = lab_lock_net(self->lab, error);
	return self->net_locked || self->lab->host->boot != LAB_BOOT_NET;
}

static bool run_boot(Session *self, GError **error)
{
	LabBoot *boot = &self->boot;
	/* it judges lateness itself, so it must come before lab_wait() does */
	gint64 deadline_us = self->lab->end_us - G_USEC_PER_SEC;

	runner_run_phase(self->lab->run, "prepare");
	if (!lab_boot_prepare(boot, self->lab, error) || !take_locks(self, error) ||
	    !lab_console_open(self->lab, error))
		return false;
	runner_run_phase(self->lab->run, "known-good");
	return tell_fingerprint(self, error) && lab_boot_deploy(boot, error) &&
	       lab_boot_reset(boot, error) && lab_boot_wait_up(boot, error) &&
	       lab_measure(boot, deadline_us, error);
}

/* A system that answers is told to go, and gives up the lock on its disk. */
static bool leave_by_ssh(Session *self)
{
	g_autofree char *dir = g_shell_quote(self->lab->host->work_dir);
	g_autofree char *script = g_strdup_printf(
		"case $(cat %s/lock 2>/dev/null) in \"%s \"*) rm -f %s/lock; esac\n%s", dir,
		self->lab->nonce, dir, self->boot.reset ? lab_reboot_script : "");
	g_auto(LabResult) result = { 0 };

	return lab_ssh_script(self->lab, "leave", script, END_SSH_S, &result, NULL) &&
	       lab_result_ok(&result);
}

/* The machine goes back to its known-good system; the next job waits for it. */
static void leave(Session *self)
{
	Lab *lab = self->lab;
	const Console *console = lab_boot_console(&self->boot);
	bool rebooting = console && runner_console_stage(console) == CONSOLE_OFF;
	bool disk = lab->host->root == LAB_ROOT_DISK;
	g_autoptr(GError) error = NULL;

	lab->closing = true;
	if (!lab_boot_revert(&self->boot, &error))
		lab_log(lab, "%s", error->message);
	g_clear_error(&error);
	if (self->boot.reset && !rebooting && !(disk && self->boot.up && leave_by_ssh(self)) &&
	    !lab_power_cycle(lab, &error))
		lab_log(lab, "%s", error->message);
	else if (!self->boot.reset && lab->locked)
		leave_by_ssh(self);
}

static void end_session(Session *self)
{
	if (!self->lab)
		return;
	if (self->lock_fd >= 0)
		leave(self);
	if (self->net_locked) {
		lab_net_clean(self->lab);
		lab_unlock_net(self->lab);
	}
	lab_console_close(self->lab->console);
	lab_boot_clear(&self->boot);
	lab_free(self->lab);
	if (self->lock_fd >= 0)
		close(self->lock_fd);
}

/* What @error means, or ok. Whose fault it is stands in its code. */
static void conclude(RunnerRun *run, const GError *error)
{
	if (!error)
		runner_run_end(run, XB_OUTCOME_OK, "%s", "");
	else
		runner_run_end(run,
			       error->domain == LAB_ERROR ? (XbOutcome)error->code
							  : XB_OUTCOME_HOST_TROUBLE,
			       "%s", error->message);
}

/* A step failed after the reset. When the kernel panics under it, that takes a moment to be on the
 * console, and tells more than ssh does. */
static void look_again(Session *self, GError **error)
{
	g_autoptr(GError) seen = NULL;

	if (!self->boot.reset || self->lab->run->ended ||
	    ((*error)->domain == LAB_ERROR && (*error)->code != XB_OUTCOME_HOST_TROUBLE))
		return;
	lab_pause(self->lab, PANIC_S, NULL);
	if (lab_boot_look(&self->boot, &seen))
		return;
	lab_log(self->lab, "%s", (*error)->message);
	g_error_free(*error);
	*error = g_steal_pointer(&seen);
}

static void run(RunnerRun *run)
{
	Session session = { .lock_fd = -1 };
	g_autoptr(GError) error = NULL;

	session.lab = lab_new(run->job, run, &error);
	if (session.lab && !run_boot(&session, &error) && error)
		look_again(&session, &error);
	conclude(run, error);
	if (session.lab)
		lab_log(session.lab, "%s: %s", xb_outcome_name(run->outcome), run->detail);
	end_session(&session);
}

/* ---- recover and check ------------------------------------------------------------ */

static bool run_recover(Session *self, GError **error)
{
	g_auto(LabIdentity) identity = { 0 };
	g_autofree char *why = NULL;
	g_autoptr(json_t) found = NULL;

	runner_run_phase(self->lab->run, "recover");
	if (!take_locks(self, error) || !lab_console_open(self->lab, error) ||
	    !lab_recover(self->lab, &identity, error))
		return false;
	lab_identity_clear(&identity);
	/* so that a machine whose parts were changed gets a new identity now */
	found = ask_facts(self->lab, self->lab->host->ssh_deadline_s, &identity, &why, error);
	return found || !error || !*error;
}

static void recover(RunnerRun *run)
{
	Session session = { .lock_fd = -1 };
	g_autoptr(GError) error = NULL;

	session.lab = lab_new(run->job, run, &error);
	if (session.lab)
		run_recover(&session, &error);
	conclude(run, error);
	end_session(&session);
}

static void check(RunnerRun *run)
{
	Session session = { .lock_fd = -1 };
	g_autoptr(GError) error = NULL;

	session.lab = lab_new(run->job, run, &error);
	runner_check_event(run, "settings", session.lab != NULL,
			   error ? error->message : "they are complete",
			   "see driver=ssh in xbisectd.conf(5)");
	if (session.lab && take_locks(&session, &error)) {
		runner_check_event(run, "lock", true, "nobody else uses the machine", NULL);
		lab_check(session.lab, &error);
	} else if (session.lab) {
		runner_check_event(run, "lock", false, error->message,
				   "let the other controller finish, or stop it");
	}
	conclude(run, error);
	end_session(&session);
}

static void lock(RunnerRun *run)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Lab) lab = lab_new(run->job, run, &error);

	if (lab)
		lab_holders_tell(lab, &error);
	conclude(run, error);
}

const RunnerDriver runner_driver_ssh = {
	.name = "ssh",
	.summary = "a machine in a lab: power switch, serial console, GRUB or network boot",
	.facts = facts,
	.run_tells_fingerprint = true,
	.run = run,
	.check = check,
	.recover = recover,
	.lock = lock,
};
