/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exits.h - exit statuses of every workload. Those from 1 to 8 are the original
 * test program's, so that it can be replaced by this one in a script.
 */
#ifndef XB_DOM0_EXITS_H
#define XB_DOM0_EXITS_H

enum {
	EXIT_OK = 0,
	EXIT_USAGE = 1,    /* wrong number of arguments, unknown option */
	EXIT_NUMBER = 2,   /* an argument is no number, or out of range */
	EXIT_FOREIGN = 3,  /* libxenforeignmemory can't be opened */
	EXIT_XENCTRL = 4,  /* libxenctrl can't be opened */
	EXIT_NR_GPFNS = 5, /* the domain's number of pages is not known */
	EXIT_MEMORY = 6,   /* no memory, or a call about our own memory failed */
	EXIT_MAP = 7,
	EXIT_UNMAP = 8,
	EXIT_TARGET = 9, /* our own target domain can't be made */
	EXIT_SAVE = 10,  /* the domain can't be saved */
	EXIT_LOST = 11,  /* a page or a bit of its state was lost */
};

#endif
