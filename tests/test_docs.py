"""The documentation is tested: everything that a reader may meet is named, links lead somewhere, generated pages are current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from data_contracts.cards import load_all
from data_contracts.contract import contracts
from pipelines import reference
from pipelines.cli import cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FOLDERS = (
    "data_contracts", "features", "models", "rulebook", "casebook", "settlement", "console", "pipelines", "simulator",
    "notebooks", "benchmarks", "tests", "examples", "docs",
)  # fmt: skip


def written() -> str:
    """All pages that a person wrote; the generated ones name everything by construction."""
    return "\n".join(p.read_text(encoding="utf-8") for p in PAGES)


def nav(items: list[object]) -> list[str]:
    out: list[str] = []
    for item in items:
        target = next(iter(item.values())) if isinstance(item, dict) else item
        out += nav(target) if isinstance(target, list) else [str(target)]
    return out


@pytest.mark.parametrize("name", sorted(reference.pages()))
def test_generated_pages_are_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == reference.pages()[name], "run `python -m pipelines.reference`"


def test_every_table_is_named() -> None:
    text = written()
    assert [t for t in contracts() if t not in text] == []


def test_every_kind_detector_and_clause_is_named() -> None:
    text = written()
    cards = [c.name for _, family, folder in reference.FAMILIES for c in load_all(ROOT / folder, family)]
    clauses = yaml.safe_load((ROOT / "rulebook" / "coverage.yaml").read_text(encoding="utf-8"))["clauses"]
    assert [n for n in cards if f"`{n}`" not in text] == []
    assert [c["clause"] for c in clauses if f"| {c['clause']} |" not in text] == []


def test_every_command_is_named_in_the_reference_and_used_in_a_page() -> None:
    text = written()
    assert [n for n in cli.commands if f"## tongren {n}\n" not in text] == []


def test_every_reason_code_has_words_in_both_languages_and_says_what_would_clear_it() -> None:
    reasons = yaml.safe_load((ROOT / "rulebook" / "reasons.yaml").read_text(encoding="utf-8"))["reasons"]
    assert [
        code for code, r in reasons.items() if not all(r.get(k) for k in ("zh", "en", "clears_zh", "clears_en"))
    ] == []


def test_the_contents_list_every_page_and_nothing_else() -> None:
    listed = nav(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert sorted(listed) == sorted(p.relative_to(DOCS).as_posix() for p in PAGES)


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [t for t in targets if "://" not in t]
    assert [t for t in local if not (page.parent / t).exists()] == []


def test_the_readme_names_every_folder_and_both_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [f for f in FOLDERS if f"`{f}/`" not in text] == []
    assert "make run" in text and "make test" in text
