"""What `tongren prune` never removes: what an issued month, an open case, a reader or a legal hold rests on."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from pipelines import housekeeping
from pipelines.state import State

BOOKS = """
create table run (run_id text, run_seq int);
create table issue (month text, run_seq int);
create table case_file (case_id text, run_seq int);
create table case_event (case_id text, run_seq int);
create table case_state (case_id text, state text);
insert into run values ('r1', 1), ('r2', 2), ('r3', 3), ('r4', 4), ('r5', 5), ('r6', 6), ('r7', 7);
insert into issue values ('2026-01', 1);
insert into case_file values ('open', 2), ('closed', 4);
insert into case_event values ('open', 3), ('open', null), ('closed', 4);
insert into case_state values ('open', 'in_review'), ('closed', 'closed');
"""


def test_what_something_rests_on_stays_and_the_rest_goes(tmp_path: Path) -> None:
    con = sqlite3.connect(":memory:")
    con.executescript(BOOKS)
    rested_on = dict(con.execute(housekeeping.RESTED_ON).fetchall())
    con.close()
    assert rested_on == {"r1": "issued a month", "r2": "an open case rests on it", "r3": "an open case rests on it"}
    place = State(tmp_path)
    for seq in range(1, 8):
        folder = place.runs / f"r{seq}"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"run_seq": seq, "run_id": f"r{seq}"}), encoding="utf-8")
    (place.runs / "r5" / "legal-hold").touch()
    place.current_link.symlink_to(place.runs / "r7")
    told = housekeeping._prune(place, rested_on, 1)
    assert sorted(p.name for p in place.runs.iterdir()) == ["r1", "r2", "r3", "r5", "r7"]
    assert told.count("removed") == 2


@pytest.mark.parametrize("keep", [3, 9])
def test_the_newest_stay(tmp_path: Path, keep: int) -> None:
    place = State(tmp_path)
    for seq in range(1, 5):
        (place.runs / f"r{seq}").mkdir(parents=True)
        manifest = place.runs / f"r{seq}" / "manifest.json"
        manifest.write_text(json.dumps({"run_seq": seq, "run_id": f"r{seq}"}), encoding="utf-8")
    place.current_link.symlink_to(place.runs / "r4")
    housekeeping._prune(place, {}, keep)
    assert sorted(p.name for p in place.runs.iterdir()) == ["r1", "r2", "r3", "r4"][-keep:]
