/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbols.h - which function an address lies in, by a System.map or by what
 * nm(1) prints (Linux's System.map, Xen's xen-syms.map, `nm -n vmlinux`).
 *
 * A line is "ADDRESS TYPE NAME" with a hexadecimal address, with or without
 * "0x"; "ADDRESS SIZE TYPE NAME" (nm -S) is read as well, and undefined symbols
 * (nm: "U NAME") are left out. The file comes from a build of a hostile tree:
 * it is at most 64 MiB long, names are at most 511 printable characters, and a
 * line of another form is an error, not a guess.
 */
#ifndef XB_RUNNER_SYMBOLS_H
#define XB_RUNNER_SYMBOLS_H

#include <glib.h>

#define RUNNER_SYMBOLS_BYTES_MAX (64u << 20)
#define RUNNER_SYMBOLS_NAME_MAX  511

typedef struct RunnerSymbols RunnerSymbols;

/* Read the regular file @path. NULL with @error, which names the file and the
 * line; a file without any function is an error too. */
RunnerSymbols *runner_symbols_load(const char *path, GError **error);

/* The same from memory; @name stands for the file in errors. */
RunnerSymbols *runner_symbols_parse(const char *name, const char *text, gsize length,
				    GError **error);

void runner_symbols_free(RunnerSymbols *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunnerSymbols, runner_symbols_free)

/* How many functions there are, after aliases of one address are joined. */
gsize runner_symbols_count(const RunnerSymbols *self);

/*
 * The function that @address lies in: the last one that starts at or below it,
 * when no other symbol (data, the end of a section) begins between them and it
 * starts at most 1 MiB below. Of several names for one address a global one
 * is taken before a local one, then the first of the file. *offset (may be NULL) is
 * the distance from its start. NULL when there is none: data, user space, a
 * module. The name is owned by @self.
 */
const char *runner_symbols_find(const RunnerSymbols *self, guint64 address, guint64 *offset);

/* Append to @starts (of guint64) where each symbol starts, data included, in rising order. */
void runner_symbols_starts(const RunnerSymbols *self, GArray *starts);

/* The address of the function @name, 0 when there is none. Linear time. */
guint64 runner_symbols_address(const RunnerSymbols *self, const char *name);

#endif
