/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sql.c - every statement of the database in one table. What a column means
 * stands in schema.h. Parameters are named; the order of the columns of a
 * SELECT is that of the reader function named beside it.
 */
#include "sql.h"

/* read_job() in db-job.c */
#define JOB_COLUMNS                                                                            \
	"id, kind, state, priority, uid, created_ms, started_ms, finished_ms, spec, verdict, " \
	"detail"

/* read_variant() in db-variant.c */
#define VARIANT_COLUMNS                                                       \
	"v.id, v.key, v.source, v.clean, v.state, v.detail, v.image_sha256, " \
	"v.config_sha256, v.toolchain, v.dir, v.artifact, v.size_bytes, v.used_ms"
#define VARIANT_IS_ALIKE                                                                  \
	"EXISTS (SELECT 1 FROM variant AS same WHERE same.image_sha256 = v.image_sha256 " \
	"AND same.id <> v.id)"

/* read_job_commit() */
#define JOB_COMMIT_COLUMNS "node, label, parents, subject, variant_id, tree, files"

/* read_run() in db-run.c */
#define RUN_COLUMNS                                                                     \
	"r.id, r.kind, r.job_id, r.node, r.variant_id, r.place, r.workload, r.boot, "   \
	"r.perturb, r.purpose, r.why, r.state, r.outcome, r.detail, r.dir, "            \
	"r.events_offset, r.pid, r.phase, r.started_ms, r.finished_ms, r.deadline_ms, " \
	"r.host_fp, r.workload_fp, r.log_state"

/* read_alert() and read_delivery() in db-alert.c */
#define ALERT_COLUMNS                                                                       \
	"a.id, a.key, a.kind, a.job_id, a.commit_id, a.subject, a.workload, a.metric, "     \
	"a.unit, a.lower_is_better, a.host_fp, a.workload_fp, a.base, a.test, a.ratio, "    \
	"a.confidence, a.created_ms, a.acknowledged_ms, a.acknowledged_uid, a.snoozed_ms, " \
	"a.fixed_ms, a.fixed_commit"
#define DELIVERY_COLUMNS                                                      \
	"d.id, d.alert_id, d.target, d.event, d.state, d.batch, d.attempts, " \
	"d.created_ms, d.due_ms, d.finished_ms, d.detail, d.rest"

/* The condition of the index delivery_open, word for word: without it SQLite does not take it. */
#define DELIVERY_IS_OPEN "d.state IN ('waiting','sending')"

/* Somebody has taken the alert on: who has not got the message yet gets it no more. */
#define DELIVERY_DROPPED                                                          \
	"state = CASE WHEN rest IS NULL THEN 'dropped' ELSE 'delivered' END, "    \
	"detail = CASE WHEN rest IS NULL THEN 'acknowledged before it was sent' " \
	"  ELSE 'acknowledged before all had got it' END, finished_ms = :now"

/* read_watch() in db-watch.c */
#define WATCH_COLUMNS                                                                        \
	"id, name, repo, branch, uid, spec, every_ms, created_ms, tip, fetched_ms, due_ms, " \
	"trouble, troubles, picked_ms, budget"

/* read_host() and read_task() in db-host.c */
#define HOST_COLUMNS                                                                   \
	"name, state, reason, troubles, recovers, condition, recoveries, drained_ms, " \
	"drained, labels, health_ms, health, outside, health_from"
#define HOST_TASK_COLUMNS "id, host, kind, why, state, outcome, detail, started_ms, finished_ms"

const char *const xb_sql[XB_SQL_COUNT] = {
	[XB_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[XB_SQL_COMMIT] = "COMMIT",
	[XB_SQL_ROLLBACK] = "ROLLBACK",
	/* of one name: SQLite takes the innermost */
	[XB_SQL_SAVEPOINT] = "SAVEPOINT nested",
	[XB_SQL_RELEASE] = "RELEASE nested",
	[XB_SQL_ROLLBACK_TO] = "ROLLBACK TO nested",
	[XB_SQL_DATA_VERSION] = "PRAGMA data_version",
	[XB_SQL_USER_VERSION] = "PRAGMA user_version",
	[XB_SQL_BEGIN_READ] = "BEGIN",

	/* ---- jobs ---- */
	[XB_SQL_JOB_ADD] =
		"INSERT INTO job (kind, state, priority, uid, created_ms, spec, verdict, detail) "
		"VALUES (:kind, :state, :priority, :uid, :created, :spec, :verdict, :detail)",
	[XB_SQL_JOB_GET] = "SELECT " JOB_COLUMNS " FROM job WHERE id = :id",
	[XB_SQL_JOBS_OPEN] = "SELECT " JOB_COLUMNS " FROM job WHERE state IN ('queued','running') "
			     "ORDER BY priority DESC, id",
	[XB_SQL_JOBS_ALL] = "SELECT " JOB_COLUMNS " FROM job WHERE id < :before "
			    "ORDER BY id DESC LIMIT :limit",
	[XB_SQL_JOBS_IN_STATE] =
		"SELECT " JOB_COLUMNS " FROM job WHERE state = :state AND id < :before "
		"ORDER BY id DESC LIMIT :limit",
	/* with a verdict that people look for: not the measurements of watched branches */
	[XB_SQL_JOBS_FOUND] = "SELECT " JOB_COLUMNS " FROM job WHERE state = 'done' "
			      "AND kind <> 'measure' ORDER BY id DESC LIMIT :limit",
	/* read_tally() */
	[XB_SQL_JOB_TALLY] = "SELECT kind, state, count(*), "
			     "coalesce(sum(finished_ms - started_ms), 0) / 1000.0 FROM job "
			     "GROUP BY 1, 2 ORDER BY 1, 2",
	[XB_SQL_JOB_SET_STATE] =
		"UPDATE job SET state = :state, detail = coalesce(:detail, detail), "
		"started_ms = CASE WHEN :state = 'running' THEN coalesce(started_ms, :now) "
		"  ELSE started_ms END, "
		"finished_ms = CASE WHEN :state IN ('done','failed','cancelled') THEN :now END "
		"WHERE id = :id",
	[XB_SQL_JOB_SET_VERDICT] = "UPDATE job SET verdict = :verdict WHERE id = :id",
	[XB_SQL_JOB_SET_SPEC] = "UPDATE job SET spec = :spec WHERE id = :id",
	[XB_SQL_JOB_COMMIT_ADD] =
		"INSERT INTO job_commit (job_id, node, label, parents, tree, subject, variant_id, "
		"files) "
		"VALUES (:job, :node, :label, :parents, coalesce(:tree, ''), "
		"  coalesce(:subject, ''), :variant, :files)",
	/* read_job_commit() */
	[XB_SQL_JOB_COMMITS] = "SELECT " JOB_COMMIT_COLUMNS " FROM job_commit "
			       "WHERE job_id = :job ORDER BY node",
	[XB_SQL_JOB_COMMIT_GET] = "SELECT " JOB_COMMIT_COLUMNS " FROM job_commit "
				  "WHERE job_id = :job AND node = :node",
	/* its nodes are numbered without gaps */
	[XB_SQL_JOB_SIZE] = "SELECT 1 + coalesce(max(node), -1) FROM job_commit "
			    "WHERE job_id = :job",
	[XB_SQL_JOB_IMAGE_ADD] =
		"INSERT INTO job_image (job_id, node, image, variant_id, detail) "
		"VALUES (:job, :node, :image, :variant, coalesce(:detail, '')) "
		"ON CONFLICT (job_id, node, image) "
		"DO UPDATE SET variant_id = excluded.variant_id, detail = excluded.detail",
	/* read_job_image() */
	[XB_SQL_JOB_IMAGES] = "SELECT node, image, variant_id, detail FROM job_image "
			      "WHERE job_id = :job ORDER BY node, image",
	[XB_SQL_CULPRIT_SET] = "INSERT INTO job_culprit (job_id, facts, patch) "
			       "VALUES (:job, :facts, :patch) "
			       "ON CONFLICT (job_id) DO UPDATE SET facts = excluded.facts, "
			       "patch = excluded.patch",
	/* read_culprit() */
	[XB_SQL_CULPRIT_GET] = "SELECT facts, patch FROM job_culprit WHERE job_id = :job",
	[XB_SQL_JOB_PATH_ADD] =
		"INSERT INTO job_path (job_id, node, kind, functions, objects, share) "
		"VALUES (:job, :node, :kind, coalesce(:functions, ''), :objects, "
		":share) "
		"ON CONFLICT (job_id, node) DO UPDATE SET kind = excluded.kind, "
		"functions = excluded.functions, objects = excluded.objects, "
		"share = excluded.share",
	/* read_job_path() */
	[XB_SQL_JOB_PATHS] = "SELECT node, kind, functions, objects, share FROM job_path "
			     "WHERE job_id = :job ORDER BY node",
	[XB_SQL_JOB_PATH_GET] = "SELECT node, kind, functions, objects, share FROM job_path "
				"WHERE job_id = :job AND node = :node",

	/* ---- variants ---- */
	[XB_SQL_VARIANT_ADD] = "INSERT INTO variant (key, source, clean, state) "
			       "VALUES (:key, :source, :clean, 'unbuilt') "
			       "ON CONFLICT (key) DO NOTHING",
	[XB_SQL_VARIANT_FIND] = "SELECT id FROM variant WHERE key = :key",
	[XB_SQL_VARIANT_SOURCE] = "UPDATE variant SET source = :source WHERE key = :key",
	[XB_SQL_VARIANT_GET] = "SELECT " VARIANT_COLUMNS " FROM variant AS v WHERE v.id = :id",
	[XB_SQL_VARIANT_UPDATE] =
		"UPDATE variant SET state = :state, detail = :detail, image_sha256 = :image, "
		"config_sha256 = :config, toolchain = :toolchain, dir = :dir, "
		"artifact = :artifact, size_bytes = :size, used_ms = :used WHERE id = :id",
	[XB_SQL_VARIANT_TOUCH] = "UPDATE variant SET used_ms = max(used_ms, :now) WHERE id = :id",
	/* read_variant_of_job() */
	[XB_SQL_VARIANTS_OF_JOB] =
		"SELECT " VARIANT_COLUMNS ", " VARIANT_IS_ALIKE ", c.node FROM job_commit AS c "
		"JOIN variant AS v ON v.id = c.variant_id WHERE c.job_id = :job ORDER BY c.node",
	/* read_known_variant() */
	[XB_SQL_VARIANTS_KNOWN] =
		"SELECT c.node, v.id, v.state, v.image_sha256, " VARIANT_IS_ALIKE ", "
		"EXISTS (SELECT 1 FROM run AS r WHERE r.variant_id = v.id), "
		"v.key, v.config_sha256, v.toolchain, v.artifact "
		"FROM job_commit AS c CROSS JOIN variant AS v ON v.id = c.variant_id "
		"WHERE c.job_id = :job AND (v.state <> 'unbuilt' OR v.id IN ("
		"  SELECT variant_id FROM run WHERE state <> 'done' "
		"  UNION SELECT variant_id FROM run WHERE job_id = :job)) ORDER BY c.node",
	[XB_SQL_VARIANTS_ON_DISK] = "SELECT " VARIANT_COLUMNS " FROM variant AS v "
				    "WHERE v.dir IS NOT NULL ORDER BY v.used_ms, v.id",

	/* ---- runs ---- */
	/* The id is chosen here, so that the directory's name can hold it. */
	[XB_SQL_RUN_ADD] =
		"INSERT INTO run (id, kind, job_id, node, variant_id, place, workload, boot, "
		"  perturb, purpose, why, state, dir, pid, phase, started_ms, deadline_ms, "
		"  host_fp, workload_fp) "
		"SELECT next.id, :kind, :job, :node, :variant, :place, coalesce(:workload, ''), "
		"  :boot, :perturb, coalesce(:purpose, ''), coalesce(:why, ''), 'starting', "
		"  replace(:dir, '%lld', next.id), :pid, coalesce(:phase, ''), :started, "
		"  :deadline, :host_fp, :workload_fp "
		"FROM (SELECT 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'run'), "
		"  0) AS id) AS next",
	[XB_SQL_RUN_GET] = "SELECT " RUN_COLUMNS " FROM run AS r WHERE r.id = :id",
	/* Left alone the planner reads the whole table, which is in the order wanted. */
	[XB_SQL_RUNS_ACTIVE] = "SELECT " RUN_COLUMNS " FROM run AS r INDEXED BY run_active "
			       "WHERE r.state <> 'done' ORDER BY +r.id",
	[XB_SQL_RUNS_OF_JOB] = "SELECT " RUN_COLUMNS " FROM run AS r WHERE r.job_id = :job "
			       "ORDER BY r.id",
	/* :more is a JSON array of ids. CROSS JOIN goes from the job's own variants to their runs,
	 * whatever else there is; of 20,000 few have one: what UNION keeps apart is runs. */
	[XB_SQL_RUNS_FOR_JOB] =
		"WITH found (id) AS MATERIALIZED ("
		"  SELECT r.id FROM job_commit AS c CROSS JOIN run AS r "
		"    ON r.variant_id = c.variant_id WHERE c.job_id = :job "
		"  UNION SELECT r.id FROM json_each(:more) AS m CROSS JOIN run AS r "
		"    ON r.variant_id = m.value "
		"  UNION SELECT r.id FROM json_each(:more) AS m CROSS JOIN variant AS v "
		"    ON v.id = m.value CROSS JOIN variant AS same "
		"    ON same.image_sha256 = v.image_sha256 CROSS JOIN run AS r "
		"    ON r.variant_id = same.id) "
		"SELECT " RUN_COLUMNS " FROM found CROSS JOIN run AS r ON r.id = found.id "
		"ORDER BY r.id",
	[XB_SQL_RUNS_OF_VARIANT] = "SELECT " RUN_COLUMNS " FROM run AS r "
				   "WHERE r.variant_id = :variant ORDER BY r.id",
	[XB_SQL_RUNS_DONE] = "SELECT count(*) FROM run WHERE job_id = :job AND state = 'done'",
	[XB_SQL_RUN_LAST] = "SELECT " RUN_COLUMNS " FROM run AS r WHERE r.kind = :kind "
			    "AND r.place = :place AND r.state = 'done' ORDER BY r.id DESC LIMIT 1",
	[XB_SQL_RUNS_RECENT] = "SELECT " RUN_COLUMNS " FROM run AS r WHERE r.kind = :kind "
			       "AND r.place = :place AND r.state = 'done' ORDER BY r.id DESC "
			       "LIMIT :limit",
	[XB_SQL_RUNS_ON_DISK] = "SELECT " RUN_COLUMNS " FROM run AS r WHERE r.state = 'done' "
				"AND r.log_state = 'kept' ORDER BY r.id LIMIT :limit",
	[XB_SQL_RUN_SET_RUNNING] = "UPDATE run SET state = 'running', pid = :pid "
				   "WHERE id = :id AND state <> 'done'",
	[XB_SQL_RUN_SET_PHASE] = "UPDATE run SET phase = coalesce(:phase, '') WHERE id = :id",
	[XB_SQL_RUN_SET_OFFSET] = "UPDATE run SET events_offset = :offset WHERE id = :id",
	[XB_SQL_RUN_SET_FINGERPRINT] =
		"UPDATE run SET host_fp = coalesce(:host_fp, host_fp), "
		"workload_fp = coalesce(:workload_fp, workload_fp) WHERE id = :id",
	[XB_SQL_RUN_FINISH] =
		"UPDATE run SET state = 'done', outcome = :outcome, detail = :detail, "
		"pid = NULL, finished_ms = :now WHERE id = :id AND state <> 'done'",
	[XB_SQL_RUN_SET_EVICTED] = "UPDATE run SET log_state = 'evicted' WHERE id = :id",
	[XB_SQL_RUN_SECONDS] =
		"SELECT avg(seconds) FROM (SELECT (finished_ms - started_ms) / 1000.0 AS seconds "
		"FROM run WHERE kind = :kind AND outcome = 'ok' ORDER BY id DESC LIMIT :limit)",
	[XB_SQL_RUN_SECONDS_AT] =
		"SELECT avg(seconds) FROM (SELECT (finished_ms - started_ms) / 1000.0 AS seconds "
		"FROM run WHERE kind = :kind AND place = :place AND outcome = 'ok' "
		"ORDER BY id DESC LIMIT :limit)",
	/* read_tally() */
	[XB_SQL_RUN_TALLY] = "SELECT kind, coalesce(outcome, state), count(*), "
			     "coalesce(sum(finished_ms - started_ms), 0) / 1000.0 FROM run "
			     "GROUP BY kind, coalesce(outcome, state)",

	/* ---- samples and events ---- */
	[XB_SQL_SAMPLE_ADD] = "INSERT INTO sample (run_id, metric, iteration, value, unit) "
			      "VALUES (:run, :metric, :iteration, :value, coalesce(:unit, '')) "
			      "ON CONFLICT (run_id, metric, iteration) "
			      "DO UPDATE SET value = excluded.value, unit = excluded.unit",
	/* read_sample() */
	[XB_SQL_SAMPLES] = "SELECT metric, unit, iteration, value FROM sample "
			   "WHERE run_id = :run ORDER BY metric, iteration",
	[XB_SQL_SAMPLES_OF_METRIC] = "SELECT metric, unit, iteration, value FROM sample "
				     "WHERE run_id = :run AND metric = :metric ORDER BY iteration",
	[XB_SQL_SAMPLES_OF_RUNS] =
		"SELECT s.run_id, s.value FROM json_each(:runs) AS r CROSS JOIN sample AS s "
		"ON s.run_id = r.value WHERE s.metric = :metric ORDER BY s.run_id, s.iteration",
	[XB_SQL_NOISE_ROWS] =
		"SELECT coalesce(v.image_sha256, 'v' || v.id), r.id, s.value FROM "
		"(SELECT id, variant_id FROM run WHERE kind = 'boot' AND state = 'done' "
		"AND outcome = 'ok' AND host_fp = :host AND workload_fp = :workload "
		"AND coalesce(job_id, 0) <> :job "
		"AND id > (SELECT coalesce(max(id), 0) FROM run) - 5000 "
		"ORDER BY id DESC LIMIT :boots) AS r "
		"JOIN variant AS v ON v.id = r.variant_id "
		"JOIN sample AS s ON s.run_id = r.id WHERE s.metric = :metric "
		"ORDER BY 1, r.id, s.iteration",
	[XB_SQL_COUNTER_ADD] =
		"INSERT INTO counter (run_id, phase, name, symbol, offset, iteration, value, unit) "
		"VALUES (:run, :phase, :name, :symbol, :offset, :iteration, :value, :unit) "
		"ON CONFLICT (run_id, phase, name, symbol, offset, iteration) "
		"DO UPDATE SET value = excluded.value, unit = excluded.unit",
	/* read_counter() */
	[XB_SQL_COUNTERS] = "SELECT phase, name, symbol, offset, iteration, value, unit "
			    "FROM counter WHERE run_id = :run "
			    "ORDER BY phase, name, symbol, offset, iteration",
	[XB_SQL_EVENT_ADD] = "INSERT INTO event (run_id, seq, name, body) "
			     "VALUES (:run, :seq, :name, :body) "
			     "ON CONFLICT (run_id, seq) DO NOTHING",
	[XB_SQL_EVENTS_ALL] = "SELECT body FROM event WHERE run_id = :run ORDER BY seq "
			      "LIMIT :limit",
	[XB_SQL_EVENTS] =
		"SELECT body FROM event WHERE run_id = :run AND name = :name ORDER BY seq",

	/* ---- hosts ---- */
	[XB_SQL_HOST_ADD] = "INSERT INTO host (name, state) VALUES (:name, 'online') "
			    "ON CONFLICT (name) DO NOTHING",
	[XB_SQL_HOST_GET] = "SELECT " HOST_COLUMNS " FROM host WHERE name = :name",
	[XB_SQL_HOST_SET] =
		"INSERT INTO host (" HOST_COLUMNS ") "
		"VALUES (:name, :state, coalesce(:reason, ''), :troubles, :recovers, :condition, "
		"  :recoveries, :drained_ms, coalesce(:drained, ''), coalesce(:labels, ''), "
		"  :health_ms, coalesce(:health, ''), :outside, :health_from) "
		"ON CONFLICT (name) DO UPDATE SET state = excluded.state, "
		"reason = excluded.reason, troubles = excluded.troubles, "
		"recovers = excluded.recovers, condition = excluded.condition, "
		"recoveries = excluded.recoveries, drained_ms = excluded.drained_ms, "
		"drained = excluded.drained, labels = excluded.labels, "
		"health_ms = excluded.health_ms, health = excluded.health, "
		"outside = excluded.outside, health_from = excluded.health_from",
	[XB_SQL_HOSTS] = "SELECT " HOST_COLUMNS " FROM host WHERE configured ORDER BY name",
	[XB_SQL_HOSTS_CONFIGURED] =
		"UPDATE host SET configured = name IN (SELECT value FROM json_each(:names))",
	[XB_SQL_HOST_TASK_ADD] = "INSERT INTO host_task (host, kind, why, state, started_ms) "
				 "VALUES (:host, :kind, coalesce(:why, ''), 'running', :now)",
	[XB_SQL_HOST_TASK_FINISH] = "UPDATE host_task SET state = 'done', outcome = :outcome, "
				    "detail = coalesce(:detail, ''), finished_ms = :now "
				    "WHERE id = :id AND state = 'running'",
	[XB_SQL_HOST_TASK_GET] = "SELECT " HOST_TASK_COLUMNS " FROM host_task WHERE id = :id",
	[XB_SQL_HOST_TASKS_RUNNING] = "SELECT " HOST_TASK_COLUMNS " FROM host_task "
				      "WHERE state = 'running' ORDER BY id",
	[XB_SQL_HOST_TASKS] = "SELECT " HOST_TASK_COLUMNS " FROM host_task WHERE host = :host "
			      "ORDER BY id DESC LIMIT :limit",
	[XB_SQL_HOST_NOTE_ADD] = "INSERT INTO host_note (host, time_ms, uid, text) "
				 "VALUES (:host, :now, :uid, :text)",
	/* read_note() */
	[XB_SQL_HOST_NOTES] = "SELECT time_ms, uid, text FROM host_note WHERE host = :host "
			      "ORDER BY id DESC LIMIT :limit",
	/* read_health() */
	[XB_SQL_HEALTH_LEVELS] =
		"SELECT r.id, avg(s.value) FROM run AS r JOIN sample AS s ON s.run_id = r.id "
		"WHERE r.kind = 'boot' AND r.place = :place AND r.state = 'done' "
		"AND r.outcome = 'ok' AND r.purpose = 'health' AND r.variant_id = :variant "
		"AND r.workload = :workload AND r.host_fp = :host_fp "
		"AND r.workload_fp = :workload_fp AND r.id > :from AND r.id < :before "
		"AND s.metric = :metric GROUP BY r.id ORDER BY r.id DESC LIMIT :limit",

	/* ---- journal ---- */
	[XB_SQL_JOURNAL_ADD] = "INSERT INTO journal (job_id, time_ms, text) "
			       "VALUES (:job, :now, :text)",
	/* read_journal_line() */
	[XB_SQL_JOURNAL_FIRST] = "SELECT seq, time_ms, text FROM journal "
				 "WHERE job_id IS :job AND seq > :after ORDER BY seq LIMIT :limit",
	[XB_SQL_JOURNAL_LAST] =
		"SELECT seq, time_ms, text FROM (SELECT seq, time_ms, text FROM journal "
		"WHERE job_id IS :job AND seq > :after ORDER BY seq DESC LIMIT :limit) "
		"ORDER BY seq",

	/* ---- alerts and deliveries ---- */
	[XB_SQL_ALERT_FIND] = "SELECT id FROM alert WHERE key = :key",
	[XB_SQL_ALERT_ADD] =
		"INSERT INTO alert (key, kind, job_id, commit_id, subject, workload, metric, unit, "
		"  lower_is_better, host_fp, workload_fp, base, test, ratio, confidence, "
		"  created_ms) "
		"VALUES (:key, :kind, :job, :commit, coalesce(:subject, ''), :workload, :metric, "
		"  coalesce(:unit, ''), :lower, :host_fp, :workload_fp, :base, :test, :ratio, "
		"  :confidence, :created)",
	[XB_SQL_ALERT_ADD_JOB] = "INSERT INTO alert_job (alert_id, job_id) VALUES (:alert, :job) "
				 "ON CONFLICT DO NOTHING",
	[XB_SQL_ALERT_GET] = "SELECT " ALERT_COLUMNS " FROM alert AS a WHERE a.id = :id",
	[XB_SQL_ALERTS] = "SELECT " ALERT_COLUMNS " FROM alert AS a ORDER BY a.id DESC "
			  "LIMIT :limit",
	[XB_SQL_ALERTS_OPEN] = "SELECT count(*) FROM alert WHERE acknowledged_ms IS NULL "
			       "AND fixed_ms IS NULL",
	[XB_SQL_ALERTS_OF_JOB] =
		"SELECT " ALERT_COLUMNS " FROM alert_job AS j JOIN alert AS a ON a.id = j.alert_id "
		"WHERE j.job_id = :job ORDER BY a.id",
	[XB_SQL_ALERTS_UNFIXED] =
		"SELECT " ALERT_COLUMNS " FROM alert AS a WHERE a.workload = :workload "
		"AND a.metric = :metric AND a.fixed_ms IS NULL ORDER BY a.id",
	[XB_SQL_ALERT_ACKNOWLEDGE] = "UPDATE alert SET acknowledged_ms = :now, "
				     "acknowledged_uid = :uid WHERE id = :id",
	[XB_SQL_ALERT_SNOOZE] = "UPDATE alert SET snoozed_ms = :until WHERE id = :id",
	[XB_SQL_ALERT_SET_FIXED] =
		"UPDATE alert SET fixed_ms = :now, fixed_commit = :commit WHERE id = :id",
	[XB_SQL_FINDING_FIND] =
		"SELECT id FROM alert_finding WHERE alert_id = :alert AND workload = :workload "
		"AND metric = :metric AND host_fp = :host_fp",
	[XB_SQL_FINDING_ADD] =
		"INSERT INTO alert_finding (alert_id, job_id, workload, metric, unit, "
		"  lower_is_better, host_fp, workload_fp, base, test, ratio, confidence, "
		"  created_ms) "
		"VALUES (:alert, :job, :workload, :metric, coalesce(:unit, ''), :lower, :host_fp, "
		"  :workload_fp, :base, :test, :ratio, :confidence, :created)",
	[XB_SQL_FINDINGS] =
		"SELECT id, job_id, workload, metric, unit, lower_is_better, host_fp, workload_fp, "
		"  base, test, ratio, confidence, created_ms, fixed_ms, fixed_commit "
		"FROM alert_finding WHERE alert_id = :alert ORDER BY id",
	[XB_SQL_FINDING_SET_FIXED] = "UPDATE alert_finding SET fixed_ms = :now, "
				     "fixed_commit = :commit WHERE id = :id",
	/* those that a watched branch goes on measuring */
	[XB_SQL_FINDINGS_FOLLOWED] =
		"SELECT count(*) FROM alert_finding AS f WHERE f.alert_id = :alert "
		"AND f.fixed_ms IS NULL "
		"AND EXISTS (SELECT 1 FROM watch_change AS c WHERE c.job_id = f.job_id)",
	[XB_SQL_DELIVERIES_DROP_FOUND] =
		"UPDATE delivery SET " DELIVERY_DROPPED
		" WHERE alert_id = :id AND event = 'found' AND state = 'waiting'",
	[XB_SQL_DELIVERY_ADD] =
		"INSERT INTO delivery (alert_id, target, event, state, created_ms, due_ms) "
		"VALUES (:alert, :target, :event, 'waiting', :now, :due) ON CONFLICT DO NOTHING",
	[XB_SQL_DELIVERIES_DUE] =
		"SELECT " DELIVERY_COLUMNS " FROM delivery AS d INDEXED BY delivery_open "
		"JOIN alert AS a ON a.id = d.alert_id WHERE " DELIVERY_IS_OPEN
		" AND d.state = 'waiting' AND d.due_ms <= :now "
		"AND coalesce(a.snoozed_ms, 0) <= :now ORDER BY d.id",
	[XB_SQL_DELIVERIES_NEXT] =
		"SELECT min(max(d.due_ms, coalesce(a.snoozed_ms, 0))) FROM delivery AS d "
		"INDEXED BY delivery_open "
		"JOIN alert AS a ON a.id = d.alert_id WHERE " DELIVERY_IS_OPEN
		" AND d.state = 'waiting'",
	[XB_SQL_DELIVERIES_SENDING] =
		"SELECT " DELIVERY_COLUMNS " FROM delivery AS d INDEXED BY delivery_open "
		"WHERE " DELIVERY_IS_OPEN " AND d.state = 'sending' "
		"ORDER BY d.id",
	[XB_SQL_DELIVERIES_OF_BATCH] =
		"SELECT " DELIVERY_COLUMNS " FROM delivery AS d WHERE d.batch = :batch "
		"ORDER BY d.id",
	[XB_SQL_DELIVERIES_OF_ALERT] =
		"SELECT " DELIVERY_COLUMNS " FROM delivery AS d WHERE d.alert_id = :alert "
		"ORDER BY d.id",
	[XB_SQL_DELIVERY_SEND] =
		"UPDATE delivery SET state = 'sending', batch = :batch, attempts = attempts + 1 "
		"WHERE id = :id AND state = 'waiting'",
	/* what was acknowledged while it was being sent is not tried again */
	[XB_SQL_DELIVERY_DROP_FOUND] =
		"UPDATE delivery SET " DELIVERY_DROPPED
		" WHERE id = :id AND event = 'found' AND state = 'waiting' AND EXISTS "
		"(SELECT 1 FROM alert AS a WHERE a.id = alert_id AND a.acknowledged_ms IS NOT "
		"NULL)",
	[XB_SQL_DELIVERY_SETTLE] = "UPDATE delivery SET state = :state, due_ms = :due, "
				   "batch = CASE WHEN :alone THEN id ELSE batch END, "
				   "detail = coalesce(:detail, ''), rest = coalesce(:rest, rest), "
				   "finished_ms = CASE "
				   "  WHEN :state IN ('delivered','dropped') THEN :now END "
				   "WHERE id = :id AND state = 'sending'",

	/* ---- watched branches ---- */
	[XB_SQL_WATCH_ADD] =
		"INSERT INTO watch (name, repo, branch, uid, spec, every_ms, created_ms, due_ms, "
		"  budget) "
		"VALUES (:name, :repo, :branch, :uid, :spec, :every, :created, :due, :budget)",
	[XB_SQL_WATCH_FIND] = "SELECT " WATCH_COLUMNS " FROM watch WHERE name = :name",
	[XB_SQL_WATCHES] = "SELECT " WATCH_COLUMNS " FROM watch ORDER BY name",
	[XB_SQL_WATCH_UPDATE] =
		"UPDATE watch SET tip = :tip, fetched_ms = :fetched, due_ms = :due, "
		"trouble = coalesce(:trouble, ''), troubles = :troubles, picked_ms = :picked, "
		"budget = :budget WHERE id = :id",
	[XB_SQL_WATCH_REMOVE] = "DELETE FROM watch WHERE id = :id",
	[XB_SQL_WATCH_COMMIT_ADD] =
		"INSERT INTO watch_commit (watch_id, seq, commit_id, time_ms, subject) "
		"VALUES (:watch, :seq, :commit, :time, coalesce(:subject, '')) "
		"ON CONFLICT (watch_id, commit_id) DO UPDATE SET seq = excluded.seq, gone = 0",
	[XB_SQL_WATCH_COMMITS] = "SELECT seq, commit_id, time_ms, subject, picked, gone "
				 "FROM watch_commit WHERE watch_id = :watch ORDER BY seq",
	[XB_SQL_WATCH_COMMIT_PICK] =
		"UPDATE watch_commit SET picked = :why WHERE watch_id = :watch AND seq = :seq",
	[XB_SQL_WATCH_COMMITS_GONE] =
		"UPDATE watch_commit SET gone = 1 WHERE watch_id = :watch AND seq > :seq",
	[XB_SQL_WATCH_POINT_ADD] =
		"INSERT INTO watch_point (watch_id, seq, workload, job_id, state) "
		"VALUES (:watch, :seq, :workload, :job, 'measuring') "
		"ON CONFLICT (watch_id, seq, workload) "
		"DO UPDATE SET job_id = excluded.job_id, state = excluded.state",
	[XB_SQL_WATCH_POINT_SETTLE] = "UPDATE watch_point SET state = :state "
				      "WHERE watch_id = :watch AND seq = :seq "
				      "AND workload = :workload",
	/* read_point() */
	[XB_SQL_WATCH_POINTS] = "SELECT watch_id, seq, workload, job_id, state FROM watch_point "
				"WHERE watch_id = :watch ORDER BY seq, workload",
	[XB_SQL_WATCH_POINTS_OPEN] =
		"SELECT watch_id, seq, workload, job_id, state FROM watch_point "
		"WHERE state = 'measuring' ORDER BY watch_id, seq, workload",
	[XB_SQL_WATCH_LEVEL_SET] =
		"INSERT INTO watch_level (watch_id, workload, metric, seq, unit, level, sd, boots, "
		"  host_fp, workload_fp) "
		"VALUES (:watch, :workload, :metric, :seq, coalesce(:unit, ''), :level, :sd, "
		"  :boots, :host_fp, :workload_fp) "
		"ON CONFLICT (watch_id, workload, metric, seq) DO UPDATE SET "
		"unit = excluded.unit, level = excluded.level, sd = excluded.sd, "
		"boots = excluded.boots, host_fp = excluded.host_fp, "
		"workload_fp = excluded.workload_fp",
	/* read_level() */
	[XB_SQL_WATCH_LEVELS] =
		"SELECT l.seq, c.commit_id, c.subject, c.time_ms, p.job_id, l.unit, l.level, l.sd, "
		"  l.boots, l.host_fp, l.workload_fp, "
		/* its last boot; of the variant's where the job found all measured */
		"  coalesce((SELECT r.id FROM run AS r WHERE r.job_id = p.job_id "
		"   AND r.kind = 'boot' AND r.outcome = 'ok' AND r.host_fp = l.host_fp "
		"   AND r.workload_fp = l.workload_fp ORDER BY r.id DESC LIMIT 1), "
		"  (SELECT max(r.id) FROM job_commit AS j JOIN run AS r ON r.variant_id = "
		"j.variant_id "
		"   AND r.kind = 'boot' WHERE j.job_id = p.job_id AND r.outcome = 'ok' "
		"   AND r.host_fp = l.host_fp AND r.workload_fp = l.workload_fp)) "
		"FROM watch_level AS l "
		"JOIN watch_commit AS c ON c.watch_id = l.watch_id AND c.seq = l.seq "
		"LEFT JOIN watch_point AS p ON p.watch_id = l.watch_id AND p.seq = l.seq "
		"  AND p.workload = l.workload "
		"WHERE l.watch_id = :watch AND l.workload = :workload AND l.metric = :metric "
		"AND c.gone = 0 ORDER BY l.seq",
	[XB_SQL_WATCH_SERIES] = "SELECT DISTINCT workload, metric FROM watch_level "
				"WHERE watch_id = :watch ORDER BY workload, metric",
	[XB_SQL_WATCH_CHANGE_FIND] =
		"SELECT id FROM watch_change WHERE watch_id = :watch AND workload = :workload "
		"AND metric = :metric AND from_seq = :from AND to_seq = :to",
	[XB_SQL_WATCH_CHANGE_ADD] =
		"INSERT INTO watch_change (watch_id, workload, metric, from_seq, to_seq, before, "
		"  after, created_ms) "
		"VALUES (:watch, :workload, :metric, :from, :to, :before, :after, :created)",
	[XB_SQL_WATCH_CHANGE_SET_JOB] = "UPDATE watch_change SET job_id = :job, "
					"detail = coalesce(:detail, '') WHERE id = :id",
	/* read_change() */
	[XB_SQL_WATCH_CHANGES] =
		"SELECT id, watch_id, workload, metric, from_seq, to_seq, before, after, "
		"created_ms, job_id, detail FROM watch_change WHERE watch_id = :watch "
		"ORDER BY to_seq, id",
};
