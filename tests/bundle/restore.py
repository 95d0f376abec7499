#!/usr/bin/env python3
"""restore.py MEMBERS FOLDER: a model's folder from a bundle's members, as bundle/BUNDLE.md describes them, by other
means than the program's: a second reader of the format. Prints who signed it, where somebody did (openssl checks)."""
import array
import base64
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile

members, folder = sys.argv[1:]
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2,
          "U8": 1, "BOOL": 1}
seen = {"bundle.json"}


def member(name, digest):
    seen.add(name)
    with open(os.path.join(members, name), "rb") as file:
        data = file.read()
    assert hashlib.sha256(data).hexdigest() == digest, name
    return data


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


def check_signature(text, manifest):
    signer, signature = text.decode("ascii").splitlines()
    assert len(text) == 159 and signer.startswith("signer ed25519:") and signature.startswith("signature ")
    message = "honyaku bundle signature 1\n%s\n" % hashlib.sha256(manifest).hexdigest()
    parts = {"message": message.encode("ascii"), "signature": base64.b64decode(signature[10:], validate=True),
             # SubjectPublicKeyInfo of Ed25519 (RFC 8410)
             "key": bytes.fromhex("302a300506032b6570032100") + base64.b64decode(signer[15:], validate=True)}
    with tempfile.TemporaryDirectory() as work:
        for name, data in parts.items():
            with open(os.path.join(work, name), "wb") as file:
                file.write(data)
        subprocess.run("openssl pkeyutl -verify -pubin -inkey key -keyform DER -rawin -in message -sigfile signature",
                       cwd=work, shell=True, check=True, stdout=subprocess.DEVNULL)
    print("signed by", signer[7:])


with open(os.path.join(members, "bundle.json"), "rb") as file:
    manifest = file.read()
if os.path.exists(os.path.join(members, "bundle.signature")):
    seen.add("bundle.signature")
    with open(os.path.join(members, "bundle.signature"), "rb") as file:
        check_signature(file.read(), manifest)
manifest = json.loads(manifest)
assert manifest["kind"] == "honyaku bundle" and manifest["version"] == 1
for entry in manifest["files"]:
    name = entry["name"]
    if "tensors" in entry:
        data = member(name + ".header", entry["header"]["sha256"])
        for i, tensor in enumerate(entry["tensors"]):
            planes = [member("%s.%d.%d" % (name, i, k), digest) for k, digest in enumerate(tensor["sha256"])]
            data += restore(tensor, planes)
    else:
        data = member(name, entry["sha256"])
    assert len(data) == entry["bytes"] and hashlib.sha256(data).hexdigest() == entry["sha256"], name
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
assert seen == set(os.listdir(members)), seen ^ set(os.listdir(members))
