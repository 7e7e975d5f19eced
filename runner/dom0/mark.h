/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mark.h - how a program in dom0 tells a profiling emulator which phase
 * begins: by an instruction that does nothing,
 *
 *   0f 1f 84 00 NN 00 42 58    nopl 0x584200NN(%rax,%rax)
 *
 * where NN is the phase. Compilers pad with shorter displacements, so no
 * other code holds it; on real hardware and without a profiler it costs
 * nothing. The emulator sees it when it translates the program: neither
 * symbols nor registers nor a protocol are needed, and any static program
 * can use it. Read by runner/plugin/profile.c.
 */
#ifndef XB_DOM0_MARK_H
#define XB_DOM0_MARK_H

#define MARK_MAGIC 0x58420000
#define MARK_MAX   15 /* phases; the last is MARK_FLUSH */

/* What follows is counted for this phase, until the next mark. */
enum {
	MARK_NONE,  /* for none */
	MARK_OTHER, /* what the workload does outside of its phases: preparing, warming up */
	MARK_MAP,
	MARK_UNMAP,
	MARK_COPY,
	MARK_FORK,
	MARK_PROTECT,
	MARK_REMAP,
	MARK_WORK,             /* the whole of a workload that has no phases */
	MARK_FLUSH = MARK_MAX, /* all is done: the profile is written now */
};

/* The phases' names, by number; NULL where there is none. */
#define MARK_NAMES                                                                               \
	{                                                                                        \
		NULL, "other", "map", "unmap", "copy", "fork", "protect", "remap", "work", NULL, \
			NULL, NULL, NULL, NULL, NULL, NULL                                       \
	}

#if defined(__x86_64__)
#define MARK(phase) \
	__asm__ volatile("nopl %c0(%%rax,%%rax)" : : "i"(MARK_MAGIC | (phase)) : "memory")
#else
#define MARK(phase) ((void)(phase))
#endif

#endif
