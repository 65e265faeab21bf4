"""Reports of all promoters at once: the same bytes as one by one, however many processes write them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from casebook import dossier
from casebook.dossier import batch
from casebook.dossier.press import FORMATS
from data_contracts.errors import TongrenError, UsageError
from pipelines.cli import cli
from tests.casebook.dossier.conftest import SOUND, line, order


@pytest.fixture
def state(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> Path:
    """A state whose newest run is the small one."""
    folder = tmp_path / "state" / "runs" / str(facts["run_id"])
    shutil.copytree(sound_run, folder / "tables")
    (folder / "manifest.json").write_text(json.dumps({**facts, "outputs": {}}), encoding="utf-8")
    (tmp_path / "state" / "current").symlink_to(folder)
    return tmp_path / "state"


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def report(state: Path, out: Path, *more: str) -> str:
    formats = [word for form in FORMATS for word in ("--format", form)]
    told = CliRunner().invoke(cli, ["report", "--state", str(state), "--out", str(out), *formats, *more])
    assert told.exit_code == 0, told.output
    return told.output


def test_one_process_two_processes_and_one_by_one_give_the_same_bytes(state: Path, tmp_path: Path) -> None:
    told = report(state, tmp_path / "two", "--all", "--processes", "2", "--edition", "promoter", "--lang", "en")
    assert told.split() == [str(tmp_path / "two" / "index.html")]
    report(state, tmp_path / "one", "--all", "--processes", "1", "--edition", "promoter", "--lang", "en")
    report(state, tmp_path / "single", "P1", "--edition", "promoter", "--lang", "en")
    whole = files(tmp_path / "two")
    index = whole.pop("index.html").decode()
    assert files(tmp_path / "one") == {**whole, "index.html": index.encode()}
    assert files(tmp_path / "single") == {name: data for name, data in whole.items() if name.startswith("P1")}
    assert set(re.findall(r'href="(.*?)"', index)) == {f"{p}.{form}" for p in ("P1", "P2") for form in FORMATS}


def test_every_format_masks_an_account_alike_however_many_lines_it_shows(
    made_run: Any, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    many = [f"K{n:02d}" for n in range(60)]
    orders = [order(f"Z{n}", invitee, "2026-01-20", 1_000) for n, invitee in enumerate(many)]
    lines = [line(10 + n, f"Z{n}", invitee, "2026-01", 1_000, 100) for n, invitee in enumerate(many)]
    tables = made_run(orders=[*SOUND["orders"], *orders], statement_line=[*SOUND["statement_line"], *lines])
    masks = []
    for form in ("html", "json"):
        path = dossier.write_one(tables, "P1", tmp_path, format=form, edition="promoter", lang="en", run_facts=facts)
        masks.append(set(re.findall(r"[A-Z]\*\*\*\d #\d+", path.read_text(encoding="utf-8"))))
    assert len(masks[0]) >= 40 and masks[0] < masks[1]


@pytest.mark.parametrize("words", [[], ["P1", "--all"]])
def test_one_promoter_or_all_never_both_nor_neither(words: list[str], state: Path) -> None:
    told = CliRunner().invoke(cli, ["report", "--state", str(state), *words])
    assert told.exit_code == 2
    assert "give one promoter's id, or --all" in told.output


def test_an_unknown_format_is_refused_before_anything_is_written(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="docx is no format"):
        batch.write(batch.Order(sound_run, tmp_path / "out", facts, ("html", "docx")))
    assert not (tmp_path / "out").exists()


class Dying:
    """What ends the process that unpacks it, as the kernel would that is short of memory."""

    def __reduce__(self) -> tuple[Any, tuple[int]]:
        return os._exit, (9,)


def test_a_process_that_was_ended_is_told_and_no_index_says_that_all_is_there(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(TongrenError, match="was ended from outside"):
        batch.write(batch.Order(sound_run, tmp_path / "out", {**facts, "models": Dying()}), processes=2)
    assert not (tmp_path / "out" / "index.html").exists()
