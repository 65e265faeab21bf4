"""Model files of the same bytes for the same model: reports quote a file's sha256, and a second state must get the same.

skops names arrays and numbers objects by where they lay in memory and stamps the time on every part; here parts are
numbered in the order in which the schema names them, padding inside arrays is zero and every part bears one date.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np

TRUSTED = ("sklearn.tree._tree.Tree",)
SCHEMA = "schema.json"
PLAIN = ("JsonNode", "TypeNode")
"""Nodes of values that cannot change: whether two equal ones are one object is chance, so equal ones are made one."""


def dumped(estimator: Any) -> bytes:
    """The file of an estimator: equal estimators give equal bytes."""
    import skops.io

    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(estimator))) as parts:
        schema, names = json.loads(parts.read(SCHEMA)), dict[str, str]()
        _renumber(schema, {}, names)
        content = {new: parts.read(old) for old, new in names.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as whole:
        for name, part in sorted(content.items()):
            whole.writestr(zipfile.ZipInfo(name), _without_chance(part) if name.endswith(".npy") else part)
        whole.writestr(zipfile.ZipInfo(SCHEMA), json.dumps(schema))
    return out.getvalue()


def opened(content: bytes) -> Any:
    """The estimator in a model file; types outside `TRUSTED` are refused by skops."""
    import skops.io

    return skops.io.loads(content, trusted=list(TRUSTED))


def _renumber(node: Any, numbers: dict[Any, int], names: dict[str, str]) -> None:
    """Number objects and name files by their order in the schema, in place; `names` gets the new name of each file."""
    if isinstance(node, list):
        for part in node:
            _renumber(part, numbers, names)
    if not isinstance(node, dict):
        return
    if "__id__" in node:
        plain = node.get("__loader__") in PLAIN
        known = json.dumps({**node, "__id__": None}, sort_keys=True) if plain else node["__id__"]
        node["__id__"] = numbers.setdefault(known, len(numbers))
    if isinstance(node.get("file"), str):
        ending = node["file"].rpartition(".")[2]
        node["file"] = names.setdefault(node["file"], f"{len(names):06d}.{ending}")
    for part in node.values():
        _renumber(part, numbers, names)


def _without_chance(part: bytes) -> bytes:
    """An array's bytes with zeros where a structured type has room between its fields: what lies there is chance."""
    array = np.load(io.BytesIO(part), allow_pickle=False)
    if array.dtype.names is None:
        return part
    clean = np.zeros(array.size * array.dtype.itemsize, np.uint8).view(array.dtype).reshape(array.shape)
    for name in array.dtype.names:
        clean[name] = array[name]
    out = io.BytesIO()
    np.save(out, clean, allow_pickle=False)
    return out.getvalue()
