#!/usr/bin/python3
"""A client that loses nothing, written from pipeline/PROTOCOL.md: a DEALER socket that numbers its requests, asks again until
each is answered, and takes each answer once.

    dealer.py ENDPOINT [OPTIONS [BATCH]] < sentences        OPTIONS: a JSON object, as {"nbest": 2}

Prints a line a sentence: the translation, or with options that ask for more the JSON that tells it. With BATCH, so many sentences
a request, together in one frame.
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

    def translate(self, options, *sentences, together=False):
        self.last += 1
        texts = [s.encode() for s in sentences]
        self.pending[self.last] = [json.dumps(options).encode(), [b"\0".join(texts)] if together else texts, 0, AGAIN]
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
                if (len(texts) == 1) != (len(request := self.pending.pop(number)[1]) == 1):
                    sys.exit("%d frames answer %d" % (len(texts), len(request)))
                yield number, json.loads(options or b"{}"), [t.decode() for frame in texts for t in frame.split(b"\0")]
            elif command == b"REFUSED":
                del self.pending[number]
                yield number, json.loads(options)["code"], None
            if command in (b"TRANSLATED", b"REFUSED"):
                self.say(b"RECEIVED", min(self.pending, default=self.last + 1) - 1)


def main():
    client = Client(sys.argv[1])
    options = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    batch = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    lines = [line.rstrip("\n") for line in sys.stdin]
    for first in range(0, len(lines), batch):
        client.translate(options, *lines[first:first + batch], together=batch > 1)
    answers = {number: (about, texts) for number, about, texts in client.answers()}
    for number in sorted(answers):
        about, texts = answers[number]
        if texts is None:
            sys.exit("request %d: refused: %s" % (number, about))
        for text in [json.dumps(line, ensure_ascii=False) for line in about["lines"]] if about else texts:
            print(text)


if __name__ == "__main__":
    main()
