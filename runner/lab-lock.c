/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab-lock.c - see lab-lock.h. */
#include "lab-lock.h"

#include "lab-ssh.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE      1024
#define TRIES          3
#define LEASE_MARGIN_S 120

char *lab_state_path(const LabHost *host, const char *name, GError **error)
{
	g_autofree char *label = g_strdelimit(g_strdup(host->name), "/", '_');
	g_autofree char *dir =
		g_build_filename(g_get_user_state_dir(), "xbisect", "hosts", label, NULL);

	if (g_mkdir_with_parents(dir, 0700) != 0) {
		lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s: %s", dir, g_strerror(errno));
		return NULL;
	}
	return g_build_filename(dir, name, NULL);
}

/* ---- the text --------------------------------------------------------------- */

void lab_claim_clear(LabClaim *self)
{
	g_clear_pointer(&self->owner, g_free);
}

/* When the process was started, in clock ticks; 0 when there is none. */
static guint64 start_of(int pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
	g_autofree char *text = NULL;
	const char *after;
	unsigned long long start = 0;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	after = strrchr(text, ')');
	if (!after || sscanf(after,
			     ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			     "%*d %*d %*d %llu",
			     &start) != 1)
		return 0;
	return start;
}

static void machine_id(char id[65])
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents("/etc/machine-id", &text, NULL, NULL) || !*g_strstrip(text)) {
		g_free(text);
		text = g_strdup(g_get_host_name());
	}
	g_strlcpy(id,
		  g_strcanon(text,
			     "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
			     "UVWXYZ.-_",
			     '_'),
		  65);
}

void lab_claim_own(LabClaim *self, const char *token, double lease_s)
{
	g_autofree char *owner = g_strdup_printf("%s@%s", g_get_user_name(), g_get_host_name());

	*self = (LabClaim){ .pid = getpid(), .lease_s = (guint)lease_s };
	self->start = start_of(self->pid);
	g_strlcpy(self->token, token, sizeof(self->token));
	machine_id(self->machine);
	self->owner = g_strcanon(g_steal_pointer(&owner),
				 "0123456789abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_@",
				 '_');
}

char *lab_claim_format(const LabClaim *self)
{
	return g_strdup_printf("%s %s %d %" G_GUINT64_FORMAT " %u %s", self->token, self->machine,
			       self->pid, self->start, self->lease_s, self->owner);
}

bool lab_claim_parse(LabClaim *self, const char *line)
{
	unsigned long long start;
	char owner[256];

	*self = (LabClaim){ 0 };
	if (sscanf(line, "%64[0-9a-zA-Z] %64[0-9a-zA-Z._-] %d %llu %u %255s", self->token,
		   self->machine, &self->pid, &start, &self->lease_s, owner) != 6 ||
	    self->pid <= 0)
		return false;
	self->start = start;
	self->owner = xb_text_safe(owner, -1, sizeof(owner), false);
	return true;
}

bool lab_claim_holds(const LabClaim *self, double age_s)
{
	char here[65];

	machine_id(here);
	if (strcmp(here, self->machine) == 0)
		return self->start != 0 && start_of(self->pid) == self->start;
	return age_s < self->lease_s;
}

double lab_lease_s(const LabHost *host, double deadline_s)
{
	return MAX(host->lock_lease_s, deadline_s + host->recover_deadline_s + LEASE_MARGIN_S);
}

LabLockAnswer lab_lock_answer(const char *text, const char *token, LabClaim *held, double *age_s,
			      char **line)
{
	g_autofree char *copy = g_strdup(text);
	char *rest;
	bool known;

	*held = (LabClaim){ 0 };
	*age_s = 0;
	*line = NULL;
	g_strstrip(copy);
	if (strcmp(copy, "taken") == 0)
		return LAB_LOCK_TAKEN;
	if (!g_str_has_prefix(copy, "held "))
		return LAB_LOCK_ODD;
	*age_s = g_ascii_strtod(copy + strlen("held "), &rest);
	rest = g_strstrip(rest);
	known = lab_claim_parse(held, rest);
	if (known && strcmp(held->token, token) == 0)
		return LAB_LOCK_TAKEN;
	if (known && lab_claim_holds(held, *age_s))
		return LAB_LOCK_HELD;
	*line = g_strdup(rest);
	return LAB_LOCK_VOID;
}

static bool fail_held(Lab *lab, const LabClaim *held, double age_s, GError **error)
{
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
			"%s is in use by another controller: %s, process %d, for %.0f s%s",
			lab->host->name, held->owner, held->pid, age_s,
			age_s < 0 ? " (its clock differs)" : "");
}

/* ---- of this machine ---------------------------------------------------------- */

int lab_lock_local(Lab *lab, GError **error)
{
	g_autofree char *path = lab_state_path(lab->host, LAB_LOCK_FILE, error);
	char text[64] = "";
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

	if (!path)
		return -1;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
		int length = g_snprintf(text, sizeof(text), "%d\n", (int)getpid());

		if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) == length)
			return fd;
	} else if (fd >= 0 && errno == EWOULDBLOCK) {
		ssize_t got = pread(fd, text, sizeof(text) - 1, 0);

		close(fd);
		text[MAX(got, 0)] = '\0';
		lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
			 "%s is in use by another controller: process %s of this machine",
			 lab->host->name, g_strchomp(text));
		return -1;
	}
	lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s: %s", path, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* ---- in the served folder ------------------------------------------------------ */

static char *net_lock_path(const Lab *lab)
{
	return g_build_filename(lab->host->net_dir, LAB_NET_LOCK_FILE, NULL);
}

/* Make the file with its content at once: a link to one that is whole. */
static int create_lock(const char *path, const char *line)
{
	g_autofree char *new = g_strdup_printf("%s.%d.new", path, (int)getpid());
	int problem = 0;

	if (!g_file_set_contents_full(new, line, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, NULL))
		return errno ? errno : EIO;
	if (link(new, path) != 0)
		problem = errno;
	g_unlink(new);
	return problem;
}

/* Take a void lock out of the way; a new one that came meanwhile goes back. */
static void remove_void(const char *path, const char *line)
{
	g_autofree char *aside = g_strdup_printf("%s.%d.void", path, (int)getpid());
	g_autofree char *text = NULL;

	if (rename(path, aside) != 0)
		return;
	if (g_file_get_contents(aside, &text, NULL, NULL) && strcmp(text, line) != 0 &&
	    link(aside, path) != 0)
		g_printerr("xbisect-run: %s: a lock was lost\n", path);
	g_unlink(aside);
}

bool lab_lock_net(Lab *lab, GError **error)
{
	g_autofree char *path = net_lock_path(lab);
	g_auto(LabClaim) own = { 0 };
	g_autofree char *line = NULL;
	int problem = EEXIST;

	lab_claim_own(&own, lab->nonce, lab_lease_s(lab->host, lab->job->deadline_s));
	line = lab_claim_format(&own);
	for (guint try = 0; try < TRIES && problem == EEXIST; try++) {
		g_auto(LabClaim) held = { 0 };
		g_autofree char *text = NULL;
		GStatBuf status;

		problem = create_lock(path, line);
		if (problem != EEXIST)
			break;
		if (!g_file_get_contents(path, &text, NULL, NULL) || g_stat(path, &status) != 0)
			continue;
		if (lab_claim_parse(&held, text)) {
			double age = difftime(time(NULL), status.st_mtime);

			if (lab_claim_holds(&held, age))
				return fail_held(lab, &held, age, error);
			lab_log(lab, "the lock of %s, process %d, is void", held.owner, held.pid);
		}
		remove_void(path, text);
	}
	if (problem == 0)
		return true;
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE, "%s: %s", path, g_strerror(problem));
}

void lab_unlock_net(Lab *lab)
{
	g_autofree char *path = net_lock_path(lab);
	g_autofree char *text = NULL;
	g_auto(LabClaim) held = { 0 };

	if (g_file_get_contents(path, &text, NULL, NULL) && lab_claim_parse(&held, text) &&
	    strcmp(held.token, lab->nonce) == 0)
		g_unlink(path);
}

/* ---- on the machine's disk -------------------------------------------------------- */

/* Prints "taken", or "held AGE LINE". $void is the line of a lock that is void. */
static char *lock_script(const Lab *lab, const char *line, const char *void_line)
{
	g_autofree char *dir = g_shell_quote(lab->host->work_dir);
	g_autofree char *quoted = g_shell_quote(line);
	g_autofree char *quoted_void = g_shell_quote(void_line ? void_line : "");

	return g_strdup_printf(
		"umask 022; mkdir -p %s && cd %s || exit 4\n"
		"line=%s; void=%s\n"
		/* emptied by a crash of the machine */
		"[ -e lock ] && [ ! -s lock ] && rm -f lock\n"
		"if [ -n \"$void\" ] && mv lock lock.$$ 2>/dev/null; then\n"
		"	[ \"$(cat lock.$$)\" = \"$void\" ] || ln lock.$$ lock\n"
		"	rm -f lock.$$\n"
		"fi\n"
		"echo \"$line\" >lock.new.$$ || { rm -f lock.new.$$; "
		"echo \"$PWD can't be written: is its disk full?\" >&2; exit 5; }\n"
		"if ln lock.new.$$ lock 2>/dev/null; then echo taken; sync\n"
		"elif [ -e lock ]; then\n"
		"	echo \"held $(($(date +%%s) - $(stat -c %%Y lock))) $(cat lock)\"\n"
		"else rm -f lock.new.$$; echo 'no lock can be made' >&2; exit 6; fi\n"
		"rm -f lock.new.$$\n",
		dir, dir, quoted, quoted_void);
}

bool lab_lock_remote(Lab *lab, GError **error)
{
	g_auto(LabClaim) own = { 0 };
	g_autofree char *line = NULL;
	g_autofree char *void_line = NULL;

	lab_claim_own(&own, lab->nonce, lab_lease_s(lab->host, lab->job->deadline_s));
	line = lab_claim_format(&own);
	for (guint try = 0; try < TRIES; try++) {
		g_autofree char *script = lock_script(lab, line, void_line);
		g_auto(LabResult) result = { 0 };
		g_auto(LabClaim) held = { 0 };
		LabLockAnswer answer;
		double age;

		if (!lab_ssh_script_ok(lab, "lock", script, lab->host->ssh_deadline_s, &result,
				       error))
			return false;
		g_clear_pointer(&void_line, g_free);
		answer = lab_lock_answer(result.out, lab->nonce, &held, &age, &void_line);
		if (answer == LAB_LOCK_TAKEN)
			return true;
		if (answer == LAB_LOCK_HELD)
			return fail_held(lab, &held, age, error);
		if (answer == LAB_LOCK_ODD)
			break;
		lab_log(lab, "the lock \"%s\" is void", void_line);
	}
	return lab_fail(error, XB_OUTCOME_HOST_TROUBLE,
			"the lock in %s on the machine can't be taken: remove %s/lock there",
			lab->host->work_dir, lab->host->work_dir);
}

bool lab_unlock_remote(Lab *lab, GError **error)
{
	g_autofree char *dir = g_shell_quote(lab->host->work_dir);
	g_autofree char *script = g_strdup_printf(
		"cd %s && case $(cat lock 2>/dev/null) in \"%s \"*) rm -f lock; esac; :\n", dir,
		lab->nonce);
	g_auto(LabResult) result = { 0 };

	return lab_ssh_script_ok(lab, "unlock", script, lab->host->ssh_deadline_s, &result, error);
}
