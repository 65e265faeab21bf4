"""YAML that cannot surprise: no duplicate keys, no anchors or aliases, no tags of its own, no file over a limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from data_contracts.errors import InputRefused


class _Strict(yaml.SafeLoader):
    """SafeLoader that refuses what two readers could read in two ways."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases: a small file could unfold to a huge one."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias stands in it")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that stands twice in one mapping."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.YAMLError(f"key {key!r} stands twice, again on line {key_node.start_mark.line + 1}")
            seen.add(key)
        return super().construct_mapping(node, deep)


def load(path: Path, max_bytes: int = 1_000_000) -> Any:
    """The content of a YAML file. Raises InputRefused (cfg.yaml) when it is missing, too large or not strict YAML."""
    if not path.is_file():
        raise InputRefused("cfg.yaml", "there is no such file", where=path)
    if path.stat().st_size > max_bytes:
        raise InputRefused("cfg.yaml", f"the file has more than {max_bytes:,} bytes", where=path)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Strict)  # noqa: S506 - a SafeLoader, made stricter
    except (yaml.YAMLError, ValueError, RecursionError) as fault:  # ValueError: 30 February, bytes that are no UTF-8
        told = " ".join(str(fault).split())
        raise InputRefused("cfg.yaml", f"not YAML that can be trusted: {told}", where=path) from None
