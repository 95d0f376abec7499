#!/usr/bin/python3
"""The simplest client: a REQ socket that sends a sentence gets its translation.

    req.py ENDPOINT < sentences
"""
import sys
import zmq

socket = zmq.Context().socket(zmq.REQ)
socket.connect(sys.argv[1])
for line in sys.stdin:
    socket.send_string(line.rstrip("\n"))
    answer = socket.recv()
    if answer.startswith(b"\0"):
        sys.exit("refused: " + answer[1:].decode())
    print(answer.decode())
