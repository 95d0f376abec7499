#!/usr/bin/python3
"""A client that loses nothing, written from pipeline/PROTOCOL.md: a DEALER socket that numbers its requests, asks again until
each is answered, and takes each answer once.

    dealer.py ENDPOINT [OPTIONS] < sentences        OPTIONS: a JSON object, as {"nbest": 2}

Prints a line a sentence: the translation, or with options that ask for more the JSON that tells it.
"""
import json
import struct
import sys
import time
import uuid
import zmq

AGAIN, PING = 2.0, 10.0


class Client:
    def __init__(self, endpoint):
        self.socket = zmq.Context().socket(zmq.DEALER)
        self.socket.connect(endpoint)
        self.uuid = uuid.uuid4().bytes
        self.last = 0
        self.pending = {}  # number: [options, sentences, when to ask again, how long to wait then]
        self.said = time.monotonic()

    def say(self, command, number, options=b"", sentences=()):
        self.said = time.monotonic()
        self.socket.send_multipart(
            [b"", b"HNY1", command, self.uuid + struct.pack(">Q", number), options, *sentences])

    def ask(self, number):
        request = self.pending[number]
        request[2] = time.monotonic() + request[3]
        request[3] = min(2 * request[3], 8 * AGAIN)
        self.say(b"TRANSLATE", number, request[0], request[1])

    def translate(self, options, *sentences):
        self.last += 1
        self.pending[self.last] = [json.dumps(options).encode(), [s.encode() for s in sentences], 0, AGAIN]
        self.ask(self.last)
        return self.last

    def tick(self):
        now = time.monotonic()
        for number in [n for n, request in self.pending.items() if now >= request[2]]:
            self.ask(number)
        if self.pending and now - self.said >= PING:
            self.say(b"PING", self.last)

    def answers(self):
        """Yields (number, options, translations), or (number, refusal's code, None), until all requests are answered."""
        while self.pending:
            self.tick()
            if not self.socket.poll(250):
                continue
            _, protocol, command, name, options, *texts = self.socket.recv_multipart()
            number = struct.unpack(">Q", name[16:])[0]
            if protocol != b"HNY1" or name[:16] != self.uuid or number not in self.pending:
                continue
            if command == b"ACCEPTED":
                self.pending[number][2] = time.monotonic() + 8 * AGAIN
            elif command == b"TRANSLATED":
                del self.pending[number]
                yield number, json.loads(options or b"{}"), [t.decode() for t in texts]
            elif command == b"REFUSED":
                del self.pending[number]
                yield number, json.loads(options)["code"], None
            if command in (b"TRANSLATED", b"REFUSED"):
                self.say(b"RECEIVED", min(self.pending, default=self.last + 1) - 1)


def main():
    client = Client(sys.argv[1])
    options = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    count = sum(1 for line in sys.stdin if client.translate(options, line.rstrip("\n")))
    answers = {number: (about, texts) for number, about, texts in client.answers()}
    for number in range(1, count + 1):
        about, texts = answers[number]
        if texts is None:
            sys.exit("line %d: refused: %s" % (number, about))
        print(json.dumps(about["lines"][0], ensure_ascii=False) if about else texts[0])


if __name__ == "__main__":
    main()
