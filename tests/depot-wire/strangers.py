#!/usr/bin/python3
"""What no good client of a depot does. Prints nothing where the depot behaves.

    strangers.py greedy ENDPOINT FILE BYTES SECONDS    asks by many connections, never reads, and claims that all has come
    strangers.py hold ENDPOINT FILE BYTES COUNT        asks by COUNT connections at once, says HAVE of each and confirms nothing, and asks
                                                       anew where it is told UNKNOWN; says so once all have a place
    strangers.py liar ENDPOINT PATH KEY SERVER         pushes PATH, one bit of it changed on the way
    strangers.py crowd ENDPOINT COUNT PROCESS          asks for the index by COUNT connections at once, and for nothing else; prints
                                                       the KiB that PROCESS had before, with them, and when they had gone
    strangers.py slow ENDPOINT FILE BYTES              reads at some MiB a second; writes the file to standard output
    strangers.py offer ENDPOINT FILE                   offers a file without a key
    strangers.py noise ENDPOINT                        says what is no message, or about nothing
    strangers.py useless ENDPOINT ANSWER               is a depot itself: it is ever busy, or sends what was not asked for (astray)
"""
import os
import struct
import sys
import time
import zmq

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../clients"))
import depot

CONNECTIONS, TRANSFERS = 5, 8  # together fewer than a depot has


def greedy(endpoint, name, size, seconds):
    sockets = [depot.Depot(endpoint) for _ in range(CONNECTIONS)]
    end = time.monotonic() + float(seconds)
    for one in sockets:
        for transfer in range(1, TRANSFERS + 1):
            one.say(b"FETCH", transfer, 1 << 62, 0, int(size), data=name.encode())
    while time.monotonic() < end:
        for one in sockets:
            for transfer in range(1, TRANSFERS + 1):
                one.say(b"HAVE", transfer, int(size), int.from_bytes(os.urandom(8), "big"))
        time.sleep(0.05)


def hold(endpoint, name, size, count):
    context = zmq.Context()
    sockets, transfers = [], {}
    for _ in range(int(count)):
        one = context.socket(zmq.DEALER)
        one.linger = 0
        one.connect(endpoint)
        sockets.append(one)
        transfers[one] = 0

    def ask(one):
        transfers[one] += 1
        one.send_multipart([b"HNYD1", b"FETCH", struct.pack(">4Q", transfers[one], 4 << 20, 0, int(size)), name.encode()])

    for one in sockets:
        ask(one)
        while one.recv_multipart()[1] != b"CHUNK":  # whoever had the place before may still be told so
            time.sleep(0.1)
            ask(one)
    print("all held", flush=True)
    while True:
        for one in sockets:
            one.send_multipart([b"HNYD1", b"HAVE", struct.pack(">3Q", transfers[one], 0, 0)])
            while one.poll(0):
                if one.recv_multipart()[1] in (b"UNKNOWN", b"REFUSED"):
                    ask(one)
        time.sleep(0.2)


def resident(process):
    for line in open("/proc/%s/status" % process):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])


def descriptors(process):
    return len(os.listdir("/proc/%s/fd" % process))


def crowd(endpoint, count, process):
    """Some read what comes, some never do; none says HAVE. What each is sent is an answer, or busy."""
    before, open_before = resident(process), descriptors(process)
    context = zmq.Context(io_threads=1)
    context.max_sockets = int(count) + 10
    sockets = []
    for i in range(int(count)):
        one = context.socket(zmq.DEALER)
        one.linger = 0
        one.connect(endpoint)
        sockets.append(one)
        one.send_multipart([b"HNYD1", b"INDEX", struct.pack(">QQ", 1, 1 << 62)])
    for one in sockets[::2]:
        if not one.poll(30000):
            sys.exit("a connection has no answer")
        one.recv_multipart()
    during = resident(process)
    for one in sockets:
        one.close()
    context.term()
    end = time.monotonic() + 20
    while descriptors(process) > open_before + 64 and time.monotonic() < end:  # 64: files of what waits to be confirmed
        time.sleep(0.05)
    if descriptors(process) > open_before + 64:
        print("open files:", open_before, descriptors(process), file=sys.stderr)
    print(before, during, resident(process))


class Liar(depot.Depot):
    def say(self, verb, *numbers, data=None):
        if verb == b"CHUNK" and numbers[1] == 0:
            data = bytes([data[0] ^ 1]) + data[1:]
        super().say(verb, *numbers, data=data)


def liar(endpoint, path, key, server):
    try:
        print("stored", Liar(endpoint, key, server).push(path))
    except depot.Refused as reason:
        if not str(reason).startswith("damaged"):
            print(reason)


def slow(endpoint, name, size):
    depot.CREDIT = 1 << 18
    for _, data in depot.Depot(endpoint).pull(b"FETCH", name.encode(), 0, int(size)):
        sys.stdout.buffer.write(data)
        time.sleep(0.01)


def offer(endpoint, name):
    one = depot.Depot(endpoint)
    one.transfer = 1
    one.say(b"OFFER", 1, 5, 100, data=name.encode())
    verb, _, rest = one.hear(lambda: None)
    if verb != b"REFUSED" or rest[0] != b"not-allowed":
        print("an offer without a key:", verb, rest)
    one.say(b"CHUNK", 1, 0, 100, 0, data=b"x")
    verb, _, rest = one.hear(lambda: None)
    if verb != b"UNKNOWN":
        print("a chunk of nothing:", verb, rest)


def noise(endpoint):
    one = depot.Depot(endpoint)
    number = struct.pack(">Q", 1)
    wrong = [[b"", b""], [b"HNYD1"], [b"HNYD1", b"INDEX"], [b"HNYD1", b"MOON", number], [b"HNY1", b"INDEX", number * 2],
             [b"HNYD1", b"STORED", number], [b"HNYD1"] * 1000, [os.urandom(1000)] * 3]
    for frames in wrong:
        one.socket.send_multipart(frames)
    refused = [[b"HNYD1", b"INDEX", number], [b"HNYD1", b"FETCH", number * 3 + struct.pack(">Q", 9), b"../index.json"],
               [b"HNYD1", b"FETCH", number * 4, b"0" * 64], [b"HNYD1", b"INDEX", number * 2, b"more"]]
    one.transfer = 1
    for frames in refused[1:]:
        one.socket.send_multipart(frames)
        verb, _, rest = one.hear(lambda: None)
        if verb != b"REFUSED" or rest[0] != b"malformed":
            print(frames, verb, rest)
    for verb in (b"HAVE", b"CHUNK"):
        one.say(verb, 1, *((0, 0) if verb == b"HAVE" else (0, 1, 0)), data=b"x" if verb == b"CHUNK" else None)
        said, _, _ = one.hear(lambda: None)
        if said != b"UNKNOWN":
            print(verb, said)
    # Frames that are too large: ZeroMQ hangs up.
    one.socket.send_multipart([b"HNYD1", b"CHUNK", number * 4, bytes(10 << 20)])
    other = depot.Depot(endpoint)
    if not other.index():
        print("no index")


def useless(endpoint, answer):
    socket = zmq.Context().socket(zmq.ROUTER)
    socket.bind(endpoint)
    while True:
        peer, protocol, verb, numbers = socket.recv_multipart()[:4]
        if verb == b"INDEX":
            said = [b"REFUSED", numbers[:8], b"busy", b""]
            if answer == "astray":
                said = [b"CHUNK", numbers[:8] + struct.pack(">3Q", 5, 8, 1), b"xyz"]
            socket.send_multipart([peer, protocol] + said)


{"greedy": greedy, "hold": hold, "crowd": crowd, "liar": liar, "slow": slow, "offer": offer, "noise": noise, "useless": useless}[sys.argv[1]](*sys.argv[2:])
