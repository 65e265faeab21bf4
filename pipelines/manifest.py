"""The manifest of a run: what went in, what came out, under which versions, how long it took.

Its timings and the run id are the only bytes of a run folder that a rerun may change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digest(facts: Mapping[str, Any]) -> str:
    """Hex SHA-256 of facts in canonical JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def run_folders(runs: Path) -> list[Path]:
    """The folders of published runs that still stand, oldest first."""
    return sorted((p.parent for p in runs.glob("*/manifest.json")), key=lambda folder: int(read(folder)["run_seq"]))


def files(folder: Path) -> dict[str, Path]:
    """Every file below a run folder by relative name, the manifest excepted."""
    found = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / "manifest.json")
    return {str(p.relative_to(folder)): p for p in found}


def of_outputs(folder: Path) -> dict[str, dict[str, Any]]:
    """Per file below a run folder: sha256, and rows where it is Parquet."""
    out: dict[str, dict[str, Any]] = {}
    for name, path in files(folder).items():
        out[name] = {"sha256": sha256(path)}
        if path.suffix == ".parquet":
            out[name]["rows"] = pq.read_metadata(path).num_rows
    return out


def write(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write `manifest.json`, keys sorted."""
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a published run."""
    return dict(json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def faults(folder: Path) -> list[str]:
    """What differs between a run folder and its manifest: one sentence each, none when it is whole."""
    promised = read(folder)["outputs"]
    found = files(folder)
    out = [f"{name} is missing" for name in sorted(promised.keys() - found.keys())]
    out += [f"{name} is not in the manifest" for name in sorted(found.keys() - promised.keys())]
    out += [
        f"{name} was altered: its SHA-256 is not the manifest's"
        for name in sorted(promised.keys() & found.keys())
        if promised[name]["sha256"] != sha256(found[name])
    ]
    return out
