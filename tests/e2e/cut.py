"""An independent reader of cuts: safetensors by hand, tables assembled with numpy."""

import hashlib
import json
import pathlib
import struct

import numpy as np

DTYPES = {"F32": "<f4", "F64": "<f8", "U64": "<u8", "I64": "<i8", "U32": "<u4", "U8": "u1"}


def read_safetensors(path):
    """Returns ({name: array}, metadata)."""
    data = pathlib.Path(path).read_bytes()
    (header_bytes,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + header_bytes])
    metadata = header.pop("__metadata__", {})
    body = memoryview(data)[8 + header_bytes:]
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        arrays[name] = np.frombuffer(body[begin:end], DTYPES[entry["dtype"]]).reshape(
            entry["shape"])
    return arrays, metadata


class Cut:
    """The newest cut below a folder."""

    def __init__(self, folder):
        manifests = sorted(pathlib.Path(folder).glob("**/manifest.json"))
        if not manifests:
            raise AssertionError(f"no manifest.json below {folder}")
        self.path = manifests[-1].parent
        self.manifest = json.loads(manifests[-1].read_text())
        files = {entry.get("shard", 0): entry["name"] for entry in self.manifest["files"]}
        # Per table: dense rows [rows, dim], or {key: row}.
        self.dense, self.sparse, self.progress = {}, {}, []
        for shard in self.manifest["shards"]:
            table = self.manifest["tables"][shard.get("table", 0)]
            arrays, _ = read_safetensors(self.path / files[shard.get("shard", 0)])
            self.progress.append(arrays["progress"])
            if table["kind"] == "TABLE_KIND_DENSE":
                self.dense.setdefault(table["name"], []).append(
                    (int(shard.get("first_row", 0)), arrays["rows"]))
            else:
                self.sparse.setdefault(table["name"], {}).update(
                    zip(arrays["keys"].tolist(), arrays["rows"]))
        self.dense = {
            name: np.concatenate([rows for _, rows in sorted(parts, key=lambda part: part[0])])
            for name, parts in self.dense.items()}

    def sha256(self):
        """parameters_sha256 as docs/checkpoint.md defines it."""
        digest = hashlib.sha256()
        for table in sorted(self.manifest["tables"], key=lambda t: t["name"].encode()):
            name, dim = table["name"], table["dim"]
            if name in self.dense:
                rows = list(enumerate(self.dense[name]))
                kind = 0
            else:
                rows = sorted(self.sparse[name].items())
                kind = 1
            digest.update(name.encode() + b"\0" + bytes([kind]))
            digest.update(struct.pack("<QI", len(rows), dim))
            for key, row in rows:
                digest.update(struct.pack("<Q", key) + row.astype("<f4").tobytes())
        return digest.hexdigest()
