/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - text that came from outside made safe to show, and units.
 */
#ifndef XB_TEXT_H
#define XB_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A copy of @bytes that is valid UTF-8 and safe on a terminal, in a log and
 * in JSON: control characters (newline and tab excepted when @multiline),
 * escape sequences, bidirectional marks and invalid bytes become visible
 * \xNN / \u{NNNN} escapes. At most @max bytes of output, cut at a character.
 * Caller frees.
 */
char *xb_text_safe(const char *bytes, gssize length, gsize max, bool multiline);

/* "90s", "15m", "2h", "1d", or plain seconds -> seconds; false on anything else. */
bool xb_parse_duration(const char *text, double *seconds);

/* "2G", "512M", "64K" (powers of 1024), or plain bytes -> bytes. */
bool xb_parse_size(const char *text, uint64_t *bytes);

/* "1%", "0.5%", "0.01" -> fraction; false when negative, not finite or >= 10. */
bool xb_parse_fraction(const char *text, double *fraction);

/* A confidence that somebody asked for, as it was written: "99.95 %"; NULL for what is no number.
 * Caller frees. */
char *xb_asked_text(double confidence);

#endif
