/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-measure.c - see lab-measure.h. */
#include "lab-measure.h"

#include "lab-disk.h"

#define POLL_S 0.25

static bool fail_workload(const LabBoot *boot, GError **error, const char *what)
{
	g_autofree char *telling = lab_boot_telling(boot);

	if (lab_console_lost(boot->lab->console))
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"%s, but the console was lost in between%s", what, telling);
	return lab_fail(error, XB_OUTCOME_WORKLOAD_FAILED, "%s%s", what, telling);
}

/* The workload ended: are the samples there that it was run for? */
static bool judge_frames(const LabBoot *boot, GError **error)
{
	const Console *console = lab_boot_console(boot);
	int status = runner_console_status(console);
	g_autofree char *what = NULL;

	if (status != 0) {
		what = g_strdup_printf("the workload ended with status %d", status);
		return fail_workload(boot, error, what);
	}
	for (guint i = 0; boot->workload->metrics[i]; i++)
		if (runner_console_samples(console, boot->workload->metrics[i]) == 0 &&
		    !runner_counting_sampled(boot->counting, boot->workload->metrics[i]))
			return lab_fail(error, XB_OUTCOME_WORKLOAD_FAILED,
					"the workload printed no sample of %s",
					boot->workload->metrics[i]);
	return true;
}

static bool follow_frames(LabBoot *boot, gint64 deadline_us, GError **error)
{
	const Lab *lab = boot->lab;
	double silence_s = lab->host->silence_s;
	g_autofree char *what = NULL;

	if (!runner_setting_seconds(lab->job->workload, "silence_s", silence_s, &silence_s, error))
		return false;
	for (;;) {
		if (!lab_boot_look(boot, error))
			return false;
		if (runner_console_stage(lab_boot_console(boot)) == CONSOLE_OFF)
			return judge_frames(boot, error);
		if (silence_s > 0 && !lab_console_connected(lab->console) &&
		    lab_console_silence(lab->console) > silence_s)
			return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
					"the console was lost during the workload");
		if (silence_s > 0 && lab_console_silence(lab->console) > silence_s) {
			what = g_strdup_printf("nothing on the console for %.0f s", silence_s);
			return fail_workload(boot, error, what);
		}
		if (lab_seconds_left(deadline_us) <= 0)
			return lab_boot_fail_late(boot, error);
		if (!lab_wait(boot->lab, POLL_S, error))
			return false;
	}
}

bool lab_measure(LabBoot *boot, gint64 deadline_us, GError **error)
{
	bool ok = boot->lab->host->root == LAB_ROOT_INITRAMFS
			  ? follow_frames(boot, deadline_us, error)
			  : lab_disk_measure(boot, deadline_us, error);

	return ok && runner_counting_finish(boot->counting, error);
}
