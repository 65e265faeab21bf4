"""Models under record: the shipped one goes live by itself, a candidate is fitted on a run and compared before it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from linked_accounts import Build, published
from test_same_user_invariance import town

from data_contracts.errors import NotFound
from models.same_user import SHIPPED, load, training
from models.same_user.model import read
from models.tracking import Tracking


def test_the_first_run_registers_the_shipped_model_and_a_trained_one_waits(link: Build, tmp_path: Path) -> None:
    rows, referrals = town()
    tables = published(link(rows, referrals=referrals), tmp_path / "tables")
    tracking = Tracking(tmp_path / "mlflow")
    assert training.live(tracking) == load()
    assert tracking.live_hashes() == {"same_user": load().sha256}
    with pytest.raises(NotFound, match="no candidate"):
        training.shadow(tables, tracking)

    assert training.train(tables, tracking) == "same_user"
    candidate = tracking.candidate("same_user")
    assert candidate is not None
    fitted = read(tracking.content(candidate).decode())
    assert int(fitted.version) == int(load().version) + 1
    assert fitted.entities == load().entities
    assert all(0 < level.m < 1 for kind in fitted.kinds for level in kind.levels)
    assert training.live(tracking) == load(), "a candidate is not live before it is promoted"
    assert tracking.facts("same_user")["data"] == training.hashes(tables)
    assert "candidate version" in training.shadow(tables, tracking)
    assert training.live(tracking) == load(), "a shadow run makes nothing live"
    assert not (tables / "spill").exists(), "training leaves a published run as it was"

    tracking.promote("same_user")
    assert training.live(tracking) == fitted


def test_a_later_shipped_model_is_told_of_and_waits_as_a_candidate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracking = Tracking(tmp_path / "mlflow")
    older = SHIPPED.read_text(encoding="utf-8").replace(f'version: "{load().version}"', 'version: "1"')
    training.register(tracking, older, {}, "live")
    assert training.live(tracking).version == "1"
    assert "shipped_file=" in caplog.text
    training.offer_shipped(tracking)
    assert training.live(tracking).version == "1", "told, not taken up"
    tracking.promote("same_user")
    caplog.clear()
    assert training.live(tracking) == load()
    assert "shipped_file=" not in caplog.text


def test_a_version_is_registered_with_its_card_and_pictures(tmp_path: Path) -> None:
    tracking = Tracking(tmp_path / "mlflow")
    training.live(tracking)
    assert tracking.live_versions() == {"same_user": "1"}
    version = tracking._client().get_model_version("same_user", "1")
    assert version.description.startswith("# same_user") and "Known failures" in version.description
    (kept,) = (tmp_path / "mlflow" / "artifacts").glob("*/artifacts/card.md")
    (picture,) = re.findall(r"!\[calibration\]\((.+)\)", kept.read_text(encoding="utf-8"))
    assert (kept.parent / picture).read_bytes().startswith(b"\x89PNG"), "the card finds its picture"


def test_verdicts_on_referral_findings_stand(link: Build) -> None:
    rows, referrals = town()
    invitee = referrals[0][1]
    finding = {"finding_id": "F1", "clause": "2.2(3)", "subject_kind": "referral", "subject_id": invitee}
    verdicts = [{"finding_id": "F1", "entry_no": n, "verdict": v} for n, v in ((1, "confirmed"), (2, "false_alarm"))]
    wh = link(rows, referrals=referrals, books_finding=[finding], books_verdict=verdicts)
    patterns = training.patterns_of(wh, load())
    assert patterns.known[~(patterns.known != patterns.known)].tolist() == [0.0], "the last word counts"
