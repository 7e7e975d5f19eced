/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail.h - headers and parts of an Internet message (RFC 5322, 2045, 2047).
 * Headers are built from text of commits: whatever it holds, it begins no
 * header of its own. Pure. Lines end in "\n"; who speaks SMTP makes them CRLF.
 */
#ifndef XB_MAIL_H
#define XB_MAIL_H

#include <glib.h>
#include <stdbool.h>

/* "NAME: TEXT\n"; what is not ASCII becomes encoded words, control characters blanks. */
void xb_mail_header(GString *out, const char *name, const char *text);

/* "Name <address>", quoted or encoded. False, and nothing appended, for an address that is none. */
bool xb_mail_address(GString *out, const char *name, const char *email);

/* "Date: ...\n" in UTC; nothing when @unix_s is not finite. */
void xb_mail_date(GString *out, double unix_s);

/*
 * Take "Name <address>" (or an address alone, with a comment behind it) apart, as it stands in
 * trailers, in git's idents and in what get_maintainer.pl prints. False when there is no address
 * of ASCII with one @ in it. Caller frees both; @name may be "".
 */
bool xb_mail_parse_address(const char *text, char **name, char **email);

/* "<id@host>" out of such a text or of a link to an archive of mailing lists
 * (https://lore.kernel.org/r/ID, /all/ID/, .../ID/T/#u); NULL when there is none. Caller frees. */
char *xb_mail_parse_id(const char *text);

/* A MIME part: its headers and @text in base64. @file_name NULL: shown inline. */
void xb_mail_part(GString *out, const char *type, const char *file_name, const char *text);

#endif
