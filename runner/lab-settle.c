/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-settle.c - see lab-settle.h. */
#include "lab-settle.h"

#include "lab-ssh.h"
#include "lab-template.h"

#define MARGIN_S 60 /* for domains that are shut down, on top of the deadline */

static const char body[] =
	"die() { echo \"$*\" >&2; exit 3; }\n"
	"if [ \"$domains\" != ignore ] && command -v xl >/dev/null 2>&1; then\n"
	"	others=$(timeout 20 xl list 2>/dev/null | awk 'NR > 1 && $2 != 0 { print $1 }')\n"
	"	[ -z \"$others\" ] || [ \"$domains\" = stop ] || die 'other domains run:' $others\n"
	"	for d in $others; do\n"
	"		timeout 40 xl shutdown -w \"$d\" >/dev/null 2>&1 || xl destroy \"$d\" || "
	"die \"domain $d can't be stopped\"\n"
	"	done\n"
	"fi\n"
	"if [ -n \"$governor\" ]; then\n"
	"	now() { timeout 20 xenpm get-cpufreq-para 2>/dev/null | "
	"sed -n 's/^ *current_governor *: *//p' | sort -u; }\n"
	"	if command -v xenpm >/dev/null 2>&1 && [ -n \"$(now)\" ]; then\n"
	"		timeout 20 xenpm set-scaling-governor \"$governor\" >/dev/null 2>&1\n"
	"		[ \"$(now)\" = \"$governor\" ] || die \"the governor is $(now), not "
	"$governor\"\n"
	"	else\n"
	"		n=0\n"
	"		for f in /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor; do\n"
	"			[ -e \"$f\" ] || continue\n"
	"			n=1; echo \"$governor\" >\"$f\" 2>/dev/null\n"
	"			[ \"$(cat \"$f\")\" = \"$governor\" ] || die \"$f is $(cat "
	"\"$f\"), not "
	"$governor\"\n"
	"		done\n"
	"		[ $n = 1 ] || die \"there is no governor to set to $governor: remove "
	"governor=\"\n"
	"	fi\n"
	"fi\n";

/* Nine tenths of all processors' time, in each second of those wanted. The shell reads by itself,
 * and what it and its sleep(1) took is no work of the machine's: on a slow one it is more than a
 * tenth. */
static const char idle_loop[] =
	"up() { read -r s _ </proc/uptime; s=${s%.*}; }\n"
	"cpu() {\n"
	"	read -r _ a b c idle d e f g _ </proc/stat\n"
	"	read -r _ _ _ _ _ _ _ _ _ _ _ _ _ h i j k _ </proc/self/stat\n"
	"	busy=$((a + b + c + d + e + f + g - h - i - j - k))\n"
	"}\n"
	"up; end=$((s + deadline)); calm=0; cpu\n"
	"while [ $calm -lt $wanted ]; do\n"
	"	up; [ $s -lt $end ] || { read -r l _ </proc/loadavg; die \"not idle for $wanted s "
	"in $deadline s; load $l\"; }\n"
	"	x=$idle y=$busy; sleep 1; cpu\n"
	"	if [ $((idle - x)) -ge $(((busy - y) * 9)) ]; then calm=$((calm + 1)); "
	"else calm=0; fi\n"
	"done\n";

char *lab_settle_script(const LabHost *host)
{
	static const char *const words[] = { [LAB_DOMAINS_REFUSE] = "refuse",
					     [LAB_DOMAINS_STOP] = "stop",
					     [LAB_DOMAINS_IGNORE] = "ignore" };
	g_autofree char *governor = g_shell_quote(host->governor ? host->governor : "");
	const char *command = host->settle_command;

	return g_strdup_printf(
		"domains=%s; governor=%s; wanted=%.0f; deadline=%.0f\n%s%s%s%s%s",
		words[host->domains], governor, host->settle_s, host->settle_deadline_s, body,
		command ? "(\n" : "", command ? command : "",
		command ? "\n) </dev/null >/dev/null || die 'settle_command failed'\n" : "",
		idle_loop);
}

bool lab_settle(LabBoot *boot, GError **error)
{
	Lab *lab = boot->lab;
	const LabHost *host = lab->host;
	g_autofree char *script = lab_settle_script(host);
	guint64 before = lab->console ? lab_console_size(lab->console) : 0;
	gint64 start = g_get_monotonic_time();
	g_auto(LabResult) result = { 0 };
	double seconds, rate;

	runner_run_phase(lab->run, "settle");
	if (!lab_ssh_script_ok(lab, "settle", script,
			       host->settle_deadline_s + host->settle_s + MARGIN_S, &result, error))
		return false;
	if (!lab->console)
		return lab_boot_look(boot, error);
	seconds = MAX(-lab_seconds_left(start), 1);
	rate = (double)(lab_console_size(lab->console) - before) / seconds;
	if (rate > host->settle_console_rate)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"the console gets %.0f bytes a second while the machine should be "
				"idle: settle_console_rate=%u",
				rate, host->settle_console_rate);
	return lab_boot_look(boot, error);
}
