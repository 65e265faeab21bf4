"""A folder dropped beside the detectors is a detector: its flags become findings, and nothing else was touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from models import detectors
from pipelines.run import run
from tests.pipelines.dying import Published

CARD = """
version: "1"
title_en: Toy
title_zh: 玩具
clause: "3.4(2)"
reads: [promoter_conduct]
subject_kind: promoter
method: Everybody with an invitee.
"""
RULE = """
select
    'promoter' as subject_kind, promoter_id as subject_id, promoter_id, date '0001-01-01' as window_start,
    cast(null as date) as window_end, 1.0 as score, 0.001 as p_value, 0.01 as q_value, 0.99 as confidence, true as flagged,
    ['EX01'] as reasons,
    '[{"code": "EX01", "observed": 9, "expected": 1, "ratio": 9, "q": 0.01, "ids": []}]' as evidence
from promoter_conduct
where invitees > 0
"""


def test_a_folder_is_all_that_a_detector_takes(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "detectors"
    shutil.copytree(detectors.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, more in (("toy", ""), ("toy_in_shadow", "shadow: true\n")):
        (folder / name).mkdir()
        (folder / name / "card.yaml").write_text(CARD + more, encoding="utf-8")
        (folder / name / "rule.sql").write_text(RULE, encoding="utf-8")
        (folder / name / "cases.yaml").write_text("cases: []\n", encoding="utf-8")
    monkeypatch.setattr(detectors, "FOLDER", folder)
    outcome = run(published.copy(tmp_path / "state"))
    told = duckdb.sql(
        "select detector, clause, subject_id, evidence"
        f" from '{outcome.folder}/findings.parquet' where starts_with(detector, 'toy')"
    ).fetchall()
    promoters = duckdb.sql(
        f"select promoter_id from '{outcome.folder}/tables/features/promoter_conduct.parquet' where invitees > 0"
    ).fetchall()
    assert promoters and {t[:3] for t in told} == {("toy", "3.4(2)", p[0]) for p in promoters}
    assert all("EX01" in t[3] for t in told)
