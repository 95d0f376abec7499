#!/usr/bin/env python3
"""Reads a safetensors file with Python's standard library alone, as the format's description has it and sharing nothing
with the writer under test, and checks what a strict reader checks. Prints the metadata as one line of JSON, then a line
for each tensor in the order of the bytes: name, dtype, shape and values, tab between them."""
import json
import math
import struct
import sys

FORMATS = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i", "I16": "h", "I8": "b",
           "U64": "Q", "U32": "I", "U16": "H", "U8": "B", "BOOL": "?"}
SIZES = {name: struct.calcsize("<" + code) for name, code in FORMATS.items()} | {"BF16": 2}


def without_duplicates(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key comes twice: {keys}"
    return dict(pairs)


def values_of(dtype, data):
    if dtype == "BF16":  # the upper half of a float32
        return [struct.unpack("<f", b"\0\0" + data[i:i + 2])[0] for i in range(0, len(data), 2)]
    return list(struct.unpack(f"<{len(data) // SIZES[dtype]}{FORMATS[dtype]}", data))


def main(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack_from("<Q", content)
    header_text, data = content[8:8 + length], content[8 + length:]
    assert len(header_text) == length, "the header breaks off"
    assert header_text[:1] == b"{", "the header begins with a brace"
    assert (8 + length) % 64 == 0, "data starts at a multiple of 64"
    header = json.loads(header_text.decode("utf-8"), object_pairs_hook=without_duplicates)
    metadata = header.pop("__metadata__", {})
    assert all(isinstance(value, str) for value in metadata.values()), "metadata are texts"
    print(json.dumps(metadata))

    expected = 0
    for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        assert set(tensor) == {"dtype", "shape", "data_offsets"}, f"{name}: its keys are {set(tensor)}"
        begin, end = tensor["data_offsets"]
        size = SIZES[tensor["dtype"]]
        assert begin == expected, f"{name}: begins at {begin}, the tensor before it ends at {expected}"
        assert end - begin == size * math.prod(tensor["shape"]), f"{name}: range and shape disagree"
        assert (8 + length + begin) % size == 0, f"{name}: not aligned"
        print(name, tensor["dtype"], json.dumps(tensor["shape"]), json.dumps(values_of(tensor["dtype"], data[begin:end])),
              sep="\t")
        expected = end
    assert expected == len(data), f"{len(data) - expected} bytes behind the last tensor"


main(sys.argv[1])
