/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-host.h - the settings of a lab machine (driver=ssh), checked once.
 * xbisectd.conf(5) says what each of them means.
 */
#ifndef XB_RUNNER_LAB_HOST_H
#define XB_RUNNER_LAB_HOST_H

#include "job.h"

typedef enum { LAB_POWER_NONE, LAB_POWER_COMMAND, LAB_POWER_IPMI, LAB_POWER_PDU } LabPowerKind;
typedef enum {
	LAB_CONSOLE_NONE,
	LAB_CONSOLE_COMMAND,
	LAB_CONSOLE_IPMI, /* ipmitool sol */
	LAB_CONSOLE_TCP,
	LAB_CONSOLE_UNIX,
	LAB_CONSOLE_DEVICE,
} LabConsoleKind;
typedef enum { LAB_BOOT_NET, LAB_BOOT_GRUB } LabBootKind;
typedef enum {
	LAB_NET_IPXE,
	LAB_NET_GRUB
} LabNetLoader; /* what reads the script over the network */
/* What dom0 runs from: our initramfs, its results framed on the console; or
 * the machine's own system, its results by ssh. */
typedef enum { LAB_ROOT_INITRAMFS, LAB_ROOT_DISK } LabRootKind;
typedef enum { LAB_DOMAINS_REFUSE, LAB_DOMAINS_STOP, LAB_DOMAINS_IGNORE } LabDomains;

typedef struct {
	char *name;
	json_t *values; /* what {NAME} in templates stands for; owned */

	/* ssh */
	char *address, *user, *key_file, *known_hosts;
	guint port;
	char **ssh_options; /* may be NULL */

	/* power: templates, NULL where there is none */
	LabPowerKind power;
	char *power_on, *power_off, *power_cycle, *power_status;
	double power_pause_s, power_deadline_s;

	LabConsoleKind console;
	char *console_command, *console_stop; /* templates */
	char *console_address;                /* HOST:PORT, a socket's path, or a device */
	guint console_speed;

	LabBootKind boot;
	LabRootKind root;
	LabNetLoader net_loader;
	char *net_dir, *net_script;
	char *net_known_good; /* file with the script that is put back; NULL: "exit" */
	char *grub_dir, *boot_dir, *work_dir; /* on the host */
	char *grub_known_good;                /* its menu entry */
	char *grub_xen;                       /* on the host; NULL: the newest in /boot */
	char *xen;                            /* of this machine: sent along; may be NULL */
	char *initrd;                         /* of this machine, for root=disk; may be NULL */
	char *xen_args, *kernel_args;

	/* deadlines */
	double ssh_deadline_s;     /* of one command */
	double boot_deadline_s;    /* from reset to dom0 */
	double recover_deadline_s; /* from reset to the known-good system */
	double silence_s;          /* of the console in a boot; 0: not looked at */
	double lock_lease_s;

	/* settling */
	double settle_s, settle_deadline_s;
	char *governor; /* NULL: left as it is */
	char *settle_command;
	LabDomains domains;
	bool has_perf;             /* profile=perf */
	guint settle_console_rate; /* bytes a second that are no storm */
} LabHost;

/* NULL with @error naming the setting at fault and what to write instead. */
LabHost *lab_host_new(const RunnerJob *job, GError **error);
void lab_host_free(LabHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabHost, lab_host_free)

#endif
