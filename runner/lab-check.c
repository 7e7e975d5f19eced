/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-check.c - see lab-check.h. */
#include "lab-check.h"

#include "driver.h"
#include "lab-console.h"
#include "lab-facts.h"
#include "lab-grub.h"
#include "lab-lock.h"
#include "lab-net.h"
#include "lab-power.h"
#include "lab-recover.h"
#include "lab-ssh.h"

#include <string.h>
#include <unistd.h>

/* What a step found; *detail is set on success, else @error. */
typedef bool (*Step)(Lab *lab, char **detail, GError **error);

static bool check_power_status(Lab *lab, char **detail, GError **error)
{
	LabPowerState state;

	if (lab->host->power == LAB_POWER_NONE)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"power=none: a machine that hangs can't be brought back");
	if (!lab_power_status(lab, &state, error))
		return false;
	*detail = g_strdup(state == LAB_POWER_ON    ? "on"
			   : state == LAB_POWER_OFF ? "off"
						    : "not known: only a boot proves that the "
						      "switch works");
	return true;
}

static bool check_console(Lab *lab, char **detail, GError **error)
{
	if (lab->host->console == LAB_CONSOLE_NONE)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"console=none: why a kernel does not boot will not be known");
	if (!lab_console_open(lab, error) ||
	    !lab_console_wait(lab, lab->host->power_deadline_s, error) || !lab_pause(lab, 1, error))
		return false;
	if (lab_console_losses(lab->console) > 0)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"it was open, and was lost at once: see lab.log");
	*detail = g_strdup_printf("it is open, %s", lab_console_size(lab->console) > 0
							    ? "and something comes"
							    : "and silent");
	return true;
}

static bool check_known_good(Lab *lab, char **detail, GError **error)
{
	g_auto(LabIdentity) identity = { 0 };
	LabPowerState state = LAB_POWER_UNKNOWN;

	if (lab->host->power_on && lab_power_status(lab, &state, NULL) && state == LAB_POWER_OFF &&
	    !lab_power_set(lab, true, error))
		return false;
	if (!lab_recover(lab, &identity, error))
		return false;
	*detail = g_strdup_printf("%s answers as %s", lab->host->address,
				  identity.release ? identity.release : "an unknown system");
	return true;
}

static bool check_root(Lab *lab, char **detail, GError **error)
{
	g_autofree char *script = g_strdup_printf(
		"[ \"$(id -u)\" = 0 ] || { echo \"uid $(id -u) can't reboot or measure\" >&2; exit "
		"3; }\n"
		"for c in sha256sum od awk sed setsid reboot%s; do command -v $c >/dev/null ||\n"
		"{ echo \"$c is not there\" >&2; exit 3; }; done\n",
		lab->host->has_perf ? " perf" : "");
	g_auto(LabResult) result = { 0 };

	if (!lab_ssh_script_ok(lab, "rights", script, lab->host->ssh_deadline_s, &result, error))
		return false;
	*detail = g_strdup("root, and all programs that are needed are there");
	return true;
}

static bool check_facts(Lab *lab, char **detail, GError **error)
{
	g_auto(LabResult) result = { 0 };
	g_autoptr(json_t) facts = NULL;

	if (!lab_ssh_script_ok(lab, "facts", lab_facts_script, lab->host->ssh_deadline_s, &result,
			       error))
		return false;
	facts = lab_facts_parse(result.out, error);
	if (!facts)
		return false;
	lab_facts_save(lab->host, facts);
	*detail = json_dumps(facts, JSON_COMPACT | JSON_SORT_KEYS);
	return true;
}

static bool check_net(Lab *lab, char **detail, GError **error)
{
	if (!lab_net_known_good(lab, error))
		return false;
	*detail = g_strdup_printf("%s/%s can be replaced, and names the known-good system",
				  lab->host->net_dir, lab->host->net_script);
	return true;
}

static bool check_boot(Lab *lab, char **detail, GError **error)
{
	return lab->host->boot == LAB_BOOT_NET ? check_net(lab, detail, error)
					       : lab_grub_check(lab, detail, error);
}

/* What the console showed of the start, for a person. */
static const char *seen(const Lab *lab)
{
	const LabMarks *marks = lab->console ? lab_console_marks(lab->console) : NULL;

	if (!marks || !lab_marks_console(marks))
		return "";
	if (lab->host->boot != LAB_BOOT_NET)
		return ", Xen was seen on the console";
	return lab_marks_entry(marks)
		       ? ", and the script in net_dir was read"
		       : ", but the script in net_dir was not seen on the console: is it what "
			 "this machine loads, and does its loader print on the serial line?";
}

/* Off and on: another boot answers, and the console showed it. */
static bool check_power_cycle(Lab *lab, char **detail, GError **error)
{
	const ConsoleHandlers handlers = { 0 };
	g_auto(LabIdentity) before = { 0 };
	g_auto(LabIdentity) after = { 0 };
	gint64 start = g_get_monotonic_time();
	guint64 shown = lab->console ? lab_console_size(lab->console) : 0;
	bool is_good;

	if (!lab_ask_known_good(lab, lab->host->ssh_deadline_s, &before, &is_good, NULL, error))
		return false;
	if (lab->console)
		lab_console_arm(lab->console, lab->nonce, &handlers);
	if (!lab_power_cycle(lab, error) || !lab_recover(lab, &after, error))
		return false;
	if (g_strcmp0(before.boot_id, after.boot_id) == 0)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"the machine was not switched off: the same boot answers still");
	if (lab->console && lab_console_size(lab->console) == shown)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"nothing came on the console while the machine started");
	*detail = g_strdup_printf("the known-good system was back after %.0f s%s",
				  -lab_seconds_left(start), seen(lab));
	return true;
}

/* The same; a script of the network says our nonce meanwhile. */
static bool check_start(Lab *lab, char **detail, GError **error)
{
	bool fine;

	lab->announce = lab->host->boot == LAB_BOOT_NET;
	fine = check_power_cycle(lab, detail, error);
	if (!lab->announce)
		return fine;
	lab->announce = false;
	return lab_net_known_good(lab, fine ? error : NULL) && fine;
}

static const struct {
	const char *operation;
	Step step;
	bool needed; /* what follows makes no sense without it */
	const char *advice;
} steps[] = {
	{ "power-status", check_power_status, false,
	  "set power= and its keys so that power_status prints on or off; try the command by "
	  "hand" },
	{ "console", check_console, false,
	  "set console= and its keys; only one reader may have the line: close others" },
	{ "known-good", check_known_good, true,
	  "address=, port=, ssh_user=, ssh_key_file= and known_hosts= must let `ssh` in without a "
	  "question; the machine's default boot entry must be a system that always comes up" },
	{ "rights", check_root, true,
	  "ssh_user= must be root on the machine, with the programs of a usual system, and "
	  "perf for profile=perf" },
	{ "fingerprint", check_facts, false, "the known-good system must mount /proc and /sys" },
	{ "boot-once", check_boot, false,
	  "boot=grub: GRUB_DEFAULT=saved, a saved default entry, grubenv on a plain partition; "
	  "boot=net: net_dir= must be writable, and served to the machine's iPXE or GRUB" },
	{ "power-cycle", check_start, false,
	  "the outlet, relay or BMC must be that of this machine; firmware must start the machine "
	  "when power returns, and its console must be the serial line" },
};

bool lab_check(Lab *lab, GError **error)
{
	bool all = true;

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(GError) problem = NULL;
		g_autofree char *detail = NULL;
		bool ok = steps[i].step(lab, &detail, &problem);

		runner_check_event(lab->run, steps[i].operation, ok, ok ? detail : problem->message,
				   ok ? NULL : steps[i].advice);
		if (!ok && all)
			lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s: %s", steps[i].operation,
				 problem->message);
		all = all && ok;
		if (!ok && (steps[i].needed || lab->run->ended))
			break;
	}
	return all;
}
