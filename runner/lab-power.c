/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-power.c - see lab-power.h. */
#include "lab-power.h"

#include "lab-command.h"
#include "lab-template.h"
#include "text.h"

#include <string.h>

#define TRIES  2
#define POLL_S 0.5

LabPowerState lab_power_parse(const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n:=.,;\"'", -1);
	LabPowerState state = LAB_POWER_UNKNOWN;

	for (guint i = 0; words[i]; i++) {
		if (g_ascii_strcasecmp(words[i], "on") == 0)
			state = LAB_POWER_ON;
		else if (g_ascii_strcasecmp(words[i], "off") == 0)
			state = LAB_POWER_OFF;
	}
	return state;
}

/* Run the template @text, the setting @name. */
static bool run_template(Lab *lab, const char *name, const char *text, LabResult *result,
			 GError **error)
{
	g_auto(GStrv) argv = lab_template_argv(name, text, lab->host->values, error);

	return argv &&
	       lab_command_ok(lab, name, argv, -1, lab->host->power_deadline_s, result, error);
}

bool lab_power_status(Lab *lab, LabPowerState *state, GError **error)
{
	g_auto(LabResult) result = { 0 };
	g_autofree char *safe = NULL;

	*state = LAB_POWER_UNKNOWN;
	if (!lab->host->power_status)
		return true;
	if (!run_template(lab, "power_status", lab->host->power_status, &result, error))
		return false;
	*state = lab_power_parse(result.out);
	if (*state != LAB_POWER_UNKNOWN)
		return true;
	safe = xb_text_safe(result.out, -1, 200, false);
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
			"power_status: neither on nor off is in its answer: %s", safe);
}

/* Wait until the status is @wanted; *reached says whether it came. */
static bool await(Lab *lab, LabPowerState wanted, bool *reached, GError **error)
{
	gint64 deadline = lab_deadline(lab->host->power_deadline_s);
	LabPowerState state;

	do {
		if (!lab_power_status(lab, &state, error))
			return false;
		*reached = state == wanted || state == LAB_POWER_UNKNOWN;
	} while (!*reached && lab_seconds_left(deadline) > 0 && lab_pause(lab, POLL_S, error));
	return *reached || lab_seconds_left(deadline) <= 0;
}

bool lab_power_set(Lab *lab, bool on, GError **error)
{
	const char *name = on ? "power_on" : "power_off";
	const char *text = on ? lab->host->power_on : lab->host->power_off;
	LabPowerState state, wanted = on ? LAB_POWER_ON : LAB_POWER_OFF;
	bool reached = false;

	if (!text)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s= is not set", name);
	if (!lab_power_status(lab, &state, error))
		return false;
	if (state == wanted)
		return true;
	for (guint try = 0; try < TRIES; try++) {
		g_auto(LabResult) result = { 0 };

		if (!run_template(lab, name, text, &result, error) ||
		    !await(lab, wanted, &reached, error))
			return false;
		if (reached)
			return true;
		lab_log(lab, "%s was answered, but the status is another still", name);
	}
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
			"%s was answered %d times, but power_status says %s still: look at the "
			"power switch",
			name, TRIES, on ? "off" : "on");
}

bool lab_power_cycle(Lab *lab, GError **error)
{
	const LabHost *host = lab->host;
	g_auto(LabResult) result = { 0 };

	if (host->power == LAB_POWER_NONE)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"the machine does not answer, and power=none: switch it off and on "
				"by hand");
	lab_log(lab, "power cycle");
	if (!host->power_on || !host->power_off)
		return run_template(lab, "power_cycle", host->power_cycle, &result, error);
	return lab_power_set(lab, false, error) && lab_pause(lab, host->power_pause_s, error) &&
	       lab_power_set(lab, true, error);
}
