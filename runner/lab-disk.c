/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-disk.c - see lab-disk.h. */
#include "lab-disk.h"

#include "lab-perf.h"
#include "lab-settle.h"
#include "lab-ssh.h"
#include "sample.h"

#include <string.h>
#include <sys/wait.h>

#define DIRECTORY    "/dev/shm/xbisect"
#define SEND_S       120
#define ASK_S        40 /* a question waits up to 20 s for the end there */
#define ASK_EVERY_S  2
#define OUTPUT_MAX   1000000 /* bytes of the workload, below what lab_command() keeps */
#define STATUS_OTHER 7       /* of the script: this boot knows nothing of the workload; */
#define STATUS_LONG  8       /* it printed more than that */

static bool send_program(LabBoot *boot, const char *path, const char *name, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);
	g_autofree char *target = g_build_filename(boot->lab->host->work_dir, name, NULL);

	return file && lab_ssh_send(boot->lab, target, "755", g_mapped_file_get_contents(file),
				    g_mapped_file_get_length(file), SEND_S, error);
}

/* The workload's argv for the machine's shell. Caller frees. */
static char *command_line(const LabBoot *boot)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char *const *argv = boot->workload->argv;
	const char *name = strcmp(argv[0], "/init") == 0 ? "xbisect-dom0" : "program";
	g_autofree char *path = g_build_filename(boot->lab->host->work_dir, name, NULL);

	for (guint i = 0; argv[i]; i++) {
		g_autofree char *quoted = g_shell_quote(i == 0 ? path : argv[i]);

		g_string_append_printf(text, "%s%s", i ? " " : "", quoted);
	}
	return g_strdup(text->str);
}

/* What it prints stays in memory: no disk is busy, and the next boot has none of it. */
static bool start(LabBoot *boot, GError **error)
{
	g_autofree char *command = command_line(boot);
	g_autofree char *script = g_strdup_printf(
		"umask 077; d=" DIRECTORY "; rm -rf $d; mkdir -p $d && cd $d || exit 3\n"
		"echo %s >nonce\n"
		"cat >run <<'XBISECT'\n"
		"cd " DIRECTORY "; %s%s >out 2>err </dev/null; echo $? >status.new\n"
		"mv status.new status\n"
		"XBISECT\n"
		"setsid sh run >/dev/null 2>&1 </dev/null &\n",
		boot->lab->nonce, lab_perf_is_wanted(boot->lab) ? lab_perf_command() : "", command);
	g_auto(LabResult) result = { 0 };

	runner_run_phase(boot->lab->run, "workload");
	return lab_ssh_script_ok(boot->lab, "start the workload", script,
				 boot->lab->host->ssh_deadline_s, &result, error);
}

static bool judge(LabBoot *boot, const char *output, const char *err, int status, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
	g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; lines[i]; i++) {
		Sample sample;
		guint count;

		if (!runner_sample_parse(g_strchomp(lines[i]), &sample)) {
			runner_counting_line(boot->counting, lines[i]);
			continue;
		}
		count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, sample.metric));
		g_hash_table_insert(counts, g_strdup(sample.metric), GUINT_TO_POINTER(count + 1));
		runner_run_emit(boot->lab->run,
				json_pack("{s:s,s:s,s:f,s:s,s:i}", "event", "sample", "metric",
					  sample.metric, "value", sample.value, "unit", sample.unit,
					  "iteration", (int)count));
	}
	if (status != 0)
		return lab_fail(error, XB_OUTCOME_WORKLOAD_FAILED,
				"the workload ended with status %d: %s", status, err);
	for (guint i = 0; boot->workload->metrics[i]; i++)
		if (!g_hash_table_contains(counts, boot->workload->metrics[i]) &&
		    !runner_counting_sampled(boot->counting, boot->workload->metrics[i]))
			return lab_fail(error, XB_OUTCOME_WORKLOAD_FAILED,
					"the workload printed no sample of %s",
					boot->workload->metrics[i]);
	return true;
}

/* Ask for the end, @left_s before it is too late. *done when it was judged; a machine that can't be
 * reached is asked again, *why says what ssh said. */
static bool ask(LabBoot *boot, double left_s, bool *done, bool *running, char **why, GError **error)
{
	Lab *lab = boot->lab;
	g_autofree char *script = g_strdup_printf(
		"cd " DIRECTORY " 2>/dev/null && [ \"$(cat nonce)\" = %s ] || exit %d\n"
		"i=0; while [ ! -e status ] && [ $i -lt 20 ]; do sleep 1; i=$((i + 1)); done\n"
		"[ -e status ] || { echo running; exit 0; }\n"
		"[ $(wc -c <out) -le %d ] || exit %d\n"
		"echo \"status $(cat status)\"; cat out; tail -n 5 err | head -c 2000 >&2\n",
		lab->nonce, STATUS_OTHER, OUTPUT_MAX, STATUS_LONG);
	g_auto(LabResult) result = { 0 };
	g_autofree char *err = NULL;
	char *output;

	*running = false;
	g_clear_pointer(why, g_free);
	if (!lab_ssh_script(lab, "workload", script, CLAMP(left_s, 1, ASK_S), &result, error))
		return false;
	if (!result.late && WIFEXITED(result.wait_status) &&
	    WEXITSTATUS(result.wait_status) == STATUS_OTHER)
		return lab_fail(error, XB_OUTCOME_WORKLOAD_FAILED,
				"the machine was started again during the workload");
	if (!result.late && WIFEXITED(result.wait_status) &&
	    WEXITSTATUS(result.wait_status) == STATUS_LONG)
		return lab_fail(error, XB_OUTCOME_WORKLOAD_FAILED,
				"the workload printed more than %d bytes", OUTPUT_MAX);
	if (!lab_result_ok(&result)) {
		*why = lab_result_text(&result);
		return true;
	}
	*running = g_str_has_prefix(result.out, "running");
	output = strchr(result.out, '\n');
	if (*running || !output || !g_str_has_prefix(result.out, "status "))
		return true;
	*done = true;
	err = g_strdelimit(g_strchomp(g_strdup(result.err)), "\r\n", ' ');
	return judge(boot, output + 1, err, atoi(result.out + strlen("status ")), error);
}

/* What the kernel said meanwhile; nice to have. */
static void collect(LabBoot *boot)
{
	g_autofree char *path = g_build_filename(boot->lab->job->dir, "dmesg", NULL);
	g_auto(LabResult) result = { 0 };
	g_autoptr(GError) error = NULL;

	if (!lab_ssh_script(boot->lab, "collect", "dmesg\n", boot->lab->host->ssh_deadline_s,
			    &result, &error) ||
	    !lab_result_ok(&result) || !g_file_set_contents(path, result.out, -1, &error))
		lab_log(boot->lab, "no dmesg: %s", error ? error->message : "it failed");
}

static bool pause_and_look(LabBoot *boot, GError **error)
{
	return lab_pause(boot->lab, ASK_EVERY_S, error) && lab_boot_look(boot, error);
}

bool lab_disk_measure(LabBoot *boot, gint64 deadline_us, GError **error)
{
	const Workload *workload = boot->workload;
	g_autofree char *why = NULL;
	bool done = false, running = true;

	if (!send_program(boot, workload->init_path, "xbisect-dom0", error) ||
	    (workload->program_path &&
	     !send_program(boot, workload->program_path, "program", error)) ||
	    !lab_settle(boot, error) || !start(boot, error))
		return false;
	for (;;) {
		double left_s = lab_seconds_left(deadline_us);

		if (!lab_boot_look(boot, error) || !ask(boot, left_s, &done, &running, &why, error))
			return false;
		if (done)
			break;
		if (lab_seconds_left(deadline_us) <= 0 && running)
			return lab_boot_fail_late(boot, error);
		if (lab_seconds_left(deadline_us) <= 0)
			return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
					"the machine can't be reached any more: %s",
					why ? why : "no answer");
		if (!pause_and_look(boot, error))
			return false;
	}
	collect(boot);
	return !lab_perf_is_wanted(boot->lab) || lab_perf_collect(boot, DIRECTORY, error);
}
