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

/* read_run() in db-run.c */
#define RUN_COLUMNS                                                                     \
	"r.id, r.kind, r.job_id, r.node, r.variant_id, r.place, r.workload, r.boot, "   \
	"r.perturb, r.purpose, r.why, r.state, r.outcome, r.detail, r.dir, "            \
	"r.events_offset, r.pid, r.phase, r.started_ms, r.finished_ms, r.deadline_ms, " \
	"r.host_fp, r.workload_fp, r.log_state"

/* The variants whose measurements a job can use: those of its nodes, those in
 * :extra (a JSON array of ids), and all that have one image with any of them
 * (found from the images that exist: most nodes of a large range have none). */
#define WITH_VARIANTS_FOR_JOB                                                     \
	"WITH own (id) AS MATERIALIZED ("                                         \
	"  SELECT variant_id FROM job_commit WHERE job_id = :job"                 \
	"  UNION SELECT value FROM json_each(:extra)), "                          \
	"usable (id) AS MATERIALIZED ("                                           \
	"  SELECT id FROM own"                                                    \
	"  UNION SELECT same.id FROM variant AS mine INDEXED BY variant_by_image" \
	"    JOIN variant AS same ON same.image_sha256 = mine.image_sha256"       \
	"    WHERE mine.image_sha256 IS NOT NULL AND mine.id IN own) "

const char *const xb_sql[XB_SQL_COUNT] = {
	[XB_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[XB_SQL_COMMIT] = "COMMIT",
	[XB_SQL_ROLLBACK] = "ROLLBACK",
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
	[XB_SQL_JOBS_ALL] = "SELECT " JOB_COLUMNS " FROM job ORDER BY id DESC LIMIT :limit",
	[XB_SQL_JOBS_IN_STATE] = "SELECT " JOB_COLUMNS " FROM job WHERE state = :state "
				 "ORDER BY id DESC LIMIT :limit",
	[XB_SQL_JOBS_BEFORE] = "SELECT " JOB_COLUMNS " FROM job WHERE id < :before "
			       "ORDER BY id DESC LIMIT :limit",
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
	[XB_SQL_JOB_COMMITS] = "SELECT node, label, parents, tree, subject, variant_id, files "
			       "FROM job_commit WHERE job_id = :job ORDER BY node",
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

	/* ---- variants ---- */
	[XB_SQL_VARIANT_ADD] = "INSERT INTO variant (key, source, clean, state) "
			       "VALUES (:key, :source, :clean, 'unbuilt') "
			       "ON CONFLICT (key) DO NOTHING",
	[XB_SQL_VARIANT_FIND] = "SELECT id FROM variant WHERE key = :key",
	[XB_SQL_VARIANT_GET] = "SELECT " VARIANT_COLUMNS " FROM variant AS v WHERE v.id = :id",
	[XB_SQL_VARIANT_UPDATE] =
		"UPDATE variant SET state = :state, detail = :detail, image_sha256 = :image, "
		"config_sha256 = :config, toolchain = :toolchain, dir = :dir, "
		"artifact = :artifact, size_bytes = :size, used_ms = :used WHERE id = :id",
	[XB_SQL_VARIANT_TOUCH] = "UPDATE variant SET used_ms = max(used_ms, :now) WHERE id = :id",
	[XB_SQL_VARIANTS_OF_JOB] =
		"SELECT " VARIANT_COLUMNS " FROM job_commit AS c "
		"JOIN variant AS v ON v.id = c.variant_id WHERE c.job_id = :job ORDER BY c.node",
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
	[XB_SQL_RUNS_ACTIVE] = "SELECT " RUN_COLUMNS " FROM run AS r WHERE r.state <> 'done' "
			       "ORDER BY r.id",
	[XB_SQL_RUNS_OF_JOB] = "SELECT " RUN_COLUMNS " FROM run AS r WHERE r.job_id = :job "
			       "ORDER BY r.id",
	[XB_SQL_RUNS_FOR_JOB] = WITH_VARIANTS_FOR_JOB
	"SELECT " RUN_COLUMNS " FROM run AS r WHERE r.variant_id IN usable ORDER BY r.id",
	[XB_SQL_RUNS_OF_VARIANT] = "SELECT " RUN_COLUMNS " FROM run AS r "
				   "WHERE r.variant_id = :variant ORDER BY r.id",
	[XB_SQL_RUN_LAST] = "SELECT " RUN_COLUMNS " FROM run AS r WHERE r.kind = :kind "
			    "AND r.place = :place AND r.state = 'done' ORDER BY r.id DESC LIMIT 1",
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
			     "GROUP BY 1, 2 ORDER BY 1, 2",

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
	[XB_SQL_SAMPLES_FOR_JOB] = WITH_VARIANTS_FOR_JOB
	"SELECT s.run_id, s.value FROM run AS r JOIN sample AS s ON s.run_id = r.id "
	"WHERE r.variant_id IN usable AND r.kind = 'boot' AND r.state = 'done' "
	"AND r.outcome = 'ok' AND s.metric = :metric ORDER BY s.run_id, s.iteration",
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
	[XB_SQL_HOST_GET] = "SELECT name, state, reason, troubles FROM host WHERE name = :name",
	[XB_SQL_HOST_SET] = "INSERT INTO host (name, state, reason, troubles) "
			    "VALUES (:name, :state, coalesce(:reason, ''), :troubles) "
			    "ON CONFLICT (name) DO UPDATE SET state = excluded.state, "
			    "reason = excluded.reason, troubles = excluded.troubles",
	[XB_SQL_HOSTS] = "SELECT name, state, reason, troubles FROM host ORDER BY name",

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
};
