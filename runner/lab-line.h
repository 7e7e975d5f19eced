/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-line.h - opens the ways to a serial console: a descriptor to read from,
 * and for a command the child behind it.
 */
#ifndef XB_RUNNER_LAB_LINE_H
#define XB_RUNNER_LAB_LINE_H

#include "lab.h"

typedef struct {
	int fd;   /* non-blocking; -1: not open */
	int hold; /* a command's standard input, kept open; -1: none */
	pid_t pid;
} LabLine;

#define LAB_LINE_CLOSED                         \
	(LabLine)                               \
	{                                       \
		.fd = -1, .hold = -1, .pid = -1 \
	}

/* Begin to connect; of a name with several addresses, @attempt chooses one. A TCP connection may be
 * under way still, lab_line_error() tells what came of it once it can be written. False with
 * @error. */
bool lab_line_open(Lab *lab, guint attempt, LabLine *line, GError **error);

/* 0, or the errno value of a connection that failed. */
int lab_line_error(const LabLine *line);

void lab_line_close(LabLine *line);

/* "HOST:PORT" or "[V6]:PORT" in two; false when it is neither. */
bool lab_line_split(const char *address, char **host, char **port);

#endif
