/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init.h - process 1 of dom0 on the embedded host.
 *
 * The initramfs holds, besides this program as /init:
 *   /workload      the workload's argv, one argument a line
 *   /modules.list  kernel modules to load, one path a line, in order (may be
 *                  absent)
 *
 * Words of the kernel's command line, for machines of a lab:
 *   xbisect.nonce=N      say which kernel runs (identity.h)
 *   xbisect.idle=SECONDS     be idle for so long before the workload (idle.h),
 *   xbisect.idle_max=SECONDS but wait no longer than that for it
 *   xbisect.end=reboot   start the machine again instead of switching it off
 */
#ifndef XB_DOM0_INIT_H
#define XB_DOM0_INIT_H

/* Mount, load, run the workload, frame what it prints, power off. */
_Noreturn void init_main(void);

#endif
