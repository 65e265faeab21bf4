"""The register of bad input: every row of the design's table has a test that names its code, and no code is without one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines.ingest.test_documented import issued

HERE = Path(__file__).parent
REGISTER = yaml.safe_load((HERE / "bad_input.yaml").read_text(encoding="utf-8"))
ENTRIES: list[tuple[str, dict[str, Any]]] = [
    *((str(n), e) for n, e in REGISTER["rows"].items()),
    *((e["code"], e) for e in REGISTER["more"]),
]
LAST = 80
# What a code refuses beyond feeds is tested where it is given: here only that it is registered.
ELSEWHERE = {"cfg.policy"}


@cache
def functions(path: Path) -> dict[str, str]:
    """The tests of a file: the source of each, with the module's tables and helpers, which it may name its code through."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")}
    beside = "\n".join(ast.unparse(n) for n in tree.body if n not in tests.values())
    return {name: f"{beside}\n{ast.unparse(test)}" for name, test in tests.items()}


def shown(place: str) -> str:
    """What stands in a test, or in a file of cases, which one runner plays whole."""
    file, _, name = place.partition("::")
    path = (HERE.parent / file).resolve()
    if not name:
        return path.read_text(encoding="utf-8")
    assert name in functions(path), f"{place} is not there"
    return functions(path)[name]


def named(entry: dict[str, Any]) -> Iterator[str]:
    """What a test may call a code: by itself or in its name."""
    said = str(entry.get("says", entry["code"]))
    yield from (said, "test_" + said.replace(".", "_"), said.replace(".", r"\\."))


@pytest.mark.parametrize(("number", "entry"), ENTRIES, ids=[n for n, _ in ENTRIES])
def test_each_row_of_the_table_has_tests_that_name_its_code(number: str, entry: dict[str, Any]) -> None:
    assert entry["outcome"] in tuple("FQRNA") and entry["tests"]
    for place in entry["tests"]:
        text = shown(place)
        assert any(word in text for word in named(entry)), f"{place} does not name {entry['code']}"


def test_the_register_is_whole() -> None:
    numbers = {int(str(n).rstrip("b")) for n in REGISTER["rows"]}
    assert numbers == set(range(1, LAST + 1))


def test_every_code_of_the_product_is_registered_and_every_registered_code_is_the_products() -> None:
    registered = {e["code"] for _, e in ENTRIES if not e["code"].startswith("(")}
    assert registered | ELSEWHERE == issued()
