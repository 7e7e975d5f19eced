/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.h - result lines that survive a shared console.
 *
 * Dom0's output arrives on Xen's console between Xen's and the kernel's own
 * lines, and either may cut into ours. So each line is one frame:
 *
 *   @XB1 SEQUENCE LENGTH CRC32 PAYLOAD
 *
 * SEQUENCE counts from 0, LENGTH is that of PAYLOAD in bytes, CRC32 the
 * common one (as zlib's) of "SEQUENCE PAYLOAD" in eight hexadecimal digits.
 * PAYLOAD is printable and starts with one of
 *
 *   hello VERSION         init runs
 *   id KEY VALUE          which kernel runs, on a lab machine; see identity.h
 *   start                 the workload is started
 *   out LINE              a line of the workload's standard output
 *   end STATUS            its exit status, or 128 + signal
 *   fail TEXT             init could not start it: why
 *   off                   all is said; power goes off next
 *
 * The host refuses a run whose frames are torn, missing or without "off".
 */
#ifndef XB_DOM0_FRAME_H
#define XB_DOM0_FRAME_H

#include <stddef.h>

/* Longest payload; a longer one is cut. */
#define FRAME_PAYLOAD_MAX 400

/* Write one frame of the words KIND and TEXT (NULL for none) to @fd. Bytes of
 * @text that are not printable become '?'. */
void frame_send(int fd, const char *kind, const char *text);

#endif
