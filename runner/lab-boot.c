/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-boot.c - see lab-boot.h: from the job to a machine that starts. */
#include "lab-boot.h"

#include "lab-grub.h"
#include "lab-net.h"
#include "lab-power.h"
#include "lab-ssh.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define XEN_MAX (64u << 20)

/* Firmware's iPXE unpacks nothing, and GRUB does not mind: the ELF file itself. */
static GBytes *read_xen(const char *path, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);
	g_autoptr(GBytes) packed = file ? g_mapped_file_get_bytes(file) : NULL;
	g_autoptr(GZlibDecompressor) gunzip =
		g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	g_autoptr(GInputStream) memory = NULL;
	g_autoptr(GInputStream) stream = NULL;
	gsize length;
	const guchar *data;

	if (!packed)
		return NULL;
	data = g_bytes_get_data(packed, &length);
	if (length < 2 || data[0] != 0x1f || data[1] != 0x8b)
		return g_steal_pointer(&packed);
	memory = g_memory_input_stream_new_from_bytes(packed);
	stream = g_converter_input_stream_new(memory, G_CONVERTER(gunzip));
	return g_input_stream_read_bytes(stream, XEN_MAX, NULL, error);
}

static char *artifact_path(const RunnerJob *job, const char *member)
{
	g_autofree char *dir = runner_setting(job->artifact, "dir", NULL);
	g_autofree char *name = runner_setting(job->artifact, member, NULL);
	g_autofree char *full = dir ? g_canonicalize_filename(dir, NULL) : NULL;

	return full && name ? g_canonicalize_filename(name, full) : NULL;
}

static bool prepare_kernel(LabBoot *self, GError **error)
{
	g_autofree char *vmlinux = artifact_path(self->lab->job, "vmlinux");
	GStatBuf status;

	self->kernel_path = artifact_path(self->lab->job, "kernel");
	if (!self->kernel_path)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"job: \"artifact\" needs \"dir\" and \"kernel\"");
	if (access(self->kernel_path, R_OK) != 0)
		return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
				"%s: no kernel that can be read there", self->kernel_path);
	if (g_stat(self->kernel_path, &status) == 0)
		self->kernel_size = status.st_size;
	lab_image_read(&self->image, self->kernel_path, vmlinux);
	lab_log(self->lab, "kernel %s: release %s, build id %s", self->kernel_path,
		self->image.release ? self->image.release : "not known",
		self->image.build_id ? self->image.build_id : "not known");
	return true;
}

bool lab_boot_prepare(LabBoot *self, Lab *lab, GError **error)
{
	const RunnerJob *job = lab->job;
	const LabHost *host = lab->host;
	g_autofree char *modules = runner_setting(job->artifact, "modules", NULL);

	*self = (LabBoot){ .lab = lab };
	self->workload = runner_workload_new(job, error);
	if (!self->workload || !prepare_kernel(self, error))
		return false;
	self->counting = runner_counting_new(lab->run, 0);
	if (host->xen && !(self->xen = read_xen(host->xen, error))) {
		g_prefix_error(error, "xen: ");
		return false;
	}
	if (host->root == LAB_ROOT_INITRAMFS) {
		GByteArray *bytes =
			runner_workload_initramfs(self->workload, modules, job->perturb, error);

		if (!bytes)
			return false;
		self->initramfs = g_byte_array_free_to_bytes(bytes);
		self->kernel_args =
			g_strdup_printf("rdinit=/init xbisect.end=reboot xbisect.idle=%.0f "
					"xbisect.idle_max=%.0f %s",
					host->settle_s, host->settle_deadline_s, host->kernel_args);
	}
	return true;
}

void lab_boot_clear(LabBoot *self)
{
	char *const texts[] = { self->kernel_path, self->kernel_args, self->old_boot_id };

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	runner_workload_free(self->workload);
	runner_counting_free(self->counting);
	lab_image_clear(&self->image);
	g_clear_pointer(&self->xen, g_bytes_unref);
	g_clear_pointer(&self->initramfs, g_bytes_unref);
	*self = (LabBoot){ 0 };
}

bool lab_boot_deploy(LabBoot *self, GError **error)
{
	runner_run_phase(self->lab->run, "deploy");
	self->test_entry = true;
	if (self->lab->host->boot == LAB_BOOT_NET)
		return lab_net_deploy(self->lab, self->kernel_path, self->kernel_args, self->xen,
				      self->initramfs, error);
	return lab_grub_deploy(self, error);
}

/* How far it has come is told, to those who look at the run. */
static void on_stage(ConsoleStage stage, gpointer data)
{
	static const char *const phases[] = {
		[CONSOLE_XEN] = "boot", [CONSOLE_DOM0] = "dom0", [CONSOLE_WORKLOAD] = "workload"
	};
	LabBoot *self = data;

	if (stage < G_N_ELEMENTS(phases) && phases[stage])
		runner_run_phase(self->lab->run, phases[stage]);
}

static void on_sample(const char *metric, double value, const char *unit, int iteration,
		      gpointer data)
{
	LabBoot *self = data;

	runner_run_emit(self->lab->run,
			json_pack("{s:s,s:s,s:f,s:s,s:i}", "event", "sample", "metric", metric,
				  "value", value, "unit", unit, "iteration", iteration));
}

static void on_counter(const char *line, gpointer data)
{
	runner_counting_line(((LabBoot *)data)->counting, line);
}

bool lab_boot_reset(LabBoot *self, GError **error)
{
	Lab *lab = self->lab;
	const ConsoleHandlers handlers = { on_stage, on_sample, self, on_counter };
	g_auto(LabResult) result = { 0 };

	runner_run_phase(lab->run, "reset");
	if (!lab_console_wait(lab, lab->host->power_deadline_s, error))
		return false;
	if (lab->console)
		lab_console_arm(lab->console, lab->nonce, &handlers);
	self->reset = true;
	if (!self->old_boot_id)
		return lab_power_cycle(lab, error);
	return lab_ssh_script_ok(lab, "reboot", lab_reboot_script, lab->host->ssh_deadline_s,
				 &result, error);
}

bool lab_boot_revert(LabBoot *self, GError **error)
{
	if (!self->test_entry)
		return true;
	if (self->lab->host->boot == LAB_BOOT_NET && !lab_net_known_good(self->lab, error))
		return false;
	/* GRUB has cleared its next_entry when it booted; recover makes sure of it. */
	self->test_entry = false;
	return true;
}
