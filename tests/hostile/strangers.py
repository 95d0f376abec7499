"""What strangers may send to a broker: bytes that are no ZMTP, frames that are too large, messages that break the
protocol, and floods of connections. Says what went wrong; nothing where all was as it should be.

    strangers.py HOST PORT
"""
import json
import os
import random
import socket
import struct
import sys
import time

import zmq

host, port = sys.argv[1], int(sys.argv[2])
random.seed(1)


def raw():
    connection = socket.create_connection((host, port))
    connection.settimeout(5)
    return connection


def bytes_that_are_no_zmtp():
    for length in (1, 9, 10, 11, 64, 100000):
        connection = raw()
        try:
            connection.sendall(random.randbytes(length))
        except OSError:
            pass  # hung up on: fine
        connection.close()
    connection = raw()
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.close()


def half_a_greeting(count):
    """Connections that begin well and then say nothing."""
    kept = []
    for _ in range(count):
        connection = raw()
        connection.sendall(b"\xff" + bytes(8) + b"\x7f")
        kept.append(connection)
    return kept


def greeted():
    """A connection past the NULL handshake, on which anything can be said."""
    connection = raw()
    connection.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + b"\x00" + bytes(31))
    ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
    connection.sendall(b"\x04" + bytes([len(ready)]) + ready)
    return connection


def frames_that_are_too_large():
    for size in (100 << 20, 1 << 40, 2**63, 2**64 - 1):
        connection = greeted()
        try:
            connection.sendall(b"\x02" + struct.pack(">Q", size))
            for _ in range(100):
                connection.sendall(bytes(1 << 20))
        except OSError:
            pass  # hung up on
        connection.close()


def an_unfinished_message():
    connection = greeted()
    try:
        for _ in range(100):
            connection.sendall(b"\x01\x05HNY1!")
    except OSError:
        pass  # hung up on
    connection.close()


context = zmq.Context()
identity = random.randbytes(16)


def dealer():
    made = context.socket(zmq.DEALER)
    made.setsockopt(zmq.LINGER, 0)
    made.setsockopt(zmq.RCVTIMEO, 10000)
    made.connect(f"tcp://{host}:{port}")
    return made


def number(n):
    return identity + struct.pack(">Q", n)


def expect_malformed(what, frames):
    made = dealer()
    made.send_multipart(frames)
    answer = made.recv_multipart()
    if answer[2] != b"REFUSED" or json.loads(answer[4])["code"] not in ("malformed", "too-long"):
        print(f"{what}: {answer}")
    made.close()


def messages_that_break_the_protocol():
    head = [b"", b"HNY1", b"TRANSLATE", number(1)]
    expect_malformed("no sentence", head + [b"{}"])
    expect_malformed("broken UTF-8", head + [b"{}", b"\xff\xfe"])
    expect_malformed("a NUL in one of two frames", head + [b"{}", b"a\0b", b"c"])
    expect_malformed("a character that goes on behind a NUL", head + [b"{}", "猫".encode()[:2] + b"\0" + "猫".encode()[2:]])
    expect_malformed("too many sentences in one frame", head + [b"{}", bytes(2000)])
    expect_malformed("millions of them", head + [b"{}", bytes(2 << 20)])
    expect_malformed("options that are no JSON", head + [b"{" * 100000, b"a"])
    expect_malformed("options that nest", head + [b"[" * 100000 + b"]" * 100000, b"a"])
    expect_malformed("too many sentences", head + [b"{}"] + [b"a"] * 2000)
    expect_malformed("more frames than a message may have", head + [b"{}"] + [b"a"] * 5000)
    expect_malformed("options that are too long", head + [b'{"x": "' + b"a" * 20000 + b'"}', b"a"])
    expect_malformed("too much text", head + [b"{}", b"a" * (1 << 20), b"a"])
    silent = dealer()
    for frames in (
        [b""], [b"", b""], [b"x", b"HNY1", b"TRANSLATE", number(1), b"", b"a"], [b"", b"HNY2", b"TRANSLATE", number(1), b"", b"a"],
        [b"", b"HNY1", b"TRANSLATE", b"short", b"", b"a"], [b"", b"HNY1", b"NONSENSE", number(1), b""],
        [b"", b"HNY1", b"READY", number(1), b'{"credit": 9}', b"en-ja"], [b"", b"HNY1", b"DONE", number(1), b"", b"a"],
        [b"", b"HNY1", b"BEAT", number(1), b"", bytes(24)], [b"", b"HNY1", b"RECEIVED", number(2**64 - 1), b""],
        [b"", b"HNY1", b"CANCEL", number(0), b""], [b""] * 5000, [random.randbytes(50) for _ in range(10)],
    ):
        silent.send_multipart(frames)
    for _ in range(2000):
        silent.send_multipart([random.choice((b"", b"HNY1", b"TRANSLATE", number(3), b"{}", b"a", os.urandom(9))) for _ in range(random.randrange(1, 9))])
    silent.close()


def one_that_never_reads():
    """Asks for the same large answer again and again, and takes none."""
    made = dealer()
    made.setsockopt(zmq.RCVHWM, 1)
    for _ in range(3000):
        made.send_multipart([b"", b"HNY1", b"TRANSLATE", number(7), b"{}", b"a" * 500000], zmq.NOBLOCK) if _ == 0 else made.send_multipart(
            [b"", b"HNY1", b"TRANSLATE", number(7), b"{}", b"a"])
    return made


kept = half_a_greeting(500)
bytes_that_are_no_zmtp()
frames_that_are_too_large()
an_unfinished_message()
messages_that_break_the_protocol()
deaf = one_that_never_reads()
time.sleep(1)
