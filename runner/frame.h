/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.h - result lines on a shared console, reading side. The format is
 * described in dom0/frame.h, which writes them:
 *
 *   @XB1 SEQUENCE LENGTH CRC32 PAYLOAD
 */
#ifndef XB_RUNNER_FRAME_H
#define XB_RUNNER_FRAME_H

#include <glib.h>

typedef enum {
	FRAME_NONE, /* the line holds no frame */
	FRAME_OK,
	FRAME_TORN, /* it holds the start of one that is not whole */
} FrameState;

/*
 * Look for a frame in @line (one console line without its newline, @length
 * bytes, may hold anything). FRAME_OK fills *sequence and *payload (points
 * into @line, *payload_length bytes).
 */
FrameState runner_frame_parse(const char *line, gsize length, guint *sequence, const char **payload,
			      gsize *payload_length);

/* zlib's CRC-32. */
guint32 runner_crc32(const char *data, gsize length);

#endif
