"""YAML that cannot surprise: no duplicate keys, no anchors or aliases, no tags of its own, no file over a limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from data_contracts.errors import InputRefused

MOST_DEPTH = 50
SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader in C where it can be had: ours alone are two hundred files, a second of every start without it."""


class _Strict(SAFE):  # type: ignore[misc] # which loader it is shows at run time
    """SafeLoader that refuses what two readers could read in two ways."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that stands twice in one mapping."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.YAMLError(f"key {key!r} stands twice, again on line {key_node.start_mark.line + 1}")
            seen.add(key)
        return dict(super().construct_mapping(node, deep))


def _check(text: str) -> None:
    """Refuse aliases, with which a small file unfolds to a huge one, and depths that no recursion survives."""
    depth = 0
    for event in yaml.parse(text, Loader=SAFE):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("an alias stands in it")
        if depth > MOST_DEPTH:
            raise yaml.YAMLError(f"it is nested more than {MOST_DEPTH} deep")


def plain(path: Path) -> Any:
    """The content of a YAML file of our own."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE)  # noqa: S506 - a safe loader


def load(path: Path, max_bytes: int = 1_000_000) -> Any:
    """The content of a YAML file. Raises InputRefused (cfg.yaml) when it is missing, too large or not strict YAML."""
    if not path.is_file():
        raise InputRefused("cfg.yaml", "there is no such file", where=path)
    if path.stat().st_size > max_bytes:
        raise InputRefused("cfg.yaml", f"the file has more than {max_bytes:,} bytes", where=path)
    try:
        text = path.read_text(encoding="utf-8")
        _check(text)
        return yaml.load(text, Loader=_Strict)  # noqa: S506 - a SafeLoader, made stricter
    except (yaml.YAMLError, ValueError, RecursionError) as fault:  # ValueError: 30 February, bytes that are no UTF-8
        told = " ".join(str(fault).split())
        raise InputRefused("cfg.yaml", f"not YAML that can be trusted: {told}", where=path) from None
