/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sender.h - the workload migrate-send: libxenguest sends a domain, as in a
 * migration, into a pipe whose other end reads and discards. What the sender
 * spends in mapping, unmapping and writing is taken apart by wrapping those
 * functions when linking (see Makefile), so that libxenguest's own calls count.
 */
#ifndef XB_DOM0_SENDER_H
#define XB_DOM0_SENDER_H

#include "bench.h"

extern const Bench sender;

#endif
