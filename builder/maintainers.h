/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maintainers.h - whom the tree itself names for what a commit changes:
 * scripts/get_maintainer.pl, where the tree has it. It is code of the tree, so
 * it runs in the sandbox, with the source read-only and nothing else.
 */
#ifndef XB_BUILDER_MAINTAINERS_H
#define XB_BUILDER_MAINTAINERS_H

#include "compile.h"

#define XB_MAINTAINERS "maintainers"

/*
 * Write out_dir/XB_MAINTAINERS, one "ADDRESS (role:SECTION)" a line, made safe
 * to show. For clean builds of a commit without patches only: those are made of
 * a commit that is going to be named. False when there is no list, for whatever
 * reason: the build is as good without.
 */
bool xb_maintainers_write(const XbCompile *compile);

#endif
