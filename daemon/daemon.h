/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon.h - what the parts of the daemon share. There is no job state here:
 * everything can be thrown away at any instant and read from the database
 * again. What is cached (fingerprints, connections, running workers) is
 * derived.
 */
#ifndef XB_DAEMON_H
#define XB_DAEMON_H

#include <gio/gio.h>
#include "config.h"
#include "db.h"

typedef struct XbExecutor XbExecutor;
typedef struct XbControlServer XbControlServer;
typedef struct XbProbes XbProbes;
typedef struct XbDeliverer XbDeliverer;
typedef struct XbWatcher XbWatcher;
typedef struct XbHostTasks XbHostTasks;
typedef struct XbHostLocks XbHostLocks;
typedef struct XbWarner XbWarner;

typedef struct {
	XbConfig *config;
	XbDb *db;
	GMainLoop *loop;
	XbExecutor *executor;     /* running workers */
	XbControlServer *control; /* clients */
	XbProbes *probes;         /* fingerprints of hosts and of the builder */
	XbDeliverer *deliverer;   /* messages that are being sent */
	XbWatcher *watcher;       /* branches that are being fetched */
	XbHostTasks *host_tasks;  /* hosts that are recovered or checked */
	XbHostLocks *host_locks;  /* who else has a machine */
	XbWarner *warner;         /* requests whose cost is being estimated */
	guint plan_source;        /* a planning round is scheduled */
	guint retry_source;       /* one more, some time after a round that failed */
	guint care_source;        /* and one when a host's health is due */
	int64_t web_uid;          /* as which the pages run; -1: no user of their own */
	int lock_fd;              /* state_dir/lock: one daemon for one state */
	bool no_room;             /* jobs wait until state_dir's file system has room again ... */
	uint64_t free_bytes;      /* ... and this is what it had at the last look */
	bool stopping;
} XbDaemon;

/* Schedule a planning round soon; many calls are one round. */
void xb_daemon_poke(XbDaemon *self);

/* The same after @delay_ms, by a source whose id is kept in *@source and is 0 once it is over: the
 * caller removes it to have no such round, and before *@source goes away. */
void xb_daemon_poke_later(XbDaemon *self, guint *source, guint delay_ms);

/* Unix milliseconds now. */
int64_t xb_now_ms(void);

/* Journal line of a job (0: the daemon's own), and the daemon's log. Never fails. */
void xb_journal(XbDaemon *self, int64_t job_id, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* state_dir/NAME..., caller frees. */
char *xb_state_path(const XbDaemon *self, const char *first, ...) G_GNUC_NULL_TERMINATED;

#endif
