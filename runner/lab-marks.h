/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-marks.h - how far a lab machine's boot came, by its serial console: from
 * the boot loader, which says the boot's nonce, to what console.h finds. No
 * I/O: bytes in, findings out; a chunk may end anywhere.
 *
 * What came on the line before the boot loader or Xen was heard belongs to the
 * system that ran before, and is not looked at.
 */
#ifndef XB_RUNNER_LAB_MARKS_H
#define XB_RUNNER_LAB_MARKS_H

#include "console.h"

/* What the boot loader prints, followed by the nonce. */
#define LAB_ENTRY_TEXT "xbisect boot "
/* What GRUB prints over the network, followed by the nonce, where it could not load all files. */
#define LAB_UNLOADED_TEXT "xbisect unloaded "
/* And what is on both command lines, followed by the nonce. */
#define LAB_NONCE_TEXT "xbisect.nonce="
/* A file of a boot over the network is this, the nonce, a dot, and its part. */
#define LAB_FILE_PREFIX "xbisect-"

typedef struct LabMarks LabMarks;

/* Of one boot, from its reset on. */
LabMarks *lab_marks_new(const char *nonce, const ConsoleHandlers *handlers);
void lab_marks_free(LabMarks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabMarks, lab_marks_free)

void lab_marks_feed(LabMarks *self, const char *data, gsize length);

/* Bytes may be missing here: the line before is cut off, and what follows belongs to another. */
void lab_marks_gap(LabMarks *self);

bool lab_marks_entry(const LabMarks *self);   /* the boot loader took our entry */
bool lab_marks_xen(const LabMarks *self);     /* Xen runs with our nonce: all was loaded */
bool lab_marks_foreign(const LabMarks *self); /* Xen runs with other arguments than ours */

/* The boot loader took our entry, and could not load what it names. */
bool lab_marks_unloaded(const LabMarks *self);

/* How many bytes the boot loader says that it has loaded of our file of @part ("kernel"); -1 when
 * it says nothing about it. */
gint64 lab_marks_loaded(const LabMarks *self, const char *part);

/* The rest is the console's own; NULL before anything was heard. */
Console *lab_marks_console(const LabMarks *self);

#endif
