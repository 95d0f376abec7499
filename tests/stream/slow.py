"""A slow connection: takes one at an address, leads it on to another, and carries so many bytes a second down. Says at
its end how many those were.

    slow.py FROM TO BYTES    addresses are paths of sockets, without ipc://
"""
import os
import select
import socket
import sys
import time

place, target, rate = sys.argv[1], sys.argv[2], int(sys.argv[3])
if os.path.exists(place):
    os.unlink(place)
listener = socket.socket(socket.AF_UNIX)
listener.bind(place)
listener.listen()
carried = 0
above, _ = listener.accept()
below = socket.socket(socket.AF_UNIX)
below.connect(target)
try:
    while True:
        ready, _, _ = select.select([above, below], [], [])
        if below in ready:
            data = below.recv(65536)
            if not data:
                break
            above.sendall(data)
        if above in ready:
            data = above.recv(rate // 20)
            if not data:
                break
            below.sendall(data)
            carried += len(data)
            time.sleep(len(data) / rate)
except OSError:
    pass  # one of the two has gone
print(carried)
