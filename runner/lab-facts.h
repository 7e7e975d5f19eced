/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-facts.h - what a lab machine is: the part of the fingerprint that its
 * known-good system tells. The same on every machine that may share
 * measurements and after each start; independent of the kernel under test.
 */
#ifndef XB_RUNNER_LAB_FACTS_H
#define XB_RUNNER_LAB_FACTS_H

#include "lab.h"

/* The script that prints lines "KEY VALUE" of this and of lab-identity.h. */
extern const char lab_facts_script[];

/*
 * The facts in its output as an object of texts, sorted keys: cpu, microcode,
 * cpus, memory_mib, firmware, machine, xen, xen_commandline, governor, smt,
 * known_good. What the machine does not tell is absent. NULL with @error when
 * the report names no processor.
 */
json_t *lab_facts_parse(const char *report, GError **error);

/* Adds what the settings decide: hypervisor image, command lines, way to boot. */
bool lab_facts_add_settings(json_t *facts, const LabHost *host, GError **error);

/* What was told last time, or NULL: for a machine that is not at its
 * known-good system now. */
json_t *lab_facts_load(const LabHost *host);
void lab_facts_save(const LabHost *host, const json_t *facts);

#endif
