#!/usr/bin/python3
"""The end of a stream, written from the page pipeline/PROTOCOL.md alone: prints what comes by a link, in order.

    sink.py ENDPOINT
"""
import os
import struct
import sys
import time

import zmq

WINDOW, BYTES, UNKNOWN = 1024, 1 << 20, 2**64 - 1
socket = zmq.Context().socket(zmq.ROUTER)
socket.bind(sys.argv[1])
session = int.from_bytes(os.urandom(8), "big")
stored, stream, refused, here, told, peer, heard, end = None, 0, 0, {}, 0, None, 0, None


def tell():
    bits = bytearray(WINDOW // 8)
    for number in here:
        bits[(number - stored - 1) // 8] |= 1 << (number - stored - 1) % 8
    numbers = struct.pack(">6Q", session, stream, stored, refused, stored + WINDOW, BYTES)
    socket.send_multipart([peer, b"HNYL1", b"STATE", numbers, bytes(bits)])


while True:
    if not socket.poll(50):
        if peer and stored is not None and time.monotonic() - told > 0.2:
            told = time.monotonic()
            tell()
        if stored is not None and stored == end and time.monotonic() - heard > 10:
            break  # CLOSE was lost
        continue
    heard = time.monotonic()
    peer, protocol, verb, packed, *pieces = socket.recv_multipart()
    assert protocol == b"HNYL1", protocol
    numbers = struct.unpack(f">{len(packed) // 8}Q", packed)
    stream = stream or numbers[1]
    if stored is None:
        stored = 0 if numbers[2] == UNKNOWN else numbers[2]
    if verb == b"CLOSE":
        break
    if verb == b"RECORD" and stored < numbers[4] <= stored + WINDOW:
        here[numbers[4]] = (pieces, numbers[5])
    before = stored
    while stored + 1 in here:
        stored += 1
        pieces, flags = here.pop(stored)
        refused += flags >> 1 & 1
        end = stored if flags & 1 else None
        for text in pieces if len(pieces) < 2 else pieces[1::2]:
            sys.stdout.buffer.write(text + b"\n")
    sys.stdout.flush()
    if verb == b"HELLO" or stored > before:
        tell()
