"""Reason codes of rules' findings: what the two accounts share, eligibility and the first order, told in both languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from casebook import dossier
from casebook.dossier.press import REASONS
from casebook.dossier.reasons import codes_of, load
from console.evidence import reasons_of
from tests.casebook.dossier.conftest import SOUND, piece

CODES = load(REASONS).codes
WHOLE: Mapping[str, Any] = SOUND
KINDS = {
    "id_doc": "SU01",
    "phone": "SU02",
    "payment": "SU03",
    "device": "SU04",
    "ip": "SU05",
    "address": "SU06",
    "email": "SU08",
}
CLAUSES = {"1.1": "EL01", "1.1(1)": "EL02", "1.1(2)": "EL03", "1.2(2)": "EL04", "1.2(3)": "EL05", "2.2(1)": "EL06",
           "2.2(2)": "EL07", "1.3": "EL08", "4.3(1)": "CL01"}  # fmt: skip
PAIR = {"hops": 1, "path": [piece(1, "phone", "138****1234", 2, 15.0), piece(1, "ip", None, None, -0.4)]}


@pytest.mark.parametrize(("kind", "code"), KINDS.items())
def test_each_kind_of_identifier_that_a_pair_shares_has_its_code(kind: str, code: str) -> None:
    assert codes_of(CODES, "2.2(3)", {"hops": 1, "path": [piece(1, kind, "m", 2, 9.0)]}) == [code]


def test_every_kind_that_links_has_a_code() -> None:
    folders = (Path(REASONS).parents[1] / "features" / "kinds").iterdir()
    assert {f.name for f in folders if (f / "card.yaml").exists()} == set(KINDS)


def test_what_speaks_against_is_no_reason_and_a_third_account_hides_the_kinds() -> None:
    assert codes_of(CODES, "2.2(3)", PAIR) == ["SU02"]
    assert codes_of(CODES, "2.2(3)", {**PAIR, "hops": 2}) == ["SU07"]
    assert codes_of(CODES, "2.2(3)", {"account_id": "P1"}) == []


@pytest.mark.parametrize(("clause", "code"), CLAUSES.items())
def test_each_clause_of_eligibility_has_its_code(clause: str, code: str) -> None:
    assert codes_of(CODES, clause, {}) == [code]


def test_a_detectors_clause_lends_no_code_to_a_finding_without() -> None:
    assert codes_of(CODES, "3.5(2)", {}) == []


def found(no: int, clause: str, evidence: Mapping[str, Any], status: str = "met") -> dict[str, Any]:
    first = WHOLE["finding"][0]
    return {**first, "finding_id": f"F{no}", "clause": clause, "evidence": json.dumps(evidence), "status": status,
            "reason": "the same user: same_person" if clause == "2.2(3)" else "not verified when joining"}  # fmt: skip


@pytest.mark.parametrize("edition", ["internal", "promoter"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_report_tells_code_words_and_what_would_clear_it(
    lang: str, edition: str, made_run: Any, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    lines = [{**r, "clause": "4.3(1)"} if r.get("clause") == "2.2(3)" else r for r in WHOLE["statement_line"]]
    decided = [{**WHOLE["books_decision"][0], "decision_id": f"D{n}", "finding_id": f"F{n}"} for n in (1, 2)]
    tables = made_run(
        finding=[found(1, "2.2(3)", PAIR), found(2, "1.1(1)", {"verified_as": "none"})], books_decision=decided,
        new_decision=[], statement_line=lines,
    )  # fmt: skip
    told = dossier.write_one(tables, "P1", tmp_path, lang=lang, edition=edition, run_facts=facts).read_text("utf-8")
    for code in ("SU02", "EL02", "CL01"):
        assert f"{code} {CODES[code][lang]}" in told.replace("&#39;", "'")
        assert CODES[code][f"clears_{lang}"].replace("'", "&#39;") in told or CODES[code][f"clears_{lang}"] in told
    assert "SU05 " not in told


def test_an_unknown_finding_has_no_code(made_run: Any, facts: Mapping[str, Any], tmp_path: Path) -> None:
    tables = made_run(finding=[found(2, "1.1(1)", {}, "unknown")], books_decision=[], new_decision=[], decision_step=[])
    told = dossier.write_one(tables, "P1", tmp_path, lang="en", run_facts=facts).read_text("utf-8")
    assert "contradict" not in told and "EL02" not in told and CODES["EL02"]["clears_en"] not in told


def test_the_console_tells_the_same_codes_with_their_words() -> None:
    shown = reasons_of([
        {"clause": clause, "amount_at_stake": "10.00", "confidence": 1.0, "reason": "r", "status": status, "evidence": evidence}
        for clause, status, evidence in (
            ("2.2(3)", "met", json.dumps(PAIR)), ("1.2(3)", "met", None), ("1.1(2)", "unknown", "{}"),
        )
    ])  # fmt: skip
    codes = {r["clause"]: [c["code"] for c in r["codes"]] for r in shown}
    assert codes == {"2.2(3)": ["SU02"], "1.2(3)": ["EL05"], "1.1(2)": []}
    (same,) = (r["codes"][0] for r in shown if r["clause"] == "2.2(3)")
    assert (same["zh"], same["clears_en"]) == (CODES["SU02"]["zh"], CODES["SU02"]["clears_en"])
