#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""web-load.py URL PID DATABASE LARGE_JOB JOBS REQUESTS IDLE LIMIT_MS: latencies of every page, first
alone and each time anew; then REQUESTS over 16 connections while 300 viewers follow a page that
changes each second; then requests while IDLE connections are silent or slow. JSON lines; exit
status 1 when a page takes LIMIT_MS or more of the server's (PID) processor time, which other work
on the machine hardly changes (0: not asked for), when a viewer is not told of changes, or when a
request fails."""
import glob
import http.client
import json
import resource
import socket
import sqlite3
import sys
import threading
import time
from urllib.parse import urlparse

where = urlparse(sys.argv[1])
server, database, large, jobs = sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
REQUESTS, IDLE, LIMIT_MS = int(sys.argv[6]), int(sys.argv[7]), float(sys.argv[8])
VIEWERS, CLIENTS, OTHERS, WATCHED_S, DRIP_S = 300, 16, 4, 8, 2
half = jobs // 2
PAGES = ["/", "/jobs", "/jobs?state=done", "/jobs?before=%d" % half, "/job/1", "/job/%d" % half,
         "/job/%d" % (jobs - 1), "/job/%d" % large, "/job/%d/log" % half, "/run/500", "/hosts",
         "/branches", "/branch/mainline", "/alerts", "/metrics", "/api/v1/jobs?limit=200",
         "/api/v1/jobs/%d" % half, "/api/v1/runs/500", "/api/v1/alerts"]
problems = []


def connect():
    return http.client.HTTPConnection(where.hostname, where.port, timeout=60)


def get(connection, path):
    start = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise OSError("%s: %d" % (path, answer.status))
    return (time.perf_counter() - start) * 1000, len(body)


def touch(n):
    """What the daemon does all the time: the pages that were rendered are old now."""
    db = sqlite3.connect(database, timeout=20)
    db.execute("INSERT INTO journal (job_id, time_ms, text) VALUES (1, ?, ?)",
               (int(time.time() * 1000), "boot number %d" % n))
    db.commit()
    db.close()


def processor_ms():
    """What the server has used so far."""
    spent = 0
    for path in glob.glob("/proc/%s/task/*/schedstat" % server):
        with open(path) as file:
            spent += int(file.read().split()[0])
    return spent / 1e6


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))] if values else None


def latencies(values):
    if not values:
        return {}
    return {"median_ms": round(quantile(values, 0.5), 2), "p95_ms": round(quantile(values, 0.95), 2),
            "p99_ms": round(quantile(values, 0.99), 2), "worst_ms": round(max(values), 2)}


def say(**what):
    print(json.dumps(what), flush=True)


def each_alone():
    connection = connect()
    for path in PAGES:
        took, spent = [], []
        for n in range(7):
            touch(n)
            before = processor_ms()
            ms, size = get(connection, path)
            took.append(ms)
            spent.append(processor_ms() - before)
        own = quantile(spent, 0.5)
        say(page=path, processor_ms=round(own, 2), median_ms=round(quantile(took, 0.5), 2),
            worst_ms=round(max(took), 2), bytes=size)
        if LIMIT_MS and own >= LIMIT_MS:
            problems.append("%s takes %.1f ms" % (path, own))


def under_load():
    """Viewers that follow, a database that changes, and clients that ask without a pause."""
    events, stop, lock, took, failed = [0] * VIEWERS, threading.Event(), threading.Lock(), [], []
    viewers = []
    for _ in range(VIEWERS):
        s = socket.create_connection((where.hostname, where.port), 20)
        s.sendall(b"GET /live?page=/job/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        s.setblocking(False)
        viewers.append(s)

    def follow():
        while not stop.is_set():
            for i, s in enumerate(viewers):
                try:
                    events[i] += s.recv(65536).count(b"event: page")
                except BlockingIOError:
                    pass
            stop.wait(0.2)

    def change():
        n = 0
        while not stop.wait(1):
            n += 1
            touch(n)

    def client(number):
        own, c = [], connect()
        for n in range(REQUESTS // CLIENTS):
            try:
                own.append(get(c, PAGES[(n + number) % len(PAGES)])[0])
            except (OSError, http.client.HTTPException) as problem:
                failed.append(str(problem))
                c = connect()
        with lock:
            took.extend(own)

    helpers = [threading.Thread(target=follow), threading.Thread(target=change)]
    clients = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    start = time.perf_counter()
    for t in helpers + clients:
        t.start()
    for t in clients:
        t.join()
    seconds = time.perf_counter() - start
    ends = time.monotonic() + 30
    while min(events) < 2 and time.monotonic() < ends:
        time.sleep(0.2)
    stop.set()
    for t in helpers:
        t.join()
    for s in viewers:
        s.close()
    say(viewers=VIEWERS, events_min=min(events), events_max=max(events), requests=len(took),
        failed=len(failed), per_second=round(len(took) / seconds, 1), **latencies(took))
    if min(events) < 2:
        problems.append("a viewer was not told of changes")
    if failed:
        problems.append("%d requests failed: %s" % (len(failed), failed[0]))


def beside_idle_ones():
    """A quarter each: silent from the start, a header that comes byte by byte, kept alive after an
    answer, silent again."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held, refused, took, failed = [], 0, [], []
    start = time.perf_counter()
    for i in range(min(IDLE, hard - 500)):
        try:
            s = socket.create_connection((where.hostname, where.port), 20)
            if i % 4 == 1:
                s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            elif i % 4 == 2:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            s.setblocking(False)
            held.append(s)
        except OSError:
            refused += 1
    opened = time.perf_counter() - start
    ends = time.monotonic() + WATCHED_S

    def drip():
        while time.monotonic() < ends:
            for s in held[1::4]:
                try:
                    s.send(b"x")
                except OSError:
                    pass
            time.sleep(DRIP_S)

    def other():
        while time.monotonic() < ends:
            try:
                took.append(get(connect(), "/job/1")[0])
            except (OSError, http.client.HTTPException) as problem:
                failed.append(str(problem))
            time.sleep(0.02)

    threads = [threading.Thread(target=drip)]
    threads += [threading.Thread(target=other) for _ in range(OTHERS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for s in held:
        s.close()
    say(idle=len(held), refused=refused, opened_s=round(opened, 1), requests=len(took),
        failed=len(failed), **latencies(took))
    if refused or failed or not took:
        problems.append("%d idle connections: %d refused, of others' requests %d failed%s" % (
            len(held), refused, len(failed), ": " + failed[0] if failed else ""))


each_alone()
under_load()
beside_idle_ones()
if problems:
    sys.exit("\n".join(problems))
