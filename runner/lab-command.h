/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-command.h - one command of a lab machine's control: started without a
 * shell, ended with its group at its deadline, and logged.
 */
#ifndef XB_RUNNER_LAB_COMMAND_H
#define XB_RUNNER_LAB_COMMAND_H

#include "lab.h"

typedef struct {
	bool late;       /* it was ended at its deadline */
	int wait_status; /* see waitpid(2) */
	char *out;       /* what it printed, at most 1 MiB, NUL-terminated */
	char *err;
} LabResult;

void lab_result_clear(LabResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LabResult, lab_result_clear)

/*
 * Run @argv with @input (a descriptor at its beginning, or -1) until it ends,
 * at most @deadline_s. True when it ran, whatever its status is; false with
 * @error when it could not be started or the run was ended. @what is how the
 * log calls it.
 */
bool lab_command(Lab *lab, const char *what, char *const *argv, int input, double deadline_s,
		 LabResult *result, GError **error);

/* The same, where any status but 0 is an error (host-trouble) that quotes the
 * last line of what it printed. */
bool lab_command_ok(Lab *lab, const char *what, char *const *argv, int input, double deadline_s,
		    LabResult *result, GError **error);

bool lab_result_ok(const LabResult *self);

/* "exit status 255: Connection refused", "not finished in time". Caller frees. */
char *lab_result_text(const LabResult *self);

/* An unnamed file that holds @length bytes of @data, at its beginning; -1 with
 * @error. */
int lab_memory_file(const char *data, gsize length, GError **error);

#endif
