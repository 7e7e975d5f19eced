/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.h - the control socket between xbisectd and its clients (xbisect,
 * xbisect-web): one JSON object a line in each direction.
 *
 * Request: {"verb": "...", members of the verb}. The answer's last line is
 *   {"ok": true, members} or
 *   {"ok": false, "error": "what is wrong", "hint": "what to do", "exit": 1}
 * ("hint" may be absent; "exit" is the client's exit status). "follow" sends
 * {"event": "progress", "job": JOB} lines before it, at most about two a
 * second, and its last line when the job has ended. A connection carries
 * requests one after another.
 *
 * Verbs:
 *   ping      -> version, pid, state_dir
 *   bisect    cwd or repo (path or configured NAME), good, bad, first_parent, all,
 *             path_prior (true);
 *             or images: [{"label","kernel","modules"}] in order, good first;
 *             and the options below                   -> id, warnings[], job
 *             (of these, of check and of retry of a bisect the answer waits some seconds for
 *             what the noise of earlier boots lets expect, and the job with it)
 *   ab        cwd or repo, base: SIDE, test: SIDE, resolve, boots, options
 *                                                     -> id, warnings[], job
 *             with variants: [SIDE, ...] (two or more, each with a "name" if it
 *             likes) instead of test each of them is compared with base
 *   measure   cwd or repo, rev: SIDE, boots, options  -> id, warnings[], job
 *     SIDE    {"rev": "..."} or {"image": {"kernel","modules"}}, and
 *             "patches": [{"name","content"}], "kconfig": [{"name","content"}]
 *     options workload, metric, host, kconfig: [{"name","content"}],
 *             confidence, min_effect, priority (all optional)
 *     all three take "like": ID instead of cwd or repo: the repository of that job
 *   check     what: bisect, ab or measure, and its members -> warnings[], estimate
 *             {"commits_in_range", "can_matter", "steps_left", "seconds_left", ...}, and of
 *             all but bisect sides[{"name","commit","subject"}], builds, boots, boots_most;
 *             nothing is queued
 *   choices                                           -> repos[], default_repo, hosts[],
 *                                                        workloads[{"name","metrics"}]
 *   list      limit (50), state (optional)            -> jobs[] (newest first)
 *   show      id                                      -> job
 *   log       id, after (sequence, 0)                 -> lines[{"seq","time","text"}]
 *   follow    id                                      -> job
 *   cancel    id                                      -> job
 *   retry     id                                      -> id (new), warnings[], job
 *   hosts                                             -> hosts[{"name","driver","state",
 *                                                        "reason","fingerprint","boot_s",
 *                                                        "running"}]
 *   host-check name, run (0)  -> steps[{"name","ok","detail"}], run: while it is
 *             not 0 the known-good kernel is being booted: ask again with it
 *   web                                               the rest of the connection may ask for
 *             what pages may: ping, bisect, ab, measure, check, choices, cancel, retry, and
 *             names configured repositories only; so may the user of [web] user=
 *   host-online name, host-offline name, reason       -> hosts[]
 *   watches                                           -> watches[WATCH]
 *   watch-show name                                   -> watch: WATCH with series[{"workload",
 *             "metric","unit","points":[{"seq","commit","subject","time","level","sd","boots",
 *             "job_id","host_fp"}]}]
 *   watch-add name, repo (path, URL or configured NAME) or cwd, branch, every_s, workloads[],
 *             metric, host, pick ("tip", "all", "daily", or each "N"th), min_effect,
 *             min_segment, confidence, boots          -> watch
 *   watch-remove name, watch-look name (now)          -> -, watch
 *   watch-backfill name, from, budget (boots, 20)     -> watch
 *   alerts    limit (50)                -> alerts[ALERT], targets[{"name","kind","min_effect"}]
 *   alert-ack id, alert-snooze id, seconds            -> alert
 *   alert-test name, run (0)  -> run: while it is not 0 the message is being sent: ask again with
 *             it; then result {"delivered","detail","dialogue":[lines]}
 *
 * WATCH: id, name, repo, branch, every_s, tip, looked, due, trouble ("" = none), budget,
 * spec, commits, measuring, measured, failed (counts), changes: [{"id", "workload",
 * "metric", "from", "to", "before", "after", "ratio", "created", "job_id" (the bisect), "detail"}].
 *
 * ALERT: id, kind (culprit, range), state (open, acknowledged, fixed), job_id,
 * commit, subject, workload, metric, unit, lower_is_better, base, test, ratio,
 * confidence, created, acknowledged, snoozed_until, fixed (Unix seconds or
 * null), fixed_commit, findings: [{"workload", "metric", "unit",
 * "lower_is_better", "base", "test", "ratio", "confidence", "job_id",
 * "host_class", "created", "fixed", "fixed_commit"}] (all that say the same
 * culprit, the first being the alert's own), deliveries: [{"target", "event": "found"|"fixed",
 * "state": "waiting"|"sending"|"delivered"|"dropped", "attempts", "due",
 * "finished", "detail"}].
 *
 * JOB is the object of --json (architecture: id, kind, state, verdict,
 * effect, counts, measurements), and besides: title, repo, good, bad,
 * workload, metric, unit, host, confidence_asked, min_effect, created,
 * started, finished (Unix seconds), reason, note (warnings while it ran),
 * commits_in_range, can_matter, dir, kernel: {"toolchain", "config_sha256"}; for a range
 * verdict.range_size (so many commits are it; verdict.commits lists 1,000 at most); for a bisect
 * verdict verdict.drift (relative change of the host over the job's boots, 0: none is seen),
 * culprit:
 * {"commit","subject","author","email","date","message","diffstat"},
 * confirmation: [{"commit","image","boots","level"}], path: {"phase",
 * "objects","executed","shared","idle","text"}, the range's commits by what they
 * touch of what the workload executes (verdict.commits[] have "path": {"kind",
 * "functions"[],"objects","text"}), steps: [{"id","subject",
 * "node","probability","effect","regression"}], the largest first (with "all"
 * each of the range), other_steps (probability of another one; of a range, if its
 * likeliest commit is the culprit), warnings: [what
 * the noise of earlier boots lets expect; that boots are left aside, since the host changed]; for
 * an A/B sides:
 * {"base":{"level","sd","boots","label"},"test":{...}}, where there are more
 * variants of the one that differs most (effect.variant), and names[] and
 * comparisons: [{"node","name","commit","subject","kind" (as the verdict's, or
 * "pending", "failed"),"reason","base","test","base_sd","test_sd","base_boots",
 * "test_boots","ratio","ci_low","ci_high","confidence" (of the interval),
 * "same_image_as" (a name),"metrics":[rows as those of two variants]}], those of
 * "failed" without numbers; and while it runs
 * progress: {"phase", "running": [{"kind":"build"|"boot", "commit",
 * "subject", "where", "seconds", "expected_s", "detail"}], "steps_done",
 * "steps_left", "seconds_left", "leading": {"commit","subject",
 * "probability"}, "last": [recent log texts]}.
 */
#ifndef XB_CONTROL_H
#define XB_CONTROL_H

#include <gio/gio.h>
#include <jansson.h>
#include <stdbool.h>

#define XB_CONTROL_LINE_MAX (64 * 1024 * 1024)

/* --socket when given, else $XBISECT_SOCKET, else
 * $XDG_RUNTIME_DIR/xbisect/control, else $XDG_STATE_HOME/xbisect/control
 * (default ~/.local/state). Caller frees. */
char *xb_control_socket_path(const char *option);

/* $XDG_STATE_HOME/xbisect: the default state_dir. Caller frees. */
char *xb_default_state_dir(void);

/* Where the daemon listens when nothing is configured. Caller frees. */
char *xb_default_socket(const char *state_dir);

/* @config when given, else $XBISECT_CONFIG, else
 * $XDG_CONFIG_HOME/xbisect/xbisectd.conf where it exists, else
 * XB_SYSCONFDIR/xbisectd.conf. Caller frees. */
char *xb_default_config_path(const char *option);

/* Connect; NULL with @error. */
GSocketConnection *xb_control_connect(const char *path, GError **error);

/* Write one object as a line; does not steal. Blocks. */
bool xb_control_write(GOutputStream *out, const json_t *object, GError **error);

/* Read one line as an object, a new reference; NULL without @error at end of
 * file. Blocks. */
json_t *xb_control_read(GDataInputStream *in, GError **error);

#endif
