"""Section 10: what the contracts of the feeds found, and the cards of the models behind the report."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from casebook import dossier
from casebook.dossier import cards
from casebook.dossier.wording import LANGS
from models import detectors
from tests.casebook.dossier.test_page import Reader

ROOT = Path(__file__).parents[3]
FIGURE = re.compile(r"\d[\d,]*\.\d+|\d{1,3},\d{3}")


def told(tables: Path, out: Path, facts: Mapping[str, Any], lang: str = "en", edition: str = "internal") -> str:
    page = dossier.write_one(tables, "P1", out / edition / lang, lang=lang, edition=edition, run_facts=facts)
    return " ".join(Reader(page.read_text(encoding="utf-8")).text[lang].split())


def test_a_feed_tells_the_rules_that_set_rows_aside_or_that_all_held(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    text = told(sound_run, tmp_path, facts)
    assert "orders all rules of the contract held 0 0" in text
    assert "refunds refund.over_order 1 0" in text
    assert "refund.over_order 1 0" not in told(sound_run, tmp_path, facts, edition="promoter")


def test_a_run_that_recorded_no_rules_does_not_say_that_all_held(
    made_run: Any, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    tables = made_run()
    (tables / "feeds" / "feed_fault.parquet").unlink()
    assert "refunds rows were set aside; this run did not record by which rules 1 0" in told(tables, tmp_path, facts)


@pytest.mark.parametrize("name", sorted(cards.texts()))
def test_every_figure_of_a_short_card_stands_in_the_whole_card(name: str) -> None:
    whole = set(FIGURE.findall((ROOT / "docs" / "models" / f"{name}.md").read_text(encoding="utf-8")))
    en, zh = (sorted(FIGURE.findall(text)) for text in cards.texts()[name]["measured"])
    assert en == zh and en != []
    assert set(en) - whole == set()


def test_every_detector_with_a_card_in_the_docs_has_a_short_one() -> None:
    whole = {p.stem for p in (ROOT / "docs" / "models").glob("*.md")}
    assert set(cards.texts()) == whole
    assert {c["name"] for c in cards.of([d.name for d in detectors.cards()])} == whole


@pytest.mark.parametrize("lang", LANGS)
def test_the_models_behind_a_report_are_told_inside_with_their_errors_and_outside_without(
    lang: str, sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    inside, outside = (told(sound_run, tmp_path, facts, lang, e) for e in ("internal", "promoter"))
    place = {"en": 0, "zh": 1}[lang]
    for name in cards.ALWAYS:
        said = cards.texts()[name]
        assert all(said[part][place] in inside for part in ("about", "measured", "fails"))
        assert f"docs/models/{name}.md" in inside
        assert not any(said[part][place] in outside for part in ("measured", "fails"))
    assert cards.texts()["refund_burst"]["neutral"][place] in outside
    assert cards.texts()["same_user"]["neutral"][place] in outside
    assert cards.texts()["refund_shape"]["neutral"][place] not in outside  # no told finding rests on it


def test_the_data_of_the_promoters_edition_holds_no_figure_of_a_model(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    page = dossier.write_one(sound_run, "P1", tmp_path, format="json", edition="promoter", run_facts=facts)
    found = json.loads(page.read_text(encoding="utf-8"))
    assert [c["name"] for c in found["cards"]] == ["same_user", "refund_burst"]
    assert {k for c in found["cards"] for k in c} == {
        "name", "version", "title_en", "title_zh", "about_en", "about_zh"
    }  # fmt: skip
    assert [FIGURE.findall(v) for c in found["cards"] for v in c.values() if FIGURE.findall(v)] == []
    assert found["feeds"] == found["faults"] == []
