"""Serves a depot over HTTP on a free port of this machine, which is printed, and does under each of some paths what a
depot should not: hostile.py DEPOT. The name of the path says what."""
import http.server
import os
import re
import socketserver
import sys
import time

DEPOT = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    broken_off = 0

    def log_message(self, *_):
        pass

    def crawl(self, data):
        for byte in data[:200]:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.05)

    def head(self, status, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def do_index(self, way, data):
        if way == "endless-index":
            self.head(200)
            while True:
                self.wfile.write(b" " * 65536)
        if way == "crawling-index":
            self.head(200, Content_Length=len(data))
            return self.crawl(data)
        self.head(200, Content_Length=len(data))
        self.wfile.write(data)

    def do_file(self, way, data):
        wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        if way == "busy":
            return self.head(503, Content_Length=0)
        if way == "gone":
            return self.head(404, Content_Length=0)
        if way == "altered":
            data = data[:100] + bytes([data[100] ^ 1]) + data[101:]
        if way == "too-much":
            data += b"more"
        if way == "too-much-unstated":
            self.head(200)
            return self.wfile.write(data + b"more")
        if way == "dies":  # before anything comes
            return self.head(200, Content_Length=len(data))
        if way == "crawls":
            self.head(200, Content_Length=len(data))
            return self.crawl(data)
        if way == "other-range" and wanted:
            self.head(206, Content_Length=len(data) - 7, Content_Range=f"bytes 7-{len(data) - 1}/{len(data)}")
            return self.wfile.write(data[7:])
        if way == "no-range-stated" and wanted:
            self.head(206, Content_Length=len(data) - start)
            return self.wfile.write(data[start:])
        if wanted:
            self.head(206, Content_Length=len(data) - start, Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.head(200, Content_Length=len(data))
        if way == "breaks-off":
            return self.wfile.write(data[start:start + 100000])
        self.wfile.write(data[start:])

    def do_GET(self):
        way, name = self.path[1:].split("/", 1)
        with open(os.path.join(DEPOT, name), "rb") as file:
            data = file.read()
        try:
            self.do_index(way, data) if name == "index.json" else self.do_file(way, data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.close_connection = True


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
