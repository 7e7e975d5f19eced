#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""web-fill.py DATABASE [JOBS [MEASUREMENTS]]: fills a database as years of use would: jobs, each
with a range of 60 commits, builds, boots of three metrics and five iterations; one job with 20,000
commits, of each of which is known what it touches; one branch with 5,000 points; 200 alerts. The
first job and the large one are under way."""
import hashlib
import json
import random
import sqlite3
import sys

jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
boots = (int(sys.argv[3]) if len(sys.argv) > 3 else 100000) // jobs
db = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
db.execute("PRAGMA synchronous = OFF")
db.execute("PRAGMA cache_size = -400000")  # all of it is one transaction
db.execute("BEGIN")
random.seed(1)
NOW = 1700000000000
variants, runs = 0, 0


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def spec(i):
    return json.dumps({
        "confidence": 0.99, "min_effect": 0.01, "workload": "map-unmap", "metric": "unmap",
        "workload_settings": {"name": "map-unmap", "iterations": 5}, "unit": "s",
        "lower_is_better": True, "host": "", "repo": "/srv/linux.git", "good": "v6.%d" % (i % 90),
        "bad": "v6.%d-rc1" % (i % 90 + 1), "first_parent": False, "host_fp": "h", "workload_fp": "w"})


def verdict(i, n, node):
    return json.dumps({
        "kind": "culprit", "confidence": 0.995, "commits": [
            {"id": sha("c%d/%d" % (i, c))[:40], "subject": "mm: change %d" % c,
             "probability": 0.99 if c == node else 0.01 / 8, "node": c}
            for c in range(max(1, node - 4), min(n, node + 5))],
        "effect": {"base": 0.0428, "test": 0.0467, "ratio": 1.091, "ci_low": 1.08, "ci_high": 1.1},
        "culprit_node": node, "other_steps": 0.0, "can_matter": n // 2, "steps_left": 0,
        "seconds_left": 0, "reason": "clean rebuilds say +9.1 %", "alike": [[3, 9], [20, 22]]})


def add_job(i, n, boots):
    global variants, runs
    node = 1 + (i * 7) % (n - 1)
    state = "running" if i in (0, jobs) else "done" if i % 9 else "failed"
    step = max(1, n // boots) * 3
    tried = [b * step % n // 3 * 3 for b in range(boots)]
    built = set(tried)
    job = db.execute(
        "INSERT INTO job (kind, state, uid, created_ms, started_ms, finished_ms, spec, verdict)"
        " VALUES ('bisect', ?, 0, ?, ?, ?, ?, ?)",
        (state, NOW + i * 60000, NOW + i * 60000, None if state == "running" else NOW + i * 60000 + 5000,
         spec(i), verdict(i, n, node))).lastrowid
    first = variants + 1
    db.executemany(
        "INSERT INTO variant (id, key, source, state, image_sha256, config_sha256, toolchain)"
        " VALUES (?, ?, ?, ?, ?, ?, 'gcc 12.2.0')",
        ((first + c, sha("v%d/%d" % (i, c)),
          json.dumps({"repo": "/srv/linux.git", "commit": sha("c%d/%d" % (i, c))[:40],
                      "patches": [], "kconfig": []}),
          "built" if c in built else "unbuilt",
          sha("i%d/%d" % (i, c)) if c in built else None, sha("k")) for c in range(n)))
    db.executemany(
        "INSERT INTO job_commit (job_id, node, label, parents, tree, subject, variant_id)"
        " VALUES (?, ?, ?, ?, '', ?, ?)",
        ((job, c, sha("c%d/%d" % (i, c))[:40], "[%d]" % (c - 1) if c else "[]",
          "mm: change number %d of the range" % c, first + c) for c in range(n)))
    rows, samples = [], []
    for b in range(boots):
        runs += 1
        c = tried[b]
        level = 0.0428 if c < node else 0.0467
        build = b % 6 == 5
        rows.append((runs, "build" if build else "boot", job, c, first + c,
                     "0" if build else "lab%d" % (b % 4), b, NOW + i * 60000 + b, NOW + i * 60000 + b + 900))
        if not build:
            for metric in ("map", "total", "unmap"):
                samples += [(runs, metric, s, level * random.gauss(1, 0.003)) for s in range(5)]
    db.executemany(
        "INSERT INTO run (id, kind, job_id, node, variant_id, place, boot, workload, purpose, why,"
        " state, outcome, dir, started_ms, finished_ms, deadline_ms, host_fp, workload_fp)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'map-unmap', 'search', '0.98 bits, the culprit is before it',"
        " 'done', 'ok', '/nowhere', ?, ?, 0, 'h', 'w')", rows)
    db.executemany("INSERT INTO sample (run_id, metric, iteration, value, unit)"
                   " VALUES (?, ?, ?, ?, 's')", samples)
    db.executemany("INSERT INTO journal (job_id, time_ms, text) VALUES (?, ?, ?)",
                   ((job, NOW + b, "boot %012x on lab1 (search): 0.98 bits" % b) for b in range(boots)))
    variants += n
    return job


for i in range(jobs):
    add_job(i, 60, boots + boots // 5)
large = add_job(jobs, 20000, 300)
db.executemany("INSERT INTO job_path (job_id, node, kind, functions, objects) VALUES (?, ?, ?, ?, ?)",
               ((large, c, "executed" if c % 50 == 0 else "shared" if c % 7 == 0 else "idle",
                 "unmap_page_range\nzap_pte_range" if c and c % 50 == 0 else "", 40)
                for c in range(20000)))
watch = db.execute("INSERT INTO watch (name, repo, branch, uid, spec, every_ms, created_ms, due_ms)"
                   " VALUES ('mainline', 'https://example.org/linux', 'master', 0, '{}', 1, 0, 0)").lastrowid
for seq in range(1, 5001):
    db.execute("INSERT INTO watch_commit (watch_id, seq, commit_id, time_ms, subject, picked)"
               " VALUES (?, ?, ?, ?, ?, 'tip')", (watch, seq, sha("w%d" % seq)[:40], NOW, "mm: change"))
    db.execute("INSERT INTO watch_point (watch_id, seq, workload, job_id, state)"
               " VALUES (?, ?, 'map-unmap', 2, 'measured')", (watch, seq))
    db.execute("INSERT INTO watch_level (watch_id, workload, metric, seq, unit, level, sd, boots,"
               " host_fp, workload_fp) VALUES (?, 'map-unmap', 'unmap', ?, 's', ?, 0.002, 4, 'h', 'w')",
               (watch, seq, 0.0428 if seq < 3000 else 0.0467))
for place, kind in (("lab0", "boot"), ("0", "build"), ("1", "build")):
    runs += 1
    db.execute("INSERT INTO run (id, kind, job_id, node, variant_id, place, workload, purpose, state, dir,"
               " phase, started_ms, deadline_ms) VALUES (?, ?, ?, 3, ?, ?, 'map-unmap', 'search',"
               " 'running', '/nowhere', 'boot', ?, 0)",
               (runs, kind, large if place == "1" else 1, 4 if place != "1" else variants, place, NOW))
for n in range(1, 201):
    commit = sha("a%d" % n)[:40]
    levels = ("s", 1, "h", "w", 0.0428, 0.0467, 1.091, 0.995, NOW + n)
    db.execute("INSERT INTO alert (id, key, kind, job_id, commit_id, subject, workload, metric, unit,"
               " lower_is_better, host_fp, workload_fp, base, test, ratio, confidence, created_ms)"
               " VALUES (?, ?, 'culprit', ?, ?, 'mm: a change', 'map-unmap', 'unmap', " + "?, " * 8 + "?)",
               (n, "culprit\n" + commit, 1 + n % jobs, commit) + levels)
    for metric in ("map", "unmap"):
        db.execute("INSERT INTO alert_finding (alert_id, job_id, workload, metric, unit, lower_is_better,"
                   " host_fp, workload_fp, base, test, ratio, confidence, created_ms)"
                   " VALUES (?, ?, 'map-unmap', ?, " + "?, " * 8 + "?)", (n, 1 + n % jobs, metric) + levels)
    db.execute("INSERT INTO delivery (alert_id, target, event, state, batch, attempts, created_ms, due_ms)"
               " VALUES (?, 'team', 'found', 'delivered', ?, 1, ?, ?)", (n, n, NOW, NOW))
for n in range(4):
    db.execute("INSERT INTO host (name, state) VALUES (?, 'online')", ("lab%d" % n,))
db.execute("COMMIT")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
print(json.dumps({"jobs": jobs + 1, "large_job": large,
                  "measurements": db.execute("SELECT count(*) FROM run WHERE kind = 'boot'").fetchone()[0]}))
