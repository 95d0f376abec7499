#!/usr/bin/python3
"""A depot's client, written from pipeline/DEPOT-PROTOCOL.md.

    depot.py ENDPOINT index                  prints index.json
    depot.py ENDPOINT fetch FILE BYTES       writes the file with the SHA-256 FILE to standard output
    depot.py ENDPOINT push PATH KEY SERVER   KEY: a file as honyaku keygen curve makes; SERVER: one with a public key
"""
import hashlib
import os
import struct
import sys
import time
import zmq

CREDIT, BEAT, GONE = 1 << 20, 1.0, 30.0


class Refused(Exception):
    pass


class Depot:
    def __init__(self, endpoint, key=None, server=None):
        self.socket = zmq.Context().socket(zmq.DEALER)
        if server:
            words = open(key).read().split()
            self.socket.curve_publickey, self.socket.curve_secretkey = words[1].encode(), words[3].encode()
            self.socket.curve_serverkey = open(server).read().split()[0].encode()
        self.socket.connect(endpoint)
        self.transfer = 0

    def say(self, verb, *numbers, data=None):
        frames = [b"HNYD1", verb, struct.pack(">%dQ" % len(numbers), *numbers)]
        self.socket.send_multipart(frames + ([] if data is None else [data]))

    def hear(self, beat):
        """The next message about the transfer: (verb, its numbers behind the transfer, what follows them). Calls BEAT after every
        second without one."""
        heard = time.monotonic()
        while time.monotonic() - heard < GONE:
            if not self.socket.poll(1000 * BEAT):
                beat()
                continue
            protocol, verb, numbers, *rest = self.socket.recv_multipart()
            numbers = struct.unpack(">%dQ" % (len(numbers) // 8), numbers)
            if protocol == b"HNYD1" and numbers[0] == self.transfer:
                return verb, numbers[1:], rest
        raise Refused("nobody is there")

    def wait_or_fail(self, rest):
        if rest[0] not in (b"busy", b"shutting-down"):
            raise Refused("%s %s" % (rest[0].decode(), rest[1].decode()))
        time.sleep(0.2)

    def pull(self, verb, data, offset, end):
        """Yields (offset, bytes); an index begins at 0 again where it has to be asked for anew."""
        token, again, begun = 0, True, offset
        while end is None or offset < end:
            if again:
                self.transfer, token, again = self.transfer + 1, 0, False
                offset = begun if verb == b"INDEX" else offset
                confirmed = offset
                places = () if verb == b"INDEX" else (offset, end)
                self.say(verb, self.transfer, CREDIT, *places, data=data)
            said, numbers, rest = self.hear(lambda: self.say(b"HAVE", self.transfer, offset, token))
            if said == b"REFUSED":
                self.wait_or_fail(rest)
            again = said in (b"REFUSED", b"UNKNOWN")
            if said != b"CHUNK":
                continue
            assert numbers[0] == offset
            yield offset, rest[0]
            offset, end, token = offset + len(rest[0]), numbers[1], numbers[2]
            if offset == end or offset - confirmed >= CREDIT // 8:
                self.say(b"HAVE", self.transfer, offset, token)
                confirmed = offset

    def index(self):
        text = b""
        for offset, data in self.pull(b"INDEX", None, 0, None):
            text = text[:offset] + data
        return text

    def push(self, path):
        content = open(path, "rb").read()
        name, size = hashlib.sha256(content).hexdigest().encode(), len(content)
        session, theirs, sent, may = struct.unpack(">Q", os.urandom(8))[0], None, 0, 0
        again = True
        while True:
            if again:
                self.transfer, theirs, sent, may, again = self.transfer + 1, None, 0, 0, False
                self.say(b"OFFER", self.transfer, session, size, data=name)
            while sent < may:
                data = content[sent:min(may, sent + 100000)]
                self.say(b"CHUNK", self.transfer, sent, size, 0, data=data)
                sent += len(data)
            verb, numbers, rest = self.hear(lambda: self.say(b"OFFER", self.transfer, session, size, data=name))
            if verb == b"STORED":
                return name.decode()
            if verb == b"REFUSED":
                self.wait_or_fail(rest)
            again = verb in (b"REFUSED", b"UNKNOWN")
            if verb == b"WANT":
                if numbers[0] != theirs:
                    theirs, sent = numbers[0], numbers[1]
                may = numbers[2]


def main():
    endpoint, what, *words = sys.argv[1:]
    try:
        if what == "index":
            sys.stdout.write(Depot(endpoint).index().decode())
        elif what == "fetch":
            for _, data in Depot(endpoint).pull(b"FETCH", words[0].encode(), 0, int(words[1])):
                sys.stdout.buffer.write(data)
        else:
            print(Depot(endpoint, words[1], words[2]).push(words[0]))
    except Refused as reason:
        sys.exit("refused: %s" % reason)


if __name__ == "__main__":
    main()
