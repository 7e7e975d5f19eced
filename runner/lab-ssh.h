/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-ssh.h - commands on a lab machine by ssh: the system's ssh client, never
 * asking, host keys checked, a connection that is half open noticed.
 */
#ifndef XB_RUNNER_LAB_SSH_H
#define XB_RUNNER_LAB_SSH_H

#include "lab-command.h"
#include "lab-identity.h"

/* The argv that runs @command there (one text: the remote shell reads it). Half of @deadline_s is
 * for the connection and sshd's first line, 10 s at least. */
char **lab_ssh_argv(const LabHost *host, const char *command, double deadline_s);

/*
 * How long one question may take, of a machine that has not answered for @waited_s: half of that,
 * from @least_s up to ssh_deadline=. On a slow or busy machine an answer may take longer than any
 * fixed time, and each question that is given up has cost it work.
 */
double lab_ssh_patience(const LabHost *host, double least_s, double waited_s);

/* A script for the machine's sh, fed on its standard input: nothing is quoted.
 * As lab_command(). */
bool lab_ssh_script(Lab *lab, const char *what, const char *script, double deadline_s,
		    LabResult *result, GError **error);

/* The same, where any status but 0 is an error. */
bool lab_ssh_script_ok(Lab *lab, const char *what, const char *script, double deadline_s,
		       LabResult *result, GError **error);

/*
 * Send @length bytes of @data to the file @path there: written aside, compared
 * by SHA-256, renamed, synced. @mode as in "755".
 */
bool lab_ssh_send(Lab *lab, const char *path, const char *mode, const void *data, gsize length,
		  double deadline_s, GError **error);

/* The script that prints what lab-identity.h reads. */
extern const char lab_identity_script[];

/* The script that reboots it: in the background, so that the connection ends in order. */
extern const char lab_reboot_script[];

/*
 * Ask once, at most @deadline_s. False with @error only when the run was
 * ended; a machine that does not answer leaves *identity empty and *why (may
 * be NULL, caller frees) says what ssh said.
 */
bool lab_ssh_identity(Lab *lab, double deadline_s, LabIdentity *identity, char **why,
		      GError **error);

#endif
