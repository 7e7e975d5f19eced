/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-facts.c - see lab-facts.h. */
#include "lab-facts.h"

#include "lab-lock.h"
#include "text.h"
#include "workload.h"

#include <string.h>

#define VALUE_MAX  300
#define MEMORY_MIB 64 /* rounded to: what firmware keeps for itself varies */

/* For any sh and busybox; few programs are started. xl waits for a xenstore that
 * is not there. */
const char lab_facts_script[] =
	"r() { v=; [ ! -r \"$2\" ] || IFS= read -r v <\"$2\"; [ -z \"$v\" ] || echo \"$1 $v\"; }\n"
	"d() { v=; w=; for f; do [ ! -r /sys/class/dmi/id/$f ] || IFS= read -r w "
	"</sys/class/dmi/id/$f; v=\"$v $w\"; w=; done; echo \"$v\"; }\n"
	"n=0; m=; c=; while IFS=: read -r k v; do case $k in model?name*) m=$v ;; microcode*) c=$v "
	";; "
	"processor*) n=$((n + 1)) ;; esac; done </proc/cpuinfo\n"
	"echo \"cpu $m\"; echo \"microcode $c\"; echo \"cpus $n\"\n"
	"while read -r k v w; do [ $k != MemTotal: ] || { echo \"memory_kib $v\"; break; }; done "
	"</proc/meminfo\n"
	"echo \"firmware$(d bios_vendor bios_version bios_date)\"\n"
	"echo \"machine$(d sys_vendor product_name board_name)\"\n"
	"r governor /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor\n"
	"r smt /sys/devices/system/cpu/smt/control\n"
	"h=/sys/hypervisor/version; if [ -r $h/major ]; then read -r a <$h/major; read -r b "
	"<$h/minor; read -r e <$h/extra; echo \"xen $a.$b$e\"; fi\n"
	"if command -v xl >/dev/null 2>&1; then timeout 10 xl info 2>/dev/null | sed -n \\\n"
	" -e 's/^total_memory *: */memory_mib /p' -e 's/^nr_cpus *: */cpus /p' \\\n"
	" -e 's/^threads_per_core *: */smt threads per core: /p' \\\n"
	" -e 's/^xen_commandline *: */xen_commandline /p'; fi\n"
	"if command -v xenpm >/dev/null 2>&1; then timeout 10 xenpm get-cpufreq-para 0 2>/dev/null "
	"| sed -n 's/^ *current_governor *: */governor /p'; fi\n"
	"r known_good /proc/sys/kernel/osrelease\n"
	"r known_good_version /proc/sys/kernel/version\n";

static const char *const keys[] = { "cpu",      "microcode", "cpus",       "memory_mib",
				    "firmware", "machine",   "xen",        "xen_commandline",
				    "governor", "smt",       "known_good", "known_good_version" };

static void set_memory(json_t *facts, const char *text, guint64 divisor)
{
	guint64 mib = g_ascii_strtoull(text, NULL, 10) / divisor;
	g_autofree char *rounded = g_strdup_printf(
		"%" G_GUINT64_FORMAT, (mib + MEMORY_MIB / 2) / MEMORY_MIB * MEMORY_MIB);

	if (mib > 0)
		json_object_set_new(facts, "memory_mib", json_string(rounded));
}

/* Later lines take the place of earlier ones: Xen knows more than dom0. */
static void take(json_t *facts, const char *key, const char *value)
{
	g_autofree char *safe = xb_text_safe(value, -1, VALUE_MAX, false);

	if (!*value)
		return;
	if (strcmp(key, "memory_kib") == 0) {
		set_memory(facts, value, 1024);
		return;
	}
	if (strcmp(key, "memory_mib") == 0) {
		set_memory(facts, value, 1);
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
		if (strcmp(keys[i], key) == 0)
			json_object_set_new(facts, key, json_string(safe));
}

json_t *lab_facts_parse(const char *report, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(report ? report : "", "\n", -1);
	g_autoptr(json_t) facts = json_object();

	for (guint i = 0; lines[i]; i++) {
		char *line = g_strstrip(lines[i]);
		gsize length = strcspn(line, " ");
		g_autofree char *key = g_strndup(line, length);

		take(facts, key, g_strstrip(line + length));
	}
	if (json_object_get(facts, "cpu"))
		return g_steal_pointer(&facts);
	lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
		 "the known-good system does not say what processor it has");
	return NULL;
}

bool lab_facts_add_settings(json_t *facts, const LabHost *host, GError **error)
{
	g_autofree char *xen = NULL;
	const struct {
		const char *name, *value;
	} more[] = { { "boot", host->boot == LAB_BOOT_NET ? "net" : "grub" },
		     { "root", host->root == LAB_ROOT_DISK ? "disk" : "initramfs" },
		     { "xen_args", host->xen_args },
		     { "kernel_args", host->kernel_args },
		     { "wanted_governor", host->governor },
		     { "settle_command", host->settle_command } };

	for (guint i = 0; i < G_N_ELEMENTS(more); i++)
		if (more[i].value)
			json_object_set_new(facts, more[i].name, json_string(more[i].value));
	if (!host->xen)
		return true;
	xen = runner_hash_file(host->xen, error);
	json_object_set_new(facts, "xen_sha256", json_string(xen ? xen : ""));
	return xen != NULL;
}

json_t *lab_facts_load(const LabHost *host)
{
	g_autofree char *path = lab_state_path(host, "facts.json", NULL);

	return path ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

void lab_facts_save(const LabHost *host, const json_t *facts)
{
	g_autofree char *path = lab_state_path(host, "facts.json", NULL);
	g_autofree char *text = json_dumps(facts, JSON_INDENT(2) | JSON_SORT_KEYS);

	/* Without it the machine is asked again: no reason to fail. */
	if (path)
		g_file_set_contents(path, text, -1, NULL);
}
