/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-console.h - a lab machine's serial console: read from before the power
 * is switched until the run has ended. A line that drops is opened again.
 *
 * Raw bytes are in the file "console" of the job's directory;
 * "console.times" says when which byte came: lines "OFFSET SECONDS", seconds
 * as in lab.log, and a line "OFFSET SECONDS WORDS" where the line was lost or
 * came back.
 */
#ifndef XB_RUNNER_LAB_CONSOLE_H
#define XB_RUNNER_LAB_CONSOLE_H

#include "lab-marks.h"
#include "lab.h"

/* Open the files and begin to connect; sets lab->console. False with @error
 * when that can never work. With console=none it stays NULL. */
bool lab_console_open(Lab *lab, GError **error);

/* Wait until the line is there; host-trouble with the reason when it is not
 * within @seconds. */
bool lab_console_wait(Lab *lab, double seconds, GError **error);

/* From here on, what comes belongs to the boot with this nonce. */
void lab_console_arm(LabConsole *self, const char *nonce, const ConsoleHandlers *handlers);

/* NULL before arming. */
LabMarks *lab_console_marks(const LabConsole *self);

guint64 lab_console_size(const LabConsole *self);   /* bytes so far */
double lab_console_silence(const LabConsole *self); /* seconds since the last byte, or arming */
guint lab_console_losses(const LabConsole *self);   /* how often the line was lost */
bool lab_console_connected(const LabConsole *self);
/* Since it was armed it was lost, or is now: what came of this boot may not be all. */
bool lab_console_lost(const LabConsole *self);

/* Close, and shorten the file to its head and tail. NULL is fine. */
void lab_console_close(LabConsole *self);

#endif
