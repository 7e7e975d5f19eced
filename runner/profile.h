/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile.h - what the plugin counted (runner/plugin/profile.c has the
 * format), as folded stacks. No I/O: text in, text out. The input comes from
 * an emulator that ran a hostile kernel: it is bounded and checked.
 *
 * Folded stacks are the text that `perf script | stackcollapse` gives: one
 * stack a line, "outermost;...;innermost COUNT". Frames of Xen end in "_[x]",
 * those of dom0's kernel in "_[k]"; dom0's programs are the frame "user".
 */
#ifndef XB_RUNNER_PROFILE_H
#define XB_RUNNER_PROFILE_H

#include "symbols.h"

#include <stdbool.h>

#define RUNNER_PROFILE_PHASES     16
#define RUNNER_PROFILE_BYTES_MAX  (64u << 20) /* of the plugin's file */
#define RUNNER_PROFILE_FOLDED_MAX (8u << 20)  /* of folded text; what is left is one line */

typedef struct RunnerProfile RunnerProfile;

#define RUNNER_PROFILE_ERROR runner_profile_error_quark()
GQuark runner_profile_error_quark(void);

/* NULL with @error naming the line at fault. */
RunnerProfile *runner_profile_parse(const char *text, gsize length, GError **error);
void runner_profile_free(RunnerProfile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunnerProfile, runner_profile_free)

/* "flat" or "stacks". */
const char *runner_profile_mode(const RunnerProfile *self);

/* There was more than the plugin had room for. */
bool runner_profile_is_full(const RunnerProfile *self);

/* The name of phase @phase (0 to RUNNER_PROFILE_PHASES - 1); NULL when it is
 * none, or was not entered. */
const char *runner_profile_phase(const RunnerProfile *self, guint phase);

typedef struct {
	guint64 entries;           /* how often the phase was entered */
	guint64 xen, kernel, user; /* instructions there */
} RunnerProfileShare;
RunnerProfileShare runner_profile_share(const RunnerProfile *self, guint phase);

/*
 * The folded stacks of @phase, the largest count first; names by @linux_map and @xen_map,
 * either may be NULL: then all of that side is one function. Caller frees.
 */
char *runner_profile_fold(const RunnerProfile *self, guint phase, const RunnerSymbols *linux_map,
			  const RunnerSymbols *xen_map);

#endif
