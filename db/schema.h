/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schema.h - the tables, as numbered migrations. PRAGMA user_version says how
 * many of them a database has seen. A migration that has been released is
 * never edited: append another.
 *
 * Times are Unix milliseconds. Hashes are lower-case hex.
 */
#ifndef XB_SCHEMA_H
#define XB_SCHEMA_H

static const char *const xb_migrations[] = {
	/* 1 */
	"CREATE TABLE job ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  kind TEXT NOT NULL CHECK (kind IN ('bisect','ab','measure')),"
	"  state TEXT NOT NULL CHECK (state IN ('queued','running','done','failed','cancelled')),"
	"  priority INTEGER NOT NULL DEFAULT 0," /* higher first, then id */
	"  uid INTEGER NOT NULL,"                /* who asked */
	"  created_ms INTEGER NOT NULL,"
	"  started_ms INTEGER,"
	"  finished_ms INTEGER,"
	"  spec TEXT NOT NULL," /* JSON: the request as accepted, everything resolved */
	"  verdict TEXT,"       /* JSON: what the planner said last; final when state = done */
	"  detail TEXT"         /* why failed or cancelled */
	") STRICT;"
	"CREATE INDEX job_by_state ON job (state, priority DESC, id);"

	/* The range of a bisect, or the sides of an A/B: fixed when it is queued. */
	"CREATE TABLE job_commit ("
	"  job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
	"  node INTEGER NOT NULL," /* 0 = GOOD or base, in topological order, last = BAD or test */
	"  label TEXT NOT NULL,"   /* 40 hex of the commit, or the image's path */
	"  parents TEXT NOT NULL," /* JSON array of nodes, each smaller */
	"  tree TEXT NOT NULL,"    /* tree id; '' for an image */
	"  subject TEXT NOT NULL," /* made safe to show */
	"  variant_id INTEGER NOT NULL REFERENCES variant (id),"
	"  files TEXT," /* paths that differ from the first parent, one a line; NULL =
			 * not known */
	"  PRIMARY KEY (job_id, node)"
	") STRICT, WITHOUT ROWID;"

	/* Images that a job had made besides those of its range: a commit rebuilt clean, the tip
	 * with the culprit reverted. variant_id NULL: it can't be made (detail says why). */
	"CREATE TABLE job_image ("
	"  job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
	"  node INTEGER NOT NULL,"
	"  image TEXT NOT NULL CHECK (image IN ('clean','revert')),"
	"  variant_id INTEGER REFERENCES variant (id),"
	"  detail TEXT NOT NULL DEFAULT '',"
	"  PRIMARY KEY (job_id, node, image)"
	") STRICT, WITHOUT ROWID;"

	/* What can be booted, by the hash of what goes into it. */
	"CREATE TABLE variant ("
	"  id INTEGER PRIMARY KEY,"
	"  key TEXT NOT NULL UNIQUE," /* sha256 over tree, patches, config, arch, recipe, toolchain,
				       * clean; or over the prebuilt files' contents */
	"  source TEXT NOT NULL," /* JSON: what the builder needs: repo, commit, patches, kconfig,
				   * clean; or kernel and modules of a prebuilt image */
	"  clean INTEGER NOT NULL DEFAULT 0,"
	"  state TEXT NOT NULL CHECK (state IN ('unbuilt','built','build-failed','boot-failed')),"
	"  detail TEXT,"       /* first error, or the console's telling lines */
	"  image_sha256 TEXT," /* of what boots; variants that share it share measurements */
	"  config_sha256 TEXT,"
	"  toolchain TEXT,"
	"  dir TEXT,"      /* artifact directory; NULL when evicted or never built */
	"  artifact TEXT," /* JSON: the artifact event */
	"  size_bytes INTEGER NOT NULL DEFAULT 0,"
	"  used_ms INTEGER NOT NULL DEFAULT 0" /* last use, for eviction */
	") STRICT;"
	"CREATE INDEX variant_by_image ON variant (image_sha256);"
	"CREATE INDEX variant_by_use ON variant (used_ms) WHERE dir IS NOT NULL;"

	/* One unit of work: one worker process, one directory. */
	"CREATE TABLE run ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  kind TEXT NOT NULL CHECK (kind IN ('build','boot')),"
	"  job_id INTEGER REFERENCES job (id) ON DELETE SET NULL," /* who asked first; NULL = health
								    */
	"  node INTEGER,"                                          /* of that job, for people */
	"  variant_id INTEGER NOT NULL REFERENCES variant (id),"
	"  place TEXT NOT NULL," /* host name, or the number of the builder's slot */
	"  workload TEXT NOT NULL DEFAULT '',"
	"  boot INTEGER NOT NULL DEFAULT 0," /* replicate of (variant, workload, place) */
	"  perturb INTEGER NOT NULL DEFAULT 0,"
	"  purpose TEXT NOT NULL DEFAULT ''," /* endpoint, search, confirm, prebuild, ab, health */
	"  why TEXT NOT NULL DEFAULT '',"
	"  state TEXT NOT NULL CHECK (state IN ('starting','running','done')),"
	"  outcome TEXT CHECK (outcome IN ('ok','build-failed','boot-failed','workload-failed',"
	"                                  'host-trouble')),"
	"  detail TEXT,"
	"  dir TEXT NOT NULL,"
	"  events_offset INTEGER NOT NULL DEFAULT 0," /* bytes of events.jsonl already stored */
	"  pid INTEGER,"
	"  phase TEXT NOT NULL DEFAULT '',"
	"  started_ms INTEGER NOT NULL,"
	"  finished_ms INTEGER,"
	"  deadline_ms INTEGER NOT NULL,"
	"  host_fp TEXT," /* fingerprint events: measurements of two are never mixed */
	"  workload_fp TEXT,"
	"  log_state TEXT NOT NULL DEFAULT 'kept'" /* 'kept', or 'evicted': rows stay, files went */
	") STRICT;"
	"CREATE INDEX run_active ON run (state) WHERE state <> 'done';"
	"CREATE INDEX run_by_variant ON run (variant_id, kind);"
	"CREATE INDEX run_by_job ON run (job_id);"
	"CREATE INDEX run_by_place ON run (kind, place, id);"
	"CREATE INDEX run_on_disk ON run (id) WHERE state = 'done' AND log_state = 'kept';"

	/* The numbers. Used in verdicts only when the run's outcome is ok. */
	"CREATE TABLE sample ("
	"  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
	"  metric TEXT NOT NULL,"
	"  iteration INTEGER NOT NULL,"
	"  value REAL NOT NULL,"
	"  unit TEXT NOT NULL,"
	"  PRIMARY KEY (run_id, metric, iteration)"
	") STRICT, WITHOUT ROWID;"

	/* Everything else a worker said: counter, fingerprint, artifact, unknown. */
	"CREATE TABLE event ("
	"  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
	"  seq INTEGER NOT NULL," /* offset of the line in events.jsonl */
	"  name TEXT NOT NULL,"
	"  body TEXT NOT NULL," /* the JSON line */
	"  PRIMARY KEY (run_id, seq)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE host ("
	"  name TEXT PRIMARY KEY,"
	"  state TEXT NOT NULL CHECK (state IN ('online','offline')),"
	"  reason TEXT NOT NULL DEFAULT '',"
	"  troubles INTEGER NOT NULL DEFAULT 0" /* host-trouble in a row */
	") STRICT, WITHOUT ROWID;"

	/* What was done and why, for people: xbisect log, the page. */
	"CREATE TABLE journal ("
	"  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  job_id INTEGER REFERENCES job (id) ON DELETE CASCADE," /* NULL: the daemon itself */
	"  time_ms INTEGER NOT NULL,"
	"  text TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX journal_by_job ON journal (job_id, seq);",

	/* 2: the commit that a verdict names, as it was when the verdict was reached: the
	 * repository may be gone when somebody reads it. */
	"CREATE TABLE job_culprit ("
	"  job_id INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,"
	"  facts TEXT NOT NULL," /* JSON: commit, subject, author, email, date, message, diffstat */
	"  patch TEXT NOT NULL"  /* its diff, made safe to show and cut */
	") STRICT;",

	/* 3: alerts and watched branches.
	 * What people are told of, once: found by any number of jobs, told to each target once. */
	"CREATE TABLE alert ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  key TEXT NOT NULL UNIQUE," /* kind, commit, metric, workload and class of hosts */
	"  kind TEXT NOT NULL CHECK (kind IN ('culprit','range'))," /* the verdict's */
	"  job_id INTEGER REFERENCES job (id) ON DELETE SET NULL,"  /* the first that found it */
	"  commit_id TEXT NOT NULL," /* of a range: the most probable */
	"  subject TEXT NOT NULL,"   /* made safe to show */
	"  workload TEXT NOT NULL,"
	"  metric TEXT NOT NULL,"
	"  unit TEXT NOT NULL,"
	"  lower_is_better INTEGER NOT NULL,"
	"  host_fp TEXT NOT NULL,"
	"  workload_fp TEXT NOT NULL,"
	"  base REAL NOT NULL," /* level before and after it; ratio = test / base */
	"  test REAL NOT NULL,"
	"  ratio REAL NOT NULL,"
	"  confidence REAL NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  acknowledged_ms INTEGER," /* somebody cares for it: nothing more about its finding */
	"  acknowledged_uid INTEGER,"
	"  snoozed_ms INTEGER," /* nothing is sent before */
	"  fixed_ms INTEGER,"   /* the level has returned, with this commit of a watched branch */
	"  fixed_commit TEXT"
	") STRICT;"

	"CREATE TABLE alert_job ("
	"  alert_id INTEGER NOT NULL REFERENCES alert (id) ON DELETE CASCADE,"
	"  job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
	"  PRIMARY KEY (alert_id, job_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX alert_job_by_job ON alert_job (job_id);"

	/* One event of an alert for one [alert NAME] of the configuration. */
	"CREATE TABLE delivery ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  alert_id INTEGER NOT NULL REFERENCES alert (id) ON DELETE CASCADE,"
	"  target TEXT NOT NULL,"
	"  event TEXT NOT NULL CHECK (event IN ('found','fixed')),"
	"  state TEXT NOT NULL CHECK (state IN ('waiting','sending','delivered','dropped')),"
	"  batch INTEGER NOT NULL DEFAULT 0," /* the message that carries it: the id of its first
					       * delivery. Chosen at the first attempt and kept: a
					       * repeated message is the same; 0 = not yet */
	"  attempts INTEGER NOT NULL DEFAULT 0,"
	"  created_ms INTEGER NOT NULL,"
	"  due_ms INTEGER NOT NULL,"
	"  finished_ms INTEGER,"
	"  detail TEXT NOT NULL DEFAULT ''," /* the last answer, or why it was dropped */
	"  UNIQUE (alert_id, target, event)"
	") STRICT;"
	"CREATE INDEX delivery_open ON delivery (due_ms) WHERE state IN ('waiting','sending');"

	/* A branch that is followed. */
	"CREATE TABLE watch ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  name TEXT NOT NULL UNIQUE,"
	"  repo TEXT NOT NULL," /* a URL, or an absolute path that is read where it is */
	"  branch TEXT NOT NULL,"
	"  uid INTEGER NOT NULL,"
	"  spec TEXT NOT NULL," /* JSON: workloads, metric, host, pick, confidence, ... */
	"  every_ms INTEGER NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  tip TEXT,"           /* the last that was seen */
	"  fetched_ms INTEGER," /* the last time that the repository answered */
	"  due_ms INTEGER NOT NULL,"
	"  trouble TEXT NOT NULL DEFAULT ''," /* what is wrong with the repository now */
	"  troubles INTEGER NOT NULL DEFAULT 0,"
	"  picked_ms INTEGER," /* the last time that a tip was chosen to be measured */
	"  budget INTEGER NOT NULL DEFAULT 0" /* boots left for the older range */
	") STRICT;"

	/* The branch by first parents; seq grows with it, and is below 0 in the older range. */
	"CREATE TABLE watch_commit ("
	"  watch_id INTEGER NOT NULL REFERENCES watch (id) ON DELETE CASCADE,"
	"  seq INTEGER NOT NULL,"
	"  commit_id TEXT NOT NULL,"
	"  time_ms INTEGER NOT NULL,"        /* the committer's */
	"  subject TEXT NOT NULL,"           /* made safe to show */
	"  picked TEXT NOT NULL DEFAULT ''," /* why it is measured: tip, backfill; '' = it is not */
	"  gone INTEGER NOT NULL DEFAULT 0," /* a forced push took it from the branch */
	"  PRIMARY KEY (watch_id, seq),"
	"  UNIQUE (watch_id, commit_id)"
	") STRICT, WITHOUT ROWID;"

	/* A commit's measurement by one workload: the job, then its levels. */
	"CREATE TABLE watch_point ("
	"  watch_id INTEGER NOT NULL,"
	"  seq INTEGER NOT NULL,"
	"  workload TEXT NOT NULL,"
	"  job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
	"  state TEXT NOT NULL CHECK (state IN ('measuring','measured','failed')),"
	"  PRIMARY KEY (watch_id, seq, workload),"
	"  FOREIGN KEY (watch_id, seq) REFERENCES watch_commit (watch_id, seq)"
	"    ON DELETE CASCADE ON UPDATE CASCADE"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX watch_point_open ON watch_point (state) WHERE state = 'measuring';"
	"CREATE INDEX watch_point_by_job ON watch_point (job_id);"

	"CREATE TABLE watch_level ("
	"  watch_id INTEGER NOT NULL,"
	"  workload TEXT NOT NULL,"
	"  metric TEXT NOT NULL,"
	"  seq INTEGER NOT NULL,"
	"  unit TEXT NOT NULL,"
	"  level REAL NOT NULL," /* mean over boots */
	"  sd REAL,"             /* of the boots' means, relative to level; NULL for one boot */
	"  boots INTEGER NOT NULL,"
	"  host_fp TEXT NOT NULL," /* levels of two classes of hosts are never compared */
	"  workload_fp TEXT NOT NULL,"
	"  PRIMARY KEY (watch_id, workload, metric, seq),"
	"  FOREIGN KEY (watch_id, seq) REFERENCES watch_commit (watch_id, seq)"
	"    ON DELETE CASCADE ON UPDATE CASCADE"
	") STRICT, WITHOUT ROWID;"

	/* The level changed between two measured commits of a branch. */
	"CREATE TABLE watch_change ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  watch_id INTEGER NOT NULL REFERENCES watch (id) ON DELETE CASCADE,"
	"  workload TEXT NOT NULL,"
	"  metric TEXT NOT NULL,"
	"  from_seq INTEGER NOT NULL," /* the last measured one with the old level */
	"  to_seq INTEGER NOT NULL,"   /* the first with the new one */
	"  before REAL NOT NULL,"
	"  after REAL NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  job_id INTEGER REFERENCES job (id) ON DELETE SET NULL," /* the bisect between them */
	"  detail TEXT NOT NULL DEFAULT '',"                       /* why there is none */
	"  UNIQUE (watch_id, workload, metric, from_seq, to_seq)"
	") STRICT;",

	/* 4: how many runs ended how, without reading them all. */
	"CREATE INDEX run_tally ON run (kind, coalesce(outcome, state), finished_ms - started_ms);",

	/* 5: hosts as a pool: what is known of a machine, and what was done to bring it back. */
	"ALTER TABLE host ADD COLUMN recovers INTEGER NOT NULL DEFAULT 0;" /* it has a state of its
									    * own: 1 */
	"ALTER TABLE host ADD COLUMN condition TEXT NOT NULL DEFAULT 'ready' CHECK "
	"  (condition IN ('ready','unknown','suspect','quarantined'));"
	"ALTER TABLE host ADD COLUMN recoveries INTEGER NOT NULL DEFAULT 0;" /* that failed in a
									      * row */
	"ALTER TABLE host ADD COLUMN drained_ms INTEGER;" /* a user keeps boots away since then */
	"ALTER TABLE host ADD COLUMN drained TEXT NOT NULL DEFAULT '';"   /* why */
	"ALTER TABLE host ADD COLUMN labels TEXT NOT NULL DEFAULT '';"    /* KEY=VALUE ... */
	"ALTER TABLE host ADD COLUMN health_ms INTEGER;"                  /* last health boot */
	"ALTER TABLE host ADD COLUMN health TEXT NOT NULL DEFAULT '';"    /* what it said */
	"ALTER TABLE host ADD COLUMN outside INTEGER NOT NULL DEFAULT 0;" /* of its control limits,
									   * in a row */
	"ALTER TABLE host ADD COLUMN health_from INTEGER NOT NULL DEFAULT 0;" /* run: what came
									       * before is not
									       * compared with */

	/* A worker that measures nothing: it brings a host back, or tries its operations. */
	"CREATE TABLE host_task ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  host TEXT NOT NULL,"
	"  kind TEXT NOT NULL CHECK (kind IN ('recover','check')),"
	"  why TEXT NOT NULL,"
	"  state TEXT NOT NULL CHECK (state IN ('running','done')),"
	"  outcome TEXT CHECK (outcome IN ('ok','build-failed','boot-failed','workload-failed',"
	"                                  'host-trouble')),"
	"  detail TEXT NOT NULL DEFAULT '',"
	"  started_ms INTEGER NOT NULL,"
	"  finished_ms INTEGER"
	") STRICT;"
	"CREATE INDEX host_task_running ON host_task (id) WHERE state = 'running';"
	"CREATE INDEX host_task_by_host ON host_task (host, id);"

	/* What people wrote down about a host. */
	"CREATE TABLE host_note ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  host TEXT NOT NULL,"
	"  time_ms INTEGER NOT NULL,"
	"  uid INTEGER NOT NULL,"
	"  text TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX host_note_by_host ON host_note (host, id);"

	/* An alert may be of a host: then commit_id is its name, subject the reason, and the
	 * numbers mean nothing. SQLite changes no CHECK, so the table is made again, with those
	 * that refer to it. */
	"CREATE TABLE alert_5 ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  key TEXT NOT NULL UNIQUE,"
	"  kind TEXT NOT NULL CHECK (kind IN ('culprit','range','host')),"
	"  job_id INTEGER REFERENCES job (id) ON DELETE SET NULL,"
	"  commit_id TEXT NOT NULL,"
	"  subject TEXT NOT NULL,"
	"  workload TEXT NOT NULL,"
	"  metric TEXT NOT NULL,"
	"  unit TEXT NOT NULL,"
	"  lower_is_better INTEGER NOT NULL,"
	"  host_fp TEXT NOT NULL,"
	"  workload_fp TEXT NOT NULL,"
	"  base REAL NOT NULL,"
	"  test REAL NOT NULL,"
	"  ratio REAL NOT NULL,"
	"  confidence REAL NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  acknowledged_ms INTEGER,"
	"  acknowledged_uid INTEGER,"
	"  snoozed_ms INTEGER,"
	"  fixed_ms INTEGER,"
	"  fixed_commit TEXT"
	") STRICT;"
	"INSERT INTO alert_5 SELECT id, key, kind, job_id, commit_id, subject, workload, metric, "
	"  unit, lower_is_better, host_fp, workload_fp, base, test, ratio, confidence, "
	"  created_ms, acknowledged_ms, acknowledged_uid, snoozed_ms, fixed_ms, fixed_commit "
	"  FROM alert;"
	"CREATE TABLE alert_job_5 ("
	"  alert_id INTEGER NOT NULL REFERENCES alert_5 (id) ON DELETE CASCADE,"
	"  job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
	"  PRIMARY KEY (alert_id, job_id)"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO alert_job_5 SELECT alert_id, job_id FROM alert_job;"
	"CREATE TABLE delivery_5 ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  alert_id INTEGER NOT NULL REFERENCES alert_5 (id) ON DELETE CASCADE,"
	"  target TEXT NOT NULL,"
	"  event TEXT NOT NULL CHECK (event IN ('found','fixed')),"
	"  state TEXT NOT NULL CHECK (state IN ('waiting','sending','delivered','dropped')),"
	"  batch INTEGER NOT NULL DEFAULT 0,"
	"  attempts INTEGER NOT NULL DEFAULT 0,"
	"  created_ms INTEGER NOT NULL,"
	"  due_ms INTEGER NOT NULL,"
	"  finished_ms INTEGER,"
	"  detail TEXT NOT NULL DEFAULT '',"
	"  UNIQUE (alert_id, target, event)"
	") STRICT;"
	"INSERT INTO delivery_5 SELECT id, alert_id, target, event, state, batch, attempts, "
	"  created_ms, due_ms, finished_ms, detail FROM delivery;"
	/* the children first: with them there, their rows would go with the alerts */
	"DROP TABLE delivery;"
	"DROP TABLE alert_job;"
	"DROP TABLE alert;"
	"ALTER TABLE alert_5 RENAME TO alert;"
	"ALTER TABLE alert_job_5 RENAME TO alert_job;"
	"ALTER TABLE delivery_5 RENAME TO delivery;"
	"CREATE INDEX alert_job_by_job ON alert_job (job_id);"
	"CREATE INDEX delivery_open ON delivery (due_ms) WHERE state IN ('waiting','sending');",

	/* 6: one alert for one culprit: what other metrics, workloads and classes of hosts say of
	 * it joins it. The columns of alert are those of its first finding. */
	"CREATE TABLE alert_finding ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  alert_id INTEGER NOT NULL REFERENCES alert (id) ON DELETE CASCADE,"
	"  job_id INTEGER REFERENCES job (id) ON DELETE SET NULL," /* the first that found it */
	"  workload TEXT NOT NULL,"
	"  metric TEXT NOT NULL,"
	"  unit TEXT NOT NULL,"
	"  lower_is_better INTEGER NOT NULL,"
	"  host_fp TEXT NOT NULL,"
	"  workload_fp TEXT NOT NULL,"
	"  base REAL NOT NULL,"
	"  test REAL NOT NULL,"
	"  ratio REAL NOT NULL,"
	"  confidence REAL NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  fixed_ms INTEGER," /* the level has returned */
	"  fixed_commit TEXT,"
	"  UNIQUE (alert_id, workload, metric, host_fp)"
	") STRICT;"
	/* of those of one culprit the first stays */
	"CREATE TEMP TABLE kept AS SELECT a.id AS id, min(b.id) AS alert_id FROM alert AS a "
	"  JOIN alert AS b ON b.kind = a.kind AND b.commit_id = a.commit_id "
	"  WHERE a.kind IN ('culprit','range') GROUP BY a.id;"
	"INSERT OR IGNORE INTO alert_finding (alert_id, job_id, workload, metric, unit, "
	"  lower_is_better, host_fp, workload_fp, base, test, ratio, confidence, created_ms, "
	"  fixed_ms, fixed_commit) "
	"  SELECT k.alert_id, a.job_id, a.workload, a.metric, a.unit, a.lower_is_better, "
	"  a.host_fp, a.workload_fp, a.base, a.test, a.ratio, a.confidence, a.created_ms, "
	"  a.fixed_ms, a.fixed_commit FROM alert AS a JOIN kept AS k ON k.id = a.id ORDER BY a.id;"
	"INSERT OR IGNORE INTO alert_job (alert_id, job_id) SELECT k.alert_id, j.job_id "
	"  FROM alert_job AS j JOIN kept AS k ON k.id = j.alert_id;"
	/* a delivery that the first has as well is not made twice: it goes with its alert */
	"UPDATE OR IGNORE delivery SET alert_id = "
	"  (SELECT k.alert_id FROM kept AS k WHERE k.id = delivery.alert_id) "
	"  WHERE alert_id IN (SELECT k.id FROM kept AS k WHERE k.id <> k.alert_id);"
	"DELETE FROM alert WHERE id IN (SELECT k.id FROM kept AS k WHERE k.id <> k.alert_id);"
	"UPDATE alert SET fixed_ms = NULL, fixed_commit = NULL WHERE id IN "
	"  (SELECT f.alert_id FROM alert_finding AS f WHERE f.fixed_ms IS NULL);"
	"UPDATE alert SET key = kind || char(10) || commit_id WHERE kind IN ('culprit','range');"
	"DROP TABLE kept;",

	/* 7: what was counted in dom0 and Xen during each phase of a boot's workload, in
	 * iterations that were not timed. Was in event before. */
	"CREATE TABLE counter ("
	"  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
	"  phase TEXT NOT NULL,"
	"  name TEXT NOT NULL,"
	"  symbol TEXT NOT NULL," /* function, hypercall, ...; '' = the total */
	"  offset TEXT NOT NULL," /* in the function, in hexadecimal; '' = no address */
	"  iteration INTEGER NOT NULL,"
	"  value REAL NOT NULL," /* for one unit of work */
	"  unit TEXT NOT NULL,"  /* 1/page, ns/page */
	"  PRIMARY KEY (run_id, phase, name, symbol, offset, iteration)"
	") STRICT, WITHOUT ROWID;",

	/* 8: which commits of a range touch what the workload executes: a boot of GOOD counted it.
	 * Node 0 stands for the whole: that it was looked at. */
	"CREATE TABLE job_path ("
	"  job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
	"  node INTEGER NOT NULL,"
	"  kind TEXT NOT NULL CHECK (kind IN ('unknown','idle','shared','executed')),"
	"  functions TEXT NOT NULL,"  /* executed ones that it touches, one a line; of node 0 the
				       * phase, '' = all */
	"  objects INTEGER NOT NULL," /* executed ones that its headers reach; of node 0 all */
	"  PRIMARY KEY (job_id, node)"
	") STRICT, WITHOUT ROWID;",

	/* 9: what pages and the planner ask for most, each by an index in the order wanted. */
	"CREATE INDEX job_in_state ON job (state);"
	"CREATE INDEX job_found ON job (state) WHERE kind <> 'measure';"
	"CREATE INDEX run_ok ON run (kind) WHERE outcome = 'ok';"
	"CREATE INDEX alert_open ON alert (kind) WHERE acknowledged_ms IS NULL AND fixed_ms IS "
	"NULL;"
	"CREATE INDEX delivery_by_batch ON delivery (batch);"
	"CREATE INDEX watch_change_by_job ON watch_change (job_id);",

	/* 10: a host that is in the configuration no more keeps its row, with what is known of it,
	 * and is shown and waited for no longer. */
	"ALTER TABLE host ADD COLUMN configured INTEGER NOT NULL DEFAULT 1;",

	/* 11: a mail that was taken for some of its recipients goes on to the others alone. */
	"ALTER TABLE delivery ADD COLUMN rest TEXT;", /* JSON: their addresses; NULL = all, nobody
						       * has it */

	/* 12: the part, 0 to 1, that the most executed of those functions has in the phase. Jobs
	 * that are not done look again. */
	"ALTER TABLE job_path ADD COLUMN share REAL NOT NULL DEFAULT 0;"
	"DELETE FROM job_path WHERE job_id IN "
	"  (SELECT id FROM job WHERE state IN ('queued','running'));",
};

#define XB_SCHEMA_VERSION ((int)G_N_ELEMENTS(xb_migrations))

#endif
