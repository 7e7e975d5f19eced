/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * removal.h - removing what a hostile build left behind: links are not
 * followed, permissions that were taken away are given back, and any depth is
 * removed with a bounded number of descriptors.
 */
#ifndef XB_REMOVAL_H
#define XB_REMOVAL_H

#include <stdbool.h>

/*
 * Remove the file, link or directory @name in @dir_fd (AT_FDCWD: @name is a
 * path). Goes on after what cannot be removed. True when nothing is left, also
 * when there was nothing; false with errno of the first failure.
 */
bool xb_remove_at(int dir_fd, const char *name);

#endif
