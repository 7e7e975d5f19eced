#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon for tests of the client: answers requests on a control socket.

fake-daemon.py SOCKET SCRIPT REQUESTS

SCRIPT is JSON: {"VERB": [[answer, ...], ...]}: the n-th request of a verb gets
the n-th list of lines (the last again and again). An answer that is the string
"hang-up" closes the connection, "garbage" sends bytes that are no JSON, "exit"
ends the process, {"sleep": S} waits. Each request is appended to the file
REQUESTS.
"""
import json
import os
import socket
import sys
import threading
import time


def serve(connection, script, counts, log):
    stream = connection.makefile("rwb")
    for line in stream:
        request = json.loads(line)
        with open(log, "a", encoding="utf-8") as out:
            out.write(json.dumps(request) + "\n")
        verb = request["verb"]
        answers = script.get(verb)
        if answers is None:
            answers = [[{"ok": False, "error": "no such verb " + verb, "exit": 1}]]
        lines = answers[min(counts.get(verb, 0), len(answers) - 1)]
        counts[verb] = counts.get(verb, 0) + 1
        for answer in lines:
            if answer == "hang-up":
                connection.shutdown(socket.SHUT_RDWR)
                return
            if answer == "exit":
                os._exit(0)
            if answer == "garbage":
                stream.write(b"\x00\xff not json\n")
            elif "sleep" in answer:
                time.sleep(answer["sleep"])
                continue
            else:
                stream.write(json.dumps(answer).encode() + b"\n")
            stream.flush()


def main():
    path, script_path, log = sys.argv[1:4]
    with open(script_path, encoding="utf-8") as source:
        script = json.load(source)
    if os.path.exists(path):
        os.unlink(path)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(8)
    counts = {}
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection, script, counts, log),
                         daemon=True).start()


try:
    main()
except (BrokenPipeError, KeyboardInterrupt):
    pass
