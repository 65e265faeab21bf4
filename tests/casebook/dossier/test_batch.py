"""Reports of all promoters at once: the same bytes as one by one, however many processes write them."""

from __future__ import annotations

import os
import re
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


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_one_process_two_processes_and_one_by_one_give_the_same_bytes(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    for name, processes in (("one", 1), ("two", 2)):
        batch.write(batch.Order(sound_run, tmp_path / name, facts, FORMATS, "promoter", "en"), processes)
    for form in FORMATS:
        kind = {"format": form, "edition": "promoter", "lang": "en"}
        dossier.write_one(sound_run, "P1", tmp_path / "single", run_facts=facts, **kind)
    whole = files(tmp_path / "two")
    assert files(tmp_path / "one") == whole
    assert files(tmp_path / "single") == {name: data for name, data in whole.items() if name.startswith("P1")}
    links = re.findall(r'href="(.*?)"', whole["index.html"].decode())
    assert sorted(links) == sorted(f"{p}.{form}" for p in ("P1", "P2") for form in FORMATS)


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
def test_one_promoter_or_all_never_both_nor_neither(words: list[str], tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["report", "--state", str(tmp_path), *words])
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
