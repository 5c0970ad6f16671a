# Sick and healthy processes in Python for the readings: faults.py MODE [ARGUMENTS]. Each prints "ready" once it is what its
# mode says.
import errno
import os
import resource
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

mode, *rest = sys.argv[1:]


def ready(text=""):
    print("ready", text, flush=True)


def leak():
    kept = []
    ready()
    while len(kept) < 1500:
        kept.append(bytearray(os.urandom(4096) * 256))
        time.sleep(0.03)
    time.sleep(60)


def descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400))
    kept = [open("/dev/null") for _ in range(200)]
    ready()
    while True:
        kept.append(open("/dev/null"))
        time.sleep(0.08)


def close_wait():
    kept = []
    for _ in range(40):
        kept.append(socket.create_connection(("127.0.0.1", int(rest[0]))))
    time.sleep(0.3)
    ready()
    time.sleep(120)


def syn_sent():
    kept = []
    for _ in range(60):
        one = socket.socket()
        one.setblocking(False)
        try:
            one.connect(("127.0.0.1", int(rest[0])))
        except BlockingIOError:
            pass
        kept.append(one)
    time.sleep(1.5)
    ready()
    time.sleep(120)


def full_listener():
    """Not a target: its queue is full, so that the kernel drops every further first packet."""
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(one.getsockname())
        fillers.append(filler)
    ready(one.getsockname()[1])
    time.sleep(300)


def storm():
    """Not a target: clients that connect to a port all the time."""
    ready()
    kept = []
    while True:
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", int(rest[0])))
        kept.append(one)
        if len(kept) > 200:
            kept.pop(0).close()
        time.sleep(0.01)


def full_disk():
    log = open(os.path.join(rest[0], "service.log"), "ab", buffering=0)
    told = False
    while True:
        try:
            log.write(b"x" * 65536)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            if not told:
                ready()
            told = True
            time.sleep(0.1)


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = str(sum(range(20000))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def http():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    ready(server.server_address[1])
    server.serve_forever()


def writer():
    """Healthy: writes a file of some megabytes again and again, and takes its time."""
    ready()
    while True:
        with open(rest[0], "wb") as out:
            for _ in range(50):
                out.write(os.urandom(65536))
                time.sleep(0.005)
        threading.Event().wait(0.05)


{
    "leak": leak,
    "descriptors": descriptors,
    "close-wait": close_wait,
    "syn-sent": syn_sent,
    "full-listener": full_listener,
    "storm": storm,
    "full-disk": full_disk,
    "http": http,
    "writer": writer,
}[mode]()
