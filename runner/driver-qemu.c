/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver-qemu.c - one boot of Xen and a kernel under QEMU, without KVM and
 * without privileges. QEMU writes the console to a file of its own child's
 * making, which is read as it grows; what it says decides how the run ends.
 */
#include "driver.h"

#include "console-file.h"
#include "console.h"
#include "counting.h"
#include "qemu.h"
#include "text.h"
#include "usage.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define USAGE_US         (250 * 1000)
#define POLL_MS          25
#define GRACE_S          0.4            /* for the lines that follow a crash */
#define CONSOLE_ENDLESS  (64u << 20)    /* a guest that writes more is stopped */
#define CONSOLE_HARD_MAX (256ull << 20) /* the kernel's limit, should we be too slow */

typedef struct {
	RunnerRun *run;
	Qemu *qemu;
	Workload *workload;
	Console *console;
	Counting *counting;
	char *kernel_path;
	char *input_dir, *xen_path, *initramfs_path, *console_path, *stderr_path;
	char *raw_path; /* what the profiling plugin writes; NULL without one */
	pid_t pid;
	int console_fd;
	guint64 console_size;
	UsageClock clock; /* time that QEMU really had */
	double grown_s;   /* of that clock, when the console last grew */
	gint64 start_us;
	gint64 failed_us; /* when the console showed that it is lost; 0: not */
	bool reaped;
	int wait_status;
} Boot;

static bool facts(const RunnerJob *job, json_t **host, json_t **workload, GError **error)
{
	g_autoptr(Qemu) qemu = runner_qemu_new(job, error);
	g_autoptr(Workload) what = qemu ? runner_workload_new(job, error) : NULL;

	if (!what || !(*host = runner_qemu_facts(qemu, error)))
		return false;
	*workload = runner_workload_facts(what, error);
	return *workload != NULL;
}

/* ---- preparing ------------------------------------------------------------- */

static bool choose_kernel(Boot *boot, GError **error)
{
	const json_t *artifact = boot->run->job->artifact;
	g_autofree char *given = runner_setting(artifact, "dir", NULL);
	g_autofree char *dir = given ? g_canonicalize_filename(given, NULL) : NULL;
	g_autofree char *name = runner_setting(artifact, "kernel", NULL);
	g_autofree char *elf = runner_setting(artifact, "vmlinux", NULL);

	if (elf && strcmp(boot->qemu->kernel, "elf") == 0) {
		g_free(name);
		name = g_steal_pointer(&elf);
	}
	if (!dir || !name) {
		g_set_error(error, RUNNER_JOB_ERROR, 0,
			    "job: \"artifact\" needs \"dir\" and \"kernel\"");
		return false;
	}
	boot->kernel_path = g_canonicalize_filename(name, dir);
	if (g_file_test(boot->kernel_path, G_FILE_TEST_IS_REGULAR) &&
	    access(boot->kernel_path, R_OK) == 0)
		return true;
	g_set_error(error, RUNNER_JOB_ERROR, 0, "%s: no kernel that can be read there",
		    boot->kernel_path);
	return false;
}

/* Without a sandbox the emulator finds @path as @name where it starts. */
static bool link_input(const Boot *boot, const char *name, const char *path, GError **error)
{
	g_autofree char *link = g_build_filename(boot->input_dir, name, NULL);

	if (symlink(path, link) == 0)
		return true;
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", link,
		    g_strerror(errno));
	return false;
}

static bool write_inputs(Boot *boot, GError **error)
{
	const RunnerJob *job = boot->run->job;
	g_autofree char *modules = runner_setting(job->artifact, "modules", NULL);
	g_autoptr(GBytes) xen = runner_qemu_xen(boot->qemu, error);
	g_autoptr(GByteArray) initramfs = NULL;

	if (!xen)
		return false;
	initramfs = runner_workload_initramfs(boot->workload, modules, job->perturb, error);
	if (!initramfs)
		return false;
	if (!g_file_set_contents_full(boot->xen_path, g_bytes_get_data(xen, NULL),
				      (gssize)g_bytes_get_size(xen), G_FILE_SET_CONTENTS_NONE, 0644,
				      error) ||
	    !g_file_set_contents_full(boot->initramfs_path, (char *)initramfs->data,
				      (gssize)initramfs->len, G_FILE_SET_CONTENTS_NONE, 0644,
				      error))
		return false;
	if (boot->qemu->profiling &&
	    !runner_profiling_prepare(boot->qemu->profiling, boot->input_dir, error))
		return false;
	return boot->qemu->bwrap || link_input(boot, "kernel", boot->kernel_path, error);
}

/* The plugin's output is a file of ours: it may write there, and nowhere else. */
static bool prepare_profile(Boot *boot, const char *dir, GError **error)
{
	const Profiling *profiling = boot->qemu->profiling;

	if (!profiling)
		return true;
	boot->raw_path = g_build_filename(boot->qemu->bwrap ? dir : boot->input_dir,
					  RUNNER_PROFILE_RAW, NULL);
	g_unlink(boot->raw_path);
	return g_file_set_contents(boot->raw_path, "", 0, error) &&
	       (boot->qemu->bwrap ||
		link_input(boot, RUNNER_PROFILE_PLUGIN, profiling->plugin_path, error));
}

static bool prepare(Boot *boot, GError **error)
{
	const RunnerJob *job = boot->run->job;
	g_autofree char *dir = g_canonicalize_filename(job->dir, NULL);
	g_autofree char *template = g_build_filename(dir, "input.XXXXXX", NULL);

	boot->qemu = runner_qemu_new(job, error);
	if (!boot->qemu || !choose_kernel(boot, error))
		return false;
	boot->workload = runner_workload_new(job, error);
	if (!boot->workload)
		return false;
	boot->counting = runner_counting_new(
		boot->run, boot->qemu->icount ? (double)(1u << boot->qemu->icount_shift) : 0);
	if (!g_mkdtemp_full(template, 0755)) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", dir,
			    g_strerror(errno));
		return false;
	}
	boot->input_dir = g_steal_pointer(&template);
	boot->xen_path = g_build_filename(boot->input_dir, "xen", NULL);
	boot->initramfs_path = g_build_filename(boot->input_dir, "initramfs", NULL);
	boot->console_path = g_build_filename(dir, "console", NULL);
	boot->stderr_path = g_build_filename(dir, "qemu.stderr", NULL);
	return prepare_profile(boot, dir, error) && write_inputs(boot, error);
}

static bool start(Boot *boot, GError **error)
{
	g_auto(GStrv) argv = NULL;
	int err = open(boot->stderr_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	g_unlink(boot->console_path);
	boot->console_fd = open(boot->console_path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (err < 0 || boot->console_fd < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s",
			    boot->console_path, g_strerror(errno));
		if (err >= 0)
			close(err);
		return false;
	}
	argv = boot->qemu->bwrap
		       ? runner_qemu_sandboxed(boot->qemu, boot->kernel_path, boot->input_dir,
					       boot->console_path, boot->raw_path)
		       : runner_qemu_argv(boot->qemu, boot->console_path);
	boot->pid = runner_child_start(argv, boot->input_dir, -1, -1, err, CONSOLE_HARD_MAX, error);
	close(err);
	boot->start_us = g_get_monotonic_time();
	runner_usage_start(&boot->clock);
	return boot->pid > 0;
}

/* ---- while it runs --------------------------------------------------------- */

static void on_stage(ConsoleStage stage, gpointer data)
{
	static const char *const phases[] = { [CONSOLE_XEN] = "boot",
					      [CONSOLE_DOM0] = "dom0",
					      [CONSOLE_WORKLOAD] = "workload",
					      [CONSOLE_DONE] = "power-off" };
	Boot *boot = data;

	if (stage < G_N_ELEMENTS(phases) && phases[stage])
		runner_run_phase(boot->run, phases[stage]);
}

static void on_sample(const char *metric, double value, const char *unit, int iteration,
		      gpointer data)
{
	Boot *boot = data;

	runner_run_emit(boot->run,
			json_pack("{s:s,s:s,s:f,s:s,s:i}", "event", "sample", "metric", metric,
				  "value", value, "unit", unit, "iteration", iteration));
}

static void on_counter(const char *line, gpointer data)
{
	Boot *boot = data;

	runner_counting_line(boot->counting, line);
}

static void read_console(Boot *boot)
{
	char buffer[65536];
	ssize_t got;

	while (boot->console_size <= CONSOLE_ENDLESS &&
	       (got = pread(boot->console_fd, buffer, sizeof(buffer), (off_t)boot->console_size)) >
		       0) {
		boot->console_size += (guint64)got;
		boot->grown_s = boot->clock.seconds;
		runner_console_feed(boot->console, buffer, (gsize)got);
	}
}

/* The profile was written before the last frame. */
static bool take_profile(Boot *boot)
{
	g_autofree char *dir = g_canonicalize_filename(boot->run->job->dir, NULL);
	g_autoptr(GError) error = NULL;

	if (!boot->raw_path ||
	    runner_profiling_finish(boot->qemu->profiling, boot->run, boot->raw_path, dir, &error))
		return true;
	runner_run_end(boot->run, XB_OUTCOME_WORKLOAD_FAILED, "there is no profile: %s",
		       error->message);
	return false;
}

/* The workload came to its end and all was read: what is it worth? */
static void judge_result(Boot *boot)
{
	int status = runner_console_status(boot->console);
	g_autofree char *telling = runner_console_telling(boot->console);

	if (status != 0) {
		runner_run_end(boot->run, XB_OUTCOME_WORKLOAD_FAILED,
			       "the workload ended with status %d: %s", status, telling);
		return;
	}
	for (guint i = 0; boot->workload->metrics[i]; i++)
		if (runner_console_samples(boot->console, boot->workload->metrics[i]) == 0 &&
		    !runner_counting_sampled(boot->counting, boot->workload->metrics[i])) {
			runner_run_end(boot->run, XB_OUTCOME_WORKLOAD_FAILED,
				       "the workload printed no sample of %s",
				       boot->workload->metrics[i]);
			return;
		}
	if (take_profile(boot))
		runner_run_end(boot->run, XB_OUTCOME_OK, "%s", "");
}

static XbOutcome failed_outcome(const Boot *boot)
{
	return runner_console_stage(boot->console) < CONSOLE_WORKLOAD ? XB_OUTCOME_BOOT_FAILED
								      : XB_OUTCOME_WORKLOAD_FAILED;
}

static void end_failed(Boot *boot, const char *what)
{
	g_autofree char *telling = runner_console_telling(boot->console);

	runner_run_end(boot->run, failed_outcome(boot), "%s: %s", what, telling);
}

static void end_by_console(Boot *boot)
{
	XbOutcome outcome;
	const char *failure = runner_console_failure(boot->console, &outcome);
	g_autofree char *telling = runner_console_telling(boot->console);

	runner_run_end(boot->run, outcome, "%s: %s", failure, telling);
}

static char *last_line(const char *path)
{
	g_autofree char *text = NULL;
	char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("");
	line = strrchr(g_strchomp(text), '\n');
	return g_strdup(line ? line + 1 : text);
}

/* QEMU is gone. Only an orderly exit says something about the kernel. */
static void judge_exit(Boot *boot)
{
	XbOutcome outcome;
	g_autofree char *status = runner_status_text(boot->wait_status);
	g_autofree char *message = last_line(boot->stderr_path);

	if (runner_console_stage(boot->console) == CONSOLE_OFF) {
		judge_result(boot);
	} else if (runner_console_failure(boot->console, &outcome)) {
		end_by_console(boot);
	} else if (boot->wait_status != 0) {
		runner_run_end(boot->run, XB_OUTCOME_HOST_TROUBLE, "the emulator ended: %s%s%s",
			       status, *message ? ": " : "", message);
	} else {
		end_failed(boot,
			   runner_console_stage(boot->console) < CONSOLE_DOM0
				   ? "the machine was reset or switched off before dom0 was up"
				   : "dom0 was switched off before the workload's end");
	}
}

static double seconds_since(gint64 then_us)
{
	return (double)(g_get_monotonic_time() - then_us) / G_USEC_PER_SEC;
}

static void check_silence(Boot *boot)
{
	ConsoleStage stage = runner_console_stage(boot->console);
	double allowed =
		stage == CONSOLE_WORKLOAD ? boot->qemu->workload_silence_s : boot->qemu->silence_s;
	double silent = boot->clock.seconds - boot->grown_s;
	g_autofree char *what = NULL;

	if (silent < allowed)
		return;
	what = g_strdup_printf("nothing on the console for %.0f s", silent);
	end_failed(boot, what);
}

/* Too late: the kernel's fault only when it had its share of the processor. */
static void end_late(Boot *boot)
{
	double allowed = boot->run->job->deadline_s;
	g_autofree char *what = g_strdup_printf("not finished after %.0f s", allowed);

	if (boot->clock.seconds < allowed / 2)
		runner_run_end(boot->run, XB_OUTCOME_HOST_TROUBLE,
			       "%s, of which the emulator had %.0f s: the machine is too busy",
			       what, boot->clock.seconds);
	else
		end_failed(boot, what);
}

/* Of a boot whose emulator still runs. */
static void judge_progress(Boot *boot)
{
	XbOutcome outcome;

	if (runner_console_failure(boot->console, &outcome)) {
		if (!boot->failed_us)
			boot->failed_us = g_get_monotonic_time();
		if (seconds_since(boot->failed_us) > GRACE_S)
			end_by_console(boot);
	} else if (boot->console_size > CONSOLE_ENDLESS) {
		end_failed(boot, "endless output on the console");
	} else if (runner_console_stage(boot->console) == CONSOLE_OFF) {
		/* All is said. Switching off an emulated machine takes seconds more, and a
		 * kernel that can't has still measured. */
		judge_result(boot);
	} else if (seconds_since(boot->start_us) > boot->run->job->deadline_s) {
		end_late(boot);
	} else {
		check_silence(boot);
	}
}

static gboolean on_poll(gpointer data)
{
	Boot *boot = data;

	/* Before the last read, so that nothing it wrote is missed. */
	if (!boot->reaped && waitpid(boot->pid, &boot->wait_status, WNOHANG) == boot->pid)
		boot->reaped = true;
	if (!boot->reaped && g_get_monotonic_time() - boot->clock.then_us >= USAGE_US)
		runner_usage_advance(&boot->clock, boot->pid);
	read_console(boot);
	if (boot->reaped)
		judge_exit(boot);
	else
		judge_progress(boot);
	return G_SOURCE_CONTINUE;
}

/* ---- afterwards ------------------------------------------------------------ */

static void remove_inputs(Boot *boot)
{
	static const char *const names[] = { "xen",
					     "initramfs",
					     "kernel",
					     RUNNER_PROFILE_PLUGIN,
					     RUNNER_PROFILE_FUNCTIONS,
					     RUNNER_PROFILE_RAW };

	for (guint i = 0; boot->input_dir && i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(boot->input_dir, names[i], NULL);
		g_unlink(path);
	}
	if (boot->input_dir)
		g_rmdir(boot->input_dir);
	if (boot->raw_path)
		g_unlink(boot->raw_path);
}

static void clean_up(Boot *boot)
{
	if (boot->pid > 0 && !boot->reaped)
		runner_child_end(boot->pid, 0);
	if (boot->console_fd >= 0) {
		close(boot->console_fd);
		runner_console_shorten(boot->console_path);
	}
	remove_inputs(boot);
	runner_console_free(boot->console);
	runner_counting_free(boot->counting);
	runner_qemu_free(boot->qemu);
	runner_workload_free(boot->workload);
	g_free(boot->kernel_path);
	g_free(boot->input_dir);
	g_free(boot->xen_path);
	g_free(boot->initramfs_path);
	g_free(boot->console_path);
	g_free(boot->stderr_path);
	g_free(boot->raw_path);
}

static void run(RunnerRun *run)
{
	Boot boot = { .run = run, .console_fd = -1 };
	const ConsoleHandlers handlers = { on_stage, on_sample, &boot, on_counter };
	g_autoptr(GError) error = NULL;
	guint poll;

	boot.console = runner_console_new(&handlers);
	runner_run_phase(run, "prepare");
	if (!prepare(&boot, &error) || !start(&boot, &error)) {
		runner_run_end(run, XB_OUTCOME_HOST_TROUBLE, "%s", error->message);
	} else {
		poll = g_timeout_add(POLL_MS, on_poll, &boot);
		runner_run_loop(run);
		g_source_remove(poll);
	}
	clean_up(&boot);
}

const RunnerDriver runner_driver_qemu = {
	.name = "qemu",
	.summary = "Xen and the kernel under QEMU on this machine; no KVM, no privileges",
	.facts = facts,
	.run = run,
};
