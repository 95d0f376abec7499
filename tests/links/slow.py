"""Slow connections: takes them at one address, leads each on to another, and carries so many bytes a second in each of its
directions.

    slow.py FROM TO BYTES    addresses are paths of sockets, without ipc://
"""
import os
import socket
import sys
import threading
import time

place, target, rate = sys.argv[1], sys.argv[2], int(sys.argv[3])


def carry(source, sink):
    try:
        while data := source.recv(max(1, rate // 20)):
            sink.sendall(data)
            time.sleep(len(data) / rate)
    except OSError:
        pass  # one of the two has gone
    for end in source, sink:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


if os.path.exists(place):
    os.unlink(place)
listener = socket.socket(socket.AF_UNIX)
listener.bind(place)
listener.listen()
while True:
    near, _ = listener.accept()
    far = socket.socket(socket.AF_UNIX)
    try:
        far.connect(target)
    except OSError:
        near.close()
        continue
    for pair in (near, far), (far, near):
        threading.Thread(target=carry, args=pair, daemon=True).start()
