/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-up.c - see lab-boot.h: from the reset to dom0, and nothing else than that. */
#include "lab-boot.h"
#include "lab-grub.h"
#include "lab-power.h"
#include "lab-ssh.h"

#include <string.h>

#define POLL_S        0.25
#define ASK_EVERY_S   2
#define ASK_S         20  /* one question by ssh, at first: see lab_ssh_patience() */
#define ASK_LEAST_S   5   /* at the end of boot_deadline= */
#define GRACE_S       0.5 /* for the lines that follow a crash */
#define STILL_UP_PART 5   /* of boot_deadline=: told to reboot, it still answers: by its power */
#define STILL_UP_S    10  /* at least */

Console *lab_boot_console(const LabBoot *self)
{
	const LabMarks *marks = self->lab->console ? lab_console_marks(self->lab->console) : NULL;

	return marks ? lab_marks_console(marks) : NULL;
}

char *lab_boot_telling(const LabBoot *self)
{
	const Console *console = lab_boot_console(self);
	g_autofree char *text = console ? runner_console_telling(console) : NULL;

	return text ? g_strconcat(": ", text, NULL) : g_strdup("");
}

/* When a machine that was told to reboot, and answers as before, is switched off and on. */
static gint64 still_up_deadline(const LabBoot *self)
{
	return lab_deadline(MAX(self->lab->host->boot_deadline_s / STILL_UP_PART, STILL_UP_S));
}

/* The console proves that it is lost: wait for what follows, then say so. */
static bool fail_by_console(LabBoot *self, GError **error)
{
	const LabConsole *line = self->lab->console;
	g_autofree char *telling = NULL;
	XbOutcome outcome;
	const char *failure;

	lab_pause(self->lab, GRACE_S, NULL); /* what is seen counts, even at the last moment */
	failure = runner_console_failure(lab_boot_console(self), &outcome);
	telling = lab_boot_telling(self);
	/* Bytes that were lost are the cable's fault; a panic that was seen is none of its. */
	if (lab_console_lost(line) && strstr(failure, "result"))
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"the console was lost %u times, and %s", lab_console_losses(line),
				failure);
	if (self->up)
		outcome = XB_OUTCOME_WORKLOAD_FAILED;
	return lab_fail(error, outcome, "%s%s", failure, telling);
}

/* Everything was loaded: from here on each further start is the known-good one. */
static bool revert_when_loaded(LabBoot *self, const LabMarks *marks, GError **error)
{
	if (!self->test_entry || !lab_marks_xen(marks))
		return true;
	lab_log(self->lab, "Xen runs: the known-good system comes next");
	return lab_boot_revert(self, error);
}

/* What the machine loaded over the network is all of what it was to load. */
static bool check_loaded(const LabBoot *self, const LabMarks *marks, GError **error)
{
	const struct {
		const char *part;
		gint64 size;
	} files[] = { { "xen", self->xen ? (gint64)g_bytes_get_size(self->xen) : -1 },
		      { "kernel", self->kernel_size },
		      { "initramfs",
			self->initramfs ? (gint64)g_bytes_get_size(self->initramfs) : -1 } };

	if (lab_marks_unloaded(marks) && !lab_marks_xen(marks)) {
		g_autofree char *telling = lab_boot_telling(self);

		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"the boot loader did not get the files as they are: look at the "
				"TFTP or HTTP server%s",
				telling);
	}
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		gint64 loaded = lab_marks_loaded(marks, files[i].part);

		if (loaded >= 0 && loaded != files[i].size)
			return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
					"the machine loaded %" G_GINT64_FORMAT
					" of the %" G_GINT64_FORMAT
					" bytes of its %s: look at the TFTP or HTTP server",
					loaded, files[i].size, files[i].part);
	}
	return true;
}

bool lab_boot_look(LabBoot *self, GError **error)
{
	const Lab *lab = self->lab;
	const LabMarks *marks = lab->console ? lab_console_marks(lab->console) : NULL;
	const Console *console = lab_boot_console(self);
	XbOutcome outcome;

	if (!marks)
		return true;
	if (!revert_when_loaded(self, marks, error) || !check_loaded(self, marks, error))
		return false;
	if (lab_marks_foreign(marks) && !lab_marks_xen(marks)) {
		g_autofree char *telling = lab_boot_telling(self);

		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"%s, and another system was started%s",
				lab_marks_entry(marks) ? "the boot loader could not load the kernel"
						       : "the boot loader did not take our entry",
				telling);
	}
	if (console && runner_console_failure(console, &outcome))
		return fail_by_console(self, error);
	return true;
}

/* Nothing more came: how far had it come, and whose fault is that? */
static bool fail_late(const LabBoot *self, const char *what, const char *unreached, GError **error)
{
	const Lab *lab = self->lab;
	const LabMarks *marks = lab->console ? lab_console_marks(lab->console) : NULL;
	g_autofree char *telling = lab_boot_telling(self);

	if (marks && !lab_marks_xen(marks)) {
		const char *problem =
			!lab_console_connected(lab->console) ? "the console is lost"
			: lab_marks_entry(marks) ? "the boot loader took our entry, but Xen was "
						   "not started: could it load everything?"
			: lab_boot_console(self)
				? "Xen was started, but not with our arguments in sight"
				: "neither boot loader nor Xen was seen on the console: look at "
				  "power, boot order and cable";

		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s: %s%s", what, problem, telling);
	}
	if (marks && lab_console_lost(lab->console))
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"%s, but the console was lost in between%s", what, telling);
	return lab_fail(error, XB_OUTCOME_BOOT_FAILED, "%s%s%s%s", what, unreached ? ": " : "",
			unreached ? unreached : "", telling);
}

/* While dom0 calms down it has little to say. */
static double allowed_silence(const LabBoot *self)
{
	const Console *console = lab_boot_console(self);
	const LabHost *host = self->lab->host;

	return host->silence_s +
	       (console && runner_console_stage(console) == CONSOLE_DOM0 ? host->settle_s : 0);
}

static bool check_time(LabBoot *self, gint64 deadline_us, const char *unreached, GError **error)
{
	const Lab *lab = self->lab;
	const LabMarks *marks = lab->console ? lab_console_marks(lab->console) : NULL;
	g_autofree char *what = NULL;

	if (lab_seconds_left(deadline_us) <= 0) {
		what = g_strdup_printf("dom0 was not up %.0f s after the reset",
				       lab->host->boot_deadline_s);
		return fail_late(self, what, unreached, error);
	}
	/* A system on disk may be silent once it is up, one of ours says so. */
	if (marks && lab_marks_xen(marks) && lab->host->root == LAB_ROOT_INITRAMFS &&
	    lab->host->silence_s > 0 && lab_console_silence(lab->console) > allowed_silence(self)) {
		what = g_strdup_printf("nothing on the console for %.0f s", allowed_silence(self));
		return fail_late(self, what, NULL, error);
	}
	return true;
}

static bool came_up(LabBoot *self)
{
	self->up_us = g_get_monotonic_time();
	return self->up = true;
}

XbOutcome lab_boot_late(double had_s, double allowed_s)
{
	return had_s < allowed_s / 2 ? XB_OUTCOME_HOST_TROUBLE : XB_OUTCOME_WORKLOAD_FAILED;
}

bool lab_boot_fail_late(const LabBoot *self, GError **error)
{
	double had_s = -lab_seconds_left(self->up_us), allowed_s = self->lab->job->deadline_s;
	g_autofree char *telling = lab_boot_telling(self);

	return lab_fail(error, lab_boot_late(had_s, allowed_s),
			"the workload was not finished in time: it had %.0f of the %.0f s of "
			"deadline=%s",
			had_s, allowed_s, telling);
}

static LabExpected expected(const LabBoot *self)
{
	return (LabExpected){ .nonce = self->lab->nonce,
			      .old_boot_id = self->old_boot_id,
			      .build_id = self->image.build_id,
			      .release = self->image.release,
			      .version = self->image.version };
}

/* ---- dom0 from our initramfs: it says who it is, on the console ----------------- */

static bool judge_frames(LabBoot *self, GError **error)
{
	const LabExpected wanted = expected(self);
	g_auto(LabIdentity) identity = { 0 };
	g_autofree char *why = NULL;

	lab_identity_parse(&identity, runner_console_identity(lab_boot_console(self)));
	switch (lab_identity_judge(&identity, &wanted, &why)) {
	case LAB_UP:
		return came_up(self);
	case LAB_WRONG:
		return lab_fail(error, XB_OUTCOME_BOOT_FAILED, "%s", why);
	case LAB_NOT_YET:
	case LAB_FALLBACK:
		break;
	}
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "what booted is no boot of this run: %s",
			why);
}

/* Nothing was seen of a new start for long: does the system from before answer still? Then its
 * reboot has failed, and its power is what is left. */
static bool start_by_power(LabBoot *self, GError **error)
{
	g_auto(LabIdentity) identity = { 0 };

	if (!lab_ssh_identity(self->lab, ASK_S, &identity, NULL, error))
		return false;
	if (!identity.boot_id || g_strcmp0(identity.boot_id, self->old_boot_id) != 0)
		return true;
	lab_log(self->lab, "it was told to reboot, and did not");
	return lab_power_cycle(self->lab, error);
}

static bool wait_for_frames(LabBoot *self, gint64 deadline_us, GError **error)
{
	gint64 still_up_us = self->old_boot_id ? still_up_deadline(self) : deadline_us;

	for (;;) {
		const Console *console = lab_boot_console(self);

		if (!console && lab_seconds_left(still_up_us) <= 0) {
			still_up_us = G_MAXINT64;
			if (!start_by_power(self, error))
				return false;
		}

		if (!lab_boot_look(self, error))
			return false;
		if (console && runner_console_stage(console) >= CONSOLE_WORKLOAD)
			return judge_frames(self, error);
		if (!check_time(self, deadline_us, NULL, error) ||
		    !lab_wait(self->lab, POLL_S, error))
			return false;
	}
}

/* ---- the machine's own system: asked by ssh -------------------------------------- */

/* What the answer means; *done when there is nothing more to wait for. */
static bool judge_answer(LabBoot *self, const LabIdentity *identity, bool *done, GError **error)
{
	const LabExpected wanted = expected(self);
	g_autofree char *why = NULL;
	g_autofree char *telling = NULL;

	*done = false;
	switch (lab_identity_judge(identity, &wanted, &why)) {
	case LAB_NOT_YET:
		return true;
	case LAB_UP:
		return *done = came_up(self);
	case LAB_FALLBACK:
		telling = lab_boot_telling(self);
		/* Without a sign of our kernel on a console, it was not loaded. */
		if (self->lab->console && !lab_marks_xen(lab_console_marks(self->lab->console)))
			return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
					"the kernel was not loaded: %s%s", why, telling);
		return lab_fail(error, XB_OUTCOME_BOOT_FAILED, "%s%s", why, telling);
	case LAB_WRONG:
		break;
	}
	return lab_fail(error, XB_OUTCOME_BOOT_FAILED, "%s", why);
}

static bool look_for(LabBoot *self, double seconds, GError **error)
{
	gint64 end = lab_deadline(seconds);

	while (lab_seconds_left(end) > 0)
		if (!lab_boot_look(self, error) || !lab_wait(self->lab, POLL_S, error))
			return false;
	return lab_boot_look(self, error);
}

static bool wait_for_ssh(LabBoot *self, gint64 deadline_us, GError **error)
{
	gint64 start_us = g_get_monotonic_time(), still_up_us = still_up_deadline(self);
	g_autofree char *why = NULL;
	bool done = false;

	while (!done) {
		double patience =
			lab_ssh_patience(self->lab->host, ASK_S, -lab_seconds_left(start_us));
		double ask_s = CLAMP(lab_seconds_left(deadline_us), ASK_LEAST_S, patience);
		g_auto(LabIdentity) identity = { 0 };

		g_clear_pointer(&why, g_free);
		if (!lab_ssh_identity(self->lab, ask_s, &identity, &why, error) ||
		    !lab_boot_look(self, error) || !judge_answer(self, &identity, &done, error))
			return false;
		if (done)
			break;
		if (identity.boot_id && lab_seconds_left(still_up_us) <= 0) {
			lab_log(self->lab, "it was told to reboot, and did not");
			still_up_us = deadline_us;
			if (!lab_power_cycle(self->lab, error))
				return false;
		}
		if (!check_time(self, deadline_us, identity.boot_id ? "it did not reboot" : why,
				error) ||
		    !look_for(self, ASK_EVERY_S, error))
			return false;
	}
	return true;
}

bool lab_boot_wait_up(LabBoot *self, GError **error)
{
	gint64 deadline_us = lab_deadline(self->lab->host->boot_deadline_s);

	/* A GRUB that did not clear its environment would boot this kernel again. */
	if (self->lab->host->root == LAB_ROOT_DISK)
		return wait_for_ssh(self, deadline_us, error) &&
		       lab_grub_known_good(self->lab, error);
	return wait_for_frames(self, deadline_us, error);
}
