/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-holder.c - see lab-holder.h. */
#include "lab-holder.h"

#include "lab-lock.h"
#include "lab-ssh.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ASK_S 12

int lab_flock_holder(const char *path)
{
	g_autofree char *text = NULL;
	g_autofree char *table = NULL;
	g_auto(GStrv) lines = NULL;
	GStatBuf status;

	if (g_stat(path, &status) != 0 || !g_file_get_contents(path, &text, NULL, NULL) ||
	    !g_file_get_contents("/proc/locks", &table, NULL, NULL))
		return 0;
	lines = g_strsplit(table, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		unsigned long long inode;
		int pid;

		/* see proc_locks(5); the device is not what stat() says on every file system */
		if (sscanf(lines[i], "%*d: FLOCK %*s WRITE %d %*x:%*x:%llu", &pid, &inode) == 2 &&
		    inode == status.st_ino && pid > 0 && pid == atoi(text))
			return pid;
	}
	return 0;
}

static json_t *event_of(const char *where, const char *owner, int pid)
{
	return json_pack("{s:s,s:s,s:s,s:i}", "event", "lock", "where", where, "owner", owner,
			 "pid", pid);
}

static void tell(Lab *lab, const char *where, const LabClaim *held, double age_s)
{
	json_t *event = event_of(where, held->owner, held->pid);

	json_object_set_new(event, "age_s", json_real(age_s));
	runner_run_emit(lab->run, event);
}

static bool tell_controller(Lab *lab, GError **error)
{
	g_autofree char *path = lab_state_path(lab->host, LAB_LOCK_FILE, error);
	int pid = path ? lab_flock_holder(path) : 0;
	g_auto(LabClaim) own = { 0 };

	lab_claim_own(&own, lab->nonce, 0);
	if (pid > 0)
		runner_run_emit(lab->run, event_of("controller", own.owner, pid));
	return path != NULL;
}

static void tell_folder(Lab *lab)
{
	g_autofree char *path = g_build_filename(lab->host->net_dir, LAB_NET_LOCK_FILE, NULL);
	g_autofree char *text = NULL;
	g_auto(LabClaim) held = { 0 };
	GStatBuf status;
	double age_s;

	if (!g_file_get_contents(path, &text, NULL, NULL) || g_stat(path, &status) != 0 ||
	    !lab_claim_parse(&held, text))
		return;
	age_s = difftime(time(NULL), status.st_mtime);
	if (lab_claim_holds(&held, age_s))
		tell(lab, "folder", &held, age_s);
}

static bool tell_machine(Lab *lab, GError **error)
{
	g_autofree char *dir = g_shell_quote(lab->host->work_dir);
	g_autofree char *script =
		g_strdup_printf("l=%s/lock\n"
				"[ -e $l ] || { echo free; exit 0; }\n"
				"echo \"held $(($(date +%%s) - $(stat -c %%Y $l))) $(cat $l)\"\n",
				dir);
	g_auto(LabResult) result = { 0 };
	g_auto(LabClaim) held = { 0 };
	g_autofree char *line = NULL;
	double age_s;

	if (!lab_ssh_script_ok(lab, "who holds it", script, ASK_S, &result, error))
		return false;
	if (lab_lock_answer(result.out, lab->nonce, &held, &age_s, &line) == LAB_LOCK_HELD)
		tell(lab, "machine", &held, age_s);
	return true;
}

bool lab_holders_tell(Lab *lab, GError **error)
{
	if (!tell_controller(lab, error))
		return false;
	if (lab->host->boot == LAB_BOOT_GRUB)
		return tell_machine(lab, error);
	tell_folder(lab);
	return true;
}
