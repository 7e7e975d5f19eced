/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-host.c - see lab-host.h. */
#include "lab-host.h"

#include "lab-args.h"
#include "secret.h"
#include "text.h"

#include <string.h>

/* What a PDU of pdudaemon's kind is asked. */
#define PDU(what)                                     \
	"curl -sS --fail --max-time 20 -o /dev/null " \
	"'{pdu_url}/power/control/" what "?hostname={pdu_name}&port={pdu_outlet}'"

static const struct {
	const char *on, *off, *cycle, *status;
} built_in[] = {
	[LAB_POWER_NONE] = { NULL, NULL, NULL, NULL },
	[LAB_POWER_COMMAND] = { NULL, NULL, NULL, NULL },
	/* of ipmitool, see ipmi_template() */
	[LAB_POWER_IPMI] = { "chassis power on", "chassis power off", "chassis power cycle",
			     "chassis power status" },
	[LAB_POWER_PDU] = { PDU("on"), PDU("off"), NULL, NULL },
};

/* What ipmitool is asked. The password's file is named: it is in no argument. Without a cipher,
 * ipmitool asks the BMC first for those that it has, and waits long for one that does not say.
 * Caller frees. */
static char *ipmi_template(const RunnerJob *job, const char *what)
{
	g_autofree char *cipher = runner_setting(job->host, "ipmi_cipher", NULL);

	return g_strconcat("ipmitool -I {ipmi_interface} -H {ipmi_address} -p {ipmi_port} "
			   "-U {ipmi_user} -f {ipmi_password_file} -N 2 -R 3 ",
			   cipher ? "-C {ipmi_cipher} " : "", what, NULL);
}

/* The setting @name, or else ours for this kind of switch (NULL: it has none). */
static char *power_template(const RunnerJob *job, LabPowerKind kind, const char *name,
			    const char *ours)
{
	g_autofree char *built =
		ours && kind == LAB_POWER_IPMI ? ipmi_template(job, ours) : g_strdup(ours);

	return runner_setting(job->host, name, built);
}

static bool missing(GError **error, const char *setting, const char *why)
{
	g_set_error(error, RUNNER_JOB_ERROR, 0, "%s= is missing: %s", setting, why);
	return false;
}

/* The place of @text in @words (NULL-terminated). */
static bool choose(const RunnerJob *job, const char *name, const char *const *words, int *place,
		   GError **error)
{
	const char *chosen = runner_setting_choice(job->host, name, words, error);

	*place = 0;
	while (chosen && words[*place] && words[*place] != chosen)
		(*place)++;
	return chosen != NULL;
}

static bool read_kinds(LabHost *self, const RunnerJob *job, GError **error)
{
	static const char *const powers[] = { "none", "command", "ipmi", "pdu", NULL };
	static const char *const consoles[] = { "none", "command", "ipmi", "tcp",
						"unix", "device",  NULL };
	static const char *const boots[] = { "net", "grub", NULL };
	static const char *const loaders[] = { "ipxe", "grub", NULL };
	static const char *const net_roots[] = { "initramfs", "disk", NULL };
	static const char *const grub_roots[] = { "disk", "initramfs", NULL };
	static const char *const domains[] = { "refuse", "stop", "ignore", NULL };
	static const char *const profiles[] = { "no", "traps", "perf", NULL };
	int power, console, boot, loader, root, others, profile;

	if (!choose(job, "power", powers, &power, error) ||
	    !choose(job, "console", consoles, &console, error) ||
	    !choose(job, "boot", boots, &boot, error) ||
	    !choose(job, "net_loader", loaders, &loader, error) ||
	    !choose(job, "root", boot == LAB_BOOT_NET ? net_roots : grub_roots, &root, error) ||
	    !choose(job, "domains", domains, &others, error) ||
	    !choose(job, "profile", profiles, &profile, error))
		return false;
	self->power = (LabPowerKind)power;
	self->console = (LabConsoleKind)console;
	self->boot = (LabBootKind)boot;
	self->net_loader = (LabNetLoader)loader;
	self->root = (root == 0) == (boot == LAB_BOOT_NET) ? LAB_ROOT_INITRAMFS : LAB_ROOT_DISK;
	self->domains = (LabDomains)others;
	self->has_perf = profile == 2;
	if (self->has_perf && self->root != LAB_ROOT_DISK) {
		g_set_error(error, RUNNER_JOB_ERROR, 0,
			    "profile=perf is for root=disk: our initramfs has no perf");
		return false;
	}
	return true;
}

static bool read_ssh(LabHost *self, const RunnerJob *job, GError **error)
{
	g_autofree char *options = runner_setting(job->host, "ssh_options", NULL);

	self->address = runner_setting(job->host, "address", NULL);
	if (!self->address)
		return missing(error, "address",
			       "the name or number by which ssh reaches the "
			       "machine's known-good system");
	if (*self->address == '-') {
		g_set_error(error, RUNNER_JOB_ERROR, 0, "address=%s is no address", self->address);
		return false;
	}
	self->user = runner_setting(job->host, "ssh_user", "root");
	self->key_file = runner_setting(job->host, "ssh_key_file", NULL);
	self->known_hosts = runner_setting(job->host, "known_hosts", NULL);
	if (options && !g_shell_parse_argv(options, NULL, &self->ssh_options, error)) {
		g_prefix_error(error, "ssh_options: ");
		return false;
	}
	return runner_setting_number(job->host, "port", 1, 65535, 22, &self->port, error);
}

/* The file must be there, and nobody else may read it; ipmitool reads it itself. */
static bool check_ipmi(const RunnerJob *job, GError **error)
{
	g_autofree char *address = runner_setting(job->host, "ipmi_address", NULL);
	g_autofree char *user = runner_setting(job->host, "ipmi_user", NULL);
	g_autofree char *file = runner_setting(job->host, "ipmi_password_file", NULL);
	g_autofree char *secret = NULL;

	if (!address)
		return missing(error, "ipmi_address", "where the machine's BMC answers");
	if (!user)
		return missing(error, "ipmi_user", "a user of the BMC with operator rights");
	if (!file)
		return missing(error, "ipmi_password_file",
			       "a file with the password, which only you can read");
	secret = xb_secret_read("ipmi_password_file", file, error);
	return secret != NULL;
}

static bool read_power(LabHost *self, const RunnerJob *job, GError **error)
{
	LabPowerKind kind = self->power;

	self->power_on = power_template(job, kind, "power_on", built_in[kind].on);
	self->power_off = power_template(job, kind, "power_off", built_in[kind].off);
	self->power_cycle = power_template(job, kind, "power_cycle", built_in[kind].cycle);
	self->power_status = power_template(job, kind, "power_status", built_in[kind].status);
	if (kind == LAB_POWER_COMMAND && !self->power_cycle &&
	    (!self->power_on || !self->power_off))
		return missing(error, "power_on",
			       "power=command needs power_on= and power_off=, or power_cycle=");
	return runner_setting_seconds(job->host, "power_pause_s", 5, &self->power_pause_s, error) &&
	       runner_setting_seconds(job->host, "power_deadline_s", 30, &self->power_deadline_s,
				      error);
}

static bool read_console(LabHost *self, const RunnerJob *job, GError **error)
{
	static const char *const places[] = { [LAB_CONSOLE_COMMAND] = "console_command",
					      [LAB_CONSOLE_TCP] = "console_address",
					      [LAB_CONSOLE_UNIX] = "console_path",
					      [LAB_CONSOLE_DEVICE] = "console_device" };
	const char *place = self->console < G_N_ELEMENTS(places) ? places[self->console] : NULL;
	bool ipmi = self->console == LAB_CONSOLE_IPMI;
	g_autofree char *activate = ipmi ? ipmi_template(job, "sol activate") : NULL;
	g_autofree char *deactivate = ipmi ? ipmi_template(job, "sol deactivate") : NULL;

	self->console_command = runner_setting(job->host, "console_command", activate);
	self->console_stop = runner_setting(job->host, "console_stop", deactivate);
	self->console_address = place ? runner_setting(job->host, place, NULL) : NULL;
	if (place && !self->console_address)
		return missing(error, place, "where the machine's console is read");
	return runner_setting_number(job->host, "console_speed", 300, 4000000, 115200,
				     &self->console_speed, error);
}

static bool read_boot(LabHost *self, const RunnerJob *job, GError **error)
{
	bool ram = self->root == LAB_ROOT_INITRAMFS;

	self->net_dir = runner_setting(job->host, "net_dir", NULL);
	self->net_script =
		runner_setting(job->host, "net_script",
			       self->net_loader == LAB_NET_GRUB ? "grub.cfg" : "boot.ipxe");
	self->net_known_good = runner_setting(job->host, "net_known_good", NULL);
	self->grub_dir = runner_setting(job->host, "grub_dir", "/boot/grub");
	self->boot_dir = runner_setting(job->host, "boot_dir", "/boot/xbisect");
	self->work_dir = runner_setting(job->host, "work_dir", "/var/lib/xbisect");
	self->grub_known_good = runner_setting(job->host, "grub_known_good", NULL);
	self->grub_xen = runner_setting(job->host, "grub_xen", NULL);
	self->xen = runner_setting(job->host, "xen", NULL);
	self->initrd = runner_setting(job->host, "initrd", NULL);
	self->xen_args = runner_setting(job->host, "xen_args",
					"dom0_mem=1G,max:1G console=com1 com1=115200");
	self->kernel_args = runner_setting(job->host, "kernel_args",
					   ram ? "console=hvc0 earlyprintk=xen quiet"
					       : "console=hvc0 earlyprintk=xen");
	if (!lab_args_check(self, "xen_args", self->xen_args, error) ||
	    !lab_args_check(self, "kernel_args", self->kernel_args, error))
		return false;
	if (self->boot == LAB_BOOT_NET && !self->net_dir)
		return missing(error, "net_dir",
			       "the folder from which the machine's iPXE or GRUB is served");
	if (self->boot == LAB_BOOT_NET && !self->xen)
		return missing(error, "xen", "the hypervisor that is served to the machine");
	if (self->boot == LAB_BOOT_NET && !ram) {
		g_set_error(error, RUNNER_JOB_ERROR, 0,
			    "root=disk is for boot=grub; with boot=net dom0 runs from our "
			    "initramfs");
		return false;
	}
	if (strchr(self->net_script, '/') || *self->net_script == '.') {
		g_set_error(error, RUNNER_JOB_ERROR, 0,
			    "net_script=%s is not the name of a file in net_dir", self->net_script);
		return false;
	}
	if (ram && self->console == LAB_CONSOLE_NONE)
		return missing(error, "console", "dom0 from our initramfs tells its results on it");
	return true;
}

/* A time that may be 0, unlike a deadline: how long the machine must be idle, or may be silent. */
static bool read_time(const json_t *host, const char *name, const char *fallback, double *seconds,
		      GError **error)
{
	g_autofree char *text = runner_setting(host, name, fallback);

	if (xb_parse_duration(text, seconds) && *seconds >= 0)
		return true;
	g_set_error(error, RUNNER_JOB_ERROR, 0, "%s=%s is neither 0 nor a duration such as 10s",
		    name, text);
	return false;
}

static bool read_deadlines(LabHost *self, const RunnerJob *job, GError **error)
{
	const json_t *host = job->host;

	self->governor = runner_setting(host, "governor", NULL);
	self->settle_command = runner_setting(host, "settle_command", NULL);
	return runner_setting_seconds(host, "ssh_deadline_s", 30, &self->ssh_deadline_s, error) &&
	       runner_setting_seconds(host, "boot_deadline_s", 300, &self->boot_deadline_s,
				      error) &&
	       runner_setting_seconds(host, "recover_deadline_s", 300, &self->recover_deadline_s,
				      error) &&
	       read_time(host, "silence_s", "120", &self->silence_s, error) &&
	       runner_setting_seconds(host, "lock_lease_s", 3600, &self->lock_lease_s, error) &&
	       read_time(host, "settle_s", "10", &self->settle_s, error) &&
	       runner_setting_seconds(host, "settle_deadline_s", 120, &self->settle_deadline_s,
				      error) &&
	       runner_setting_number(host, "settle_console_rate", 1, G_MAXINT, 1024,
				     &self->settle_console_rate, error);
}

/* What a template may name: every setting, and defaults of those it is likely to. */
static json_t *make_values(const RunnerJob *job, const LabHost *self)
{
	json_t *values = json_copy((json_t *)job->host);
	g_autofree char *port = g_strdup_printf("%u", self->port);
	const struct {
		const char *name, *value;
	} more[] = {
		{ "host", self->address },  { "name", self->name },
		{ "port", port },           { "user", self->user },
		{ "ssh_user", self->user }, { "ipmi_interface", "lanplus" },
		{ "ipmi_port", "623" },     { "pdu_url", "http://127.0.0.1:16421" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(more); i++)
		if (!json_object_get(values, more[i].name))
			json_object_set_new(values, more[i].name, json_string(more[i].value));
	return values;
}

LabHost *lab_host_new(const RunnerJob *job, GError **error)
{
	g_autoptr(LabHost) self = g_new0(LabHost, 1);

	self->name = runner_setting(job->host, "name", "host");
	if (!read_kinds(self, job, error) || !read_ssh(self, job, error) ||
	    !read_power(self, job, error) || !read_console(self, job, error) ||
	    !read_boot(self, job, error) || !read_deadlines(self, job, error))
		return NULL;
	if ((self->power == LAB_POWER_IPMI || self->console == LAB_CONSOLE_IPMI) &&
	    !check_ipmi(job, error))
		return NULL;
	self->values = make_values(job, self);
	return g_steal_pointer(&self);
}

void lab_host_free(LabHost *self)
{
	if (!self)
		return;
	char *const texts[] = { self->name,
				self->address,
				self->user,
				self->key_file,
				self->known_hosts,
				self->power_on,
				self->power_off,
				self->power_cycle,
				self->power_status,
				self->console_command,
				self->console_stop,
				self->console_address,
				self->net_dir,
				self->net_script,
				self->net_known_good,
				self->grub_dir,
				self->boot_dir,
				self->work_dir,
				self->grub_known_good,
				self->grub_xen,
				self->xen,
				self->initrd,
				self->xen_args,
				self->kernel_args,
				self->governor,
				self->settle_command };

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	g_strfreev(self->ssh_options);
	json_decref(self->values);
	g_free(self);
}
