/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modules.h - the kernel modules that a workload in dom0 needs, read from a
 * directory like /lib/modules/RELEASE, in the order in which they can be
 * loaded. That order comes from the modules themselves ("depends=" in their
 * .modinfo): modules.dep is made when a package is installed, and ours are
 * only unpacked.
 */
#ifndef XB_RUNNER_MODULES_H
#define XB_RUNNER_MODULES_H

#include <glib.h>

typedef struct {
	char *name;   /* "xen_privcmd" */
	GBytes *data; /* the ELF object, decompressed */
} KernelModule;

/*
 * The modules named in @wanted (NULL-terminated, '-' and '_' are the same) and
 * what they depend on; a wanted one that is not there is taken as built in.
 * Files may be .ko, .ko.xz, .ko.zst or .ko.gz. Returns an array of
 * KernelModule*, or NULL with @error.
 */
GPtrArray *runner_modules_read(const char *dir, const char *const *wanted, GError **error);

/* The words of "depends=" in a module. Caller frees. */
char **runner_module_depends(GBytes *module);

#endif
