#!/usr/bin/env python3
"""restore.py MEMBERS FOLDER [BASE...]: a model's folder from a bundle's members, as bundle/BUNDLE.md describes them, by
other means than the program's: a second reader of the format. Of a delta, each BASE holds the members of a bundle that
it builds on, the newest first. Prints who signed it, where somebody did (openssl checks)."""
import array
import base64
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile

folder = sys.argv[2]
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2,
          "U8": 1, "BOOL": 1}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def f32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def join(planes):
    data = bytearray(len(planes) * len(planes[0]))
    for i, plane in enumerate(planes):
        data[i::len(planes)] = plane
    return bytes(data)


def unrotate(data, width):
    code = {2: "H", 4: "I"}[width]
    words = array.array(code, data)
    top = 8 * width - 1
    return array.array(code, [word >> 1 | (word & 1) << top for word in words]).tobytes()


def restore_int8(tensor, q, largest):
    rows, columns = tensor["shape"]
    numbers = array.array("f")
    for row, most in enumerate(struct.unpack("<%df" % rows, largest)):
        scale = f32(most / 127)
        for byte in q[row * columns:(row + 1) * columns]:
            value = byte - 128
            numbers.append(f32(value * scale) if abs(value) < 127 else most if value > 0 else -most)
    return numbers.tobytes()


def restore(tensor, planes):
    layout, width = tensor["layout"], WIDTHS[tensor["type"]]
    if layout == "int8":
        return restore_int8(tensor, *planes)
    if layout == "bytes":
        return join(planes)
    if layout == "rotated":
        return unrotate(join(planes), width)
    assert layout == "bf16", layout
    return join([bytes(len(planes[0]))] * 2 + [unrotate(join(planes), 2)[i::2] for i in range(2)])


def check_signature(text, manifest, full):
    signer, *signatures = text.decode("ascii").splitlines()
    delta = full != sha256(manifest)
    assert len(text) == (254 if delta else 159) and signer.startswith("signer ed25519:")
    assert [line.split(" ")[0] for line in signatures] == ["signature", "whole"][:1 + delta]
    for line, digest in zip(signatures, (sha256(manifest), full)):
        check_line(signer, line.split(" ")[1], digest)
    print("signed by", signer[7:])


def check_line(signer, signature, digest):
    message = "honyaku bundle signature 1\n%s\n" % digest
    parts = {"message": message.encode("ascii"), "signature": base64.b64decode(signature, validate=True),
             # SubjectPublicKeyInfo of Ed25519 (RFC 8410)
             "key": bytes.fromhex("302a300506032b6570032100") + base64.b64decode(signer[15:], validate=True)}
    with tempfile.TemporaryDirectory() as work:
        for name, data in parts.items():
            with open(os.path.join(work, name), "wb") as file:
                file.write(data)
        subprocess.run("openssl pkeyutl -verify -pubin -inkey key -keyform DER -rawin -in message -sigfile signature",
                       cwd=work, shell=True, check=True, stdout=subprocess.DEVNULL)


def xor(new, base):
    return bytes(a ^ b for a, b in zip(new, base))


def words(planes):
    return [int.from_bytes(bytes(word), "little") for word in zip(*planes)]


def undo_difference(planes, base, real):
    bits = 8 * len(planes)
    width = bits - real
    order = list(range(len(base[0])))
    if real:
        order.sort(key=lambda i: base[-1][i])
    numbers, olds, news = words(planes), words(base), [0] * len(order)
    for place, i in enumerate(order):
        sign, folded = numbers[place] >> width, numbers[place] % 2**width
        less = -(folded + 1) // 2 if folded % 2 else folded // 2
        news[i] = ((olds[i] >> real) + less) % 2**width
        if real:
            news[i] = news[i] << 1 | (olds[i] & 1 ^ sign)
    return [bytes(word >> 8 * k & 255 for word in news) for k in range(len(planes))]


def undo_change(tensor, planes, base):
    if tensor["change"] == "difference" and tensor["layout"] == "int8":
        return undo_difference(planes[:1], base[:1], 0) + [xor(planes[1], base[1])]
    if tensor["change"] == "difference":
        return undo_difference(planes, base, int(tensor["layout"] in ("rotated", "bf16")))
    assert tensor["change"] == "xor", tensor["change"]
    return [xor(*pair) for pair in zip(planes, base)]


class Bundle:
    def __init__(self, folders):
        self.folder, self.seen = folders[0], {"bundle.json"}
        with open(os.path.join(self.folder, "bundle.json"), "rb") as file:
            text = file.read()
        self.manifest = json.loads(text)
        self.full = self.manifest.get("full", sha256(text))
        assert self.manifest["kind"] == "honyaku bundle" and self.manifest["version"] == 1
        self.base = Bundle(folders[1:]) if self.manifest["parent"] else None
        assert not self.base or self.base.full == self.manifest["parent"]
        signature = os.path.join(self.folder, "bundle.signature")
        if os.path.exists(signature):
            self.seen.add("bundle.signature")
            with open(signature, "rb") as file:
                check_signature(file.read(), text, self.full)
        self.files = {entry["name"]: entry for entry in self.manifest["files"]}

    def member(self, name, digest):
        self.seen.add(name)
        with open(os.path.join(self.folder, name), "rb") as file:
            data = file.read()
        assert sha256(data) == digest, name
        return data

    def first(self, name):
        split = "tensors" in self.files[name]
        entry = self.files[name]["header"] if split else self.files[name]
        if entry.get("change") == "same":
            return self.base.first(name)
        return self.member(name + ".header" if split else name, entry["sha256"])

    def planes(self, name, tensor_name):
        for i, tensor in enumerate(self.files[name]["tensors"]):
            if tensor["name"] == tensor_name:
                break
        change = tensor.get("change")
        if change == "same":
            planes = self.base.planes(name, tensor_name)
        else:
            digests = tensor["members"] if change else tensor["sha256"]
            planes = [self.member("%s.%d.%d" % (name, i, k), digest) for k, digest in enumerate(digests)]
        if change in ("xor", "difference"):
            planes = undo_change(tensor, planes, self.base.planes(name, tensor_name))
        assert [sha256(plane) for plane in planes] == tensor["sha256"], tensor_name
        return planes


bundle = Bundle(sys.argv[1:2] + sys.argv[3:])
for entry in bundle.manifest["files"]:
    name = entry["name"]
    data = bundle.first(name)
    for tensor in entry.get("tensors", []):
        data += restore(tensor, bundle.planes(name, tensor["name"]))
    assert len(data) == entry["bytes"] and sha256(data) == entry["sha256"], name
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
assert bundle.seen == set(os.listdir(bundle.folder)), bundle.seen ^ set(os.listdir(bundle.folder))
