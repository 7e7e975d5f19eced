/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console-file.h - the console of a boot on disk: kept to its head and tail. */
#ifndef XB_RUNNER_CONSOLE_FILE_H
#define XB_RUNNER_CONSOLE_FILE_H

#define CONSOLE_KEPT (16u << 20) /* bytes, half of it head and half tail */

/* Cut the middle out of a file that is longer. A file that can't be is said on stderr. */
void runner_console_shorten(const char *path);

#endif
