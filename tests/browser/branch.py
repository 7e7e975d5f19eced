#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""branch.py DATABASE: adds a watched branch with a change of its level, and an alert."""
import hashlib
import random
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1], timeout=20)
random.seed(1)
now = 1700000000000
watch = db.execute(
    "INSERT INTO watch (name, repo, branch, uid, spec, every_ms, created_ms, due_ms, tip, fetched_ms)"
    " VALUES ('mainline', 'https://git.example.org/linux.git', 'master', 0, '{}', 3600000, ?, ?,"
    " ?, ?)", (now, now + 10**12, "f" * 40, now)).lastrowid
# as if job 2 had measured them: its boots are what points lead to
class_of = db.execute("SELECT r.host_fp, r.workload_fp FROM run AS r JOIN job_commit AS c USING (variant_id)"
                      " WHERE c.job_id = 2 AND r.kind = 'boot' AND r.outcome = 'ok'").fetchone()
for seq in range(1, 201):
    level = (0.0428 if seq < 130 else 0.0467) * (1 + random.gauss(0, 0.002))
    db.execute("INSERT INTO watch_commit (watch_id, seq, commit_id, time_ms, subject, picked)"
               " VALUES (?, ?, ?, ?, ?, 'tip')",
               (watch, seq, hashlib.sha1(b"%d" % seq).hexdigest(), now + seq * 3600000, "mm: change <%d>" % seq))
    db.execute("INSERT INTO watch_point (watch_id, seq, workload, job_id, state)"
               " VALUES (?, ?, 'map-unmap', 2, 'measured')", (watch, seq))
    db.execute("INSERT INTO watch_level (watch_id, workload, metric, seq, unit, level, sd, boots,"
               " host_fp, workload_fp) VALUES (?, 'map-unmap', 'unmap', ?, 's', ?, 0.002, 4, ?, ?)",
               (watch, seq, level, *class_of))
db.execute("INSERT INTO watch_change (watch_id, workload, metric, from_seq, to_seq, before, after,"
           " created_ms, job_id) VALUES (?, 'map-unmap', 'unmap', 129, 130, 0.0428, 0.0467, ?, 1)",
           (watch, now))
db.commit()
