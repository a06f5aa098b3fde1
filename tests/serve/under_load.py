#!/usr/bin/env python3
"""Starts, ends and reloads bart serve while clients ask it, and fails if an answer is lost or another one, or if memory grows.

    under_load.py starts  N [--bart BART] [--model MODEL]   N starts: milliseconds until /readyz answers 200
    under_load.py ends    N [...]                           N times SIGTERM under the load of 16 clients
    under_load.py reloads N [...]                           N times SIGHUP under the load of 8 clients
    under_load.py crowd   N [...]                           N connections that do nothing, N / 10 that stop within a head
                                                            and N / 10 that stop within a body

Without a model one is drawn and left as it is initialized. Needs only Python's standard library.
"""
import argparse
import collections
import glob
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request


def drawn_model(bart, folder):
    for command in (["sample", "faces", "--classes", "3", "--per-class", "4"],
                    ["train", "faces", "--image-size", "16", "--epochs", "0", "--no-report", "--out", "run"]):
        subprocess.run([bart, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return os.path.join(folder, "run")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Service:
    """A running bart serve."""

    def __init__(self, bart, model):
        self.port = free_port()
        begin = time.perf_counter()
        self.process = subprocess.Popen([bart, "serve", model, "--port", str(self.port)], stderr=subprocess.PIPE)
        self.log = []
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()
        while self.get("/readyz") is None:
            if self.process.poll() is not None:
                raise SystemExit(b"".join(self.log).decode())
            time.sleep(0.001)
        self.start_ms = 1000 * (time.perf_counter() - begin)

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
                return response.read().decode()
        except OSError:
            return None

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def reloads(self, result):
        for line in (self.get("/metrics") or "").splitlines():
            if line.startswith(f'bart_model_reloads_total{{result="{result}"}} '):
                return int(line.split()[-1])
        return 0

    def keeps_freed_memory(self):
        """Sanitizers do. They reserve terabytes of addresses."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmSize")) > 1 << 30

    def memory_and_descriptors(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        return resident // 1024, len(os.listdir(f"/proc/{self.process.pid}/fd"))


def response(connection):
    """(status, whether the connection stays, body), or None if the connection ended before the response was whole."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return None
        received += more
    head, body = received.split(b"\r\n\r\n", 1)
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return int(head.split()[1]), b"connection: close" not in head.lower(), body


class Load:
    """Clients that ask one after the other; every second one keeps its connection."""

    def __init__(self, port, picture, clients):
        self.request = (b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(picture)) + picture
        self.port = port
        self.counts = collections.Counter()
        self.bodies = set()
        self.ending = False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.client, args=(i % 2 == 1,)) for i in range(clients)]
        for thread in self.threads:
            thread.start()

    def count(self, what, body=None):
        with self.lock:
            self.counts[what] += 1
            if body is not None:
                self.bodies.add(body)

    def client(self, keeps):
        connection, asked = None, 0
        while not self.ending:
            if connection is None:
                try:
                    connection, asked = socket.create_connection(("127.0.0.1", self.port), 30), 0
                except OSError:
                    self.count("refused connections")
                    return
            try:
                connection.sendall(self.request)
                got = response(connection)
            except OSError:
                got = None
            if got is None:
                # A first request may have come to a connection that the kernel took and the server did not.
                self.count("lost on an open connection" if asked else "lost on a new connection")
                return
            status, stays, body = got
            self.count("answered" if status == 200 else f"status {status}", body if status == 200 else None)
            asked += 1
            if not keeps or not stays:
                connection.close()
                connection = None

    def wait(self):
        for thread in self.threads:
            thread.join()
        return self.counts


def starts(bart, model, _, n):
    times = []
    for _i in range(n):
        service = Service(bart, model)
        times.append(service.start_ms)
        if service.end() != 0:
            return "an exit code is not 0"
    times.sort()
    print(f"{n} starts: {times[0]:.0f} to {times[-1]:.0f} ms, median {times[n // 2]:.0f}")
    return None


def ends(bart, model, picture, n):
    total, codes = collections.Counter(), collections.Counter()
    for i in range(n):
        service = Service(bart, model)
        load = Load(service.port, picture, 16)
        time.sleep(0.1 + 0.05 * (i % 5))
        codes[service.end()] += 1
        total += load.wait()
    print(f"{n} SIGTERMs: {dict(total)}, exit codes {dict(codes)}")
    if set(codes) != {0}:
        return "an exit code is not 0"
    if total["answered"] == 0:
        return "nothing was answered"
    return "a request was lost" if total["lost on an open connection"] else None


def reloads(bart, model, picture, n):
    service = Service(bart, model)
    load = Load(service.port, picture, 8)
    time.sleep(0.3)
    before = service.memory_and_descriptors()
    slow = None
    for i in range(n):
        service.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 60
        while service.reloads("success") <= i and slow is None:
            time.sleep(0.005)
            if service.reloads("failure") or time.monotonic() > until:
                slow = f"reload {i + 1} did not succeed"
        if slow:
            break
    load.ending = True
    counts = load.wait()
    time.sleep(1)
    after = service.memory_and_descriptors()
    # The drawn model takes 40 MiB, larger ones more: it would be seen if one of them stayed.
    grown = after[0] > before[0] + 20 and not service.keeps_freed_memory()
    code = service.end()
    print(f"{n} reloads: {dict(counts)}, {len(load.bodies)} different answers, exit code {code}, MiB and descriptors "
          f"{before} before and {after} after")
    if slow or code != 0:
        return slow or "the exit code is not 0"
    if grown:
        return "memory has grown"
    if set(counts) != {"answered"}:
        return "a request was not answered"
    return None if len(load.bodies) == 1 else "the same picture has different answers"


def crowd(bart, model, picture, n):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    service = Service(bart, model)
    head = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(picture)

    def honest():
        """Milliseconds of requests on connections of their own, the median first, or None if one is not answered."""
        times = []
        for _i in range(20):
            begin = time.perf_counter()
            with socket.create_connection(("127.0.0.1", service.port), 60) as connection:
                connection.sendall(head + picture)
                got = response(connection)
            if got is None or got[0] != 200:
                return None
            times.append(1000 * (time.perf_counter() - begin))
        times.sort()
        return times[len(times) // 2], times[-1]

    before, memory_before = honest(), service.memory_and_descriptors()
    strangers = []
    for bytes_of_each, count in ((b"", n), (head[:40], n // 10), (head + picture[:9], n // 10)):
        for _i in range(count):
            strangers.append(socket.create_connection(("127.0.0.1", service.port), 60))
            strangers[-1].sendall(bytes_of_each)
    during, memory_during = honest(), service.memory_and_descriptors()
    for stranger in strangers:
        stranger.close()
    time.sleep(1)
    after, memory_after = honest(), service.memory_and_descriptors()
    code = service.end()
    print(f"{len(strangers)} connections: median and longest time of an honest request (ms) {before} before, {during} beside them, "
          f"{after} after; MiB and descriptors {memory_before}, {memory_during}, {memory_after}; exit code {code}")
    if None in (before, during, after):
        return "an honest request was not answered"
    if memory_after[1] > memory_before[1] + 2:
        return "descriptors stay open"
    return "the exit code is not 0" if code != 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["starts", "ends", "reloads", "crowd"])
    parser.add_argument("n", type=int)
    parser.add_argument("--bart", default="build/release/src/cli/bart")
    parser.add_argument("--model")
    task = parser.parse_args()
    bart = os.path.abspath(task.bart)
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.abspath(task.model) if task.model else drawn_model(bart, folder)
        with open(sorted(glob.glob(os.path.join(model, "inference_images", "*.jpg")))[0], "rb") as file:
            picture = file.read()
        wrong = {"starts": starts, "ends": ends, "reloads": reloads, "crowd": crowd}[task.what](bart, model, picture, task.n)
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main()
