"""What `tongren prune` never removes: what an issued month, an open case, a reader or a legal hold rests on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from casebook import books as casebook_books
from data_contracts.errors import NotAllowed, NotFound
from data_contracts.raw_vault import Vault, packed
from data_contracts.vault import load_key
from pipelines import housekeeping, legal_hold, manifest, verbs_keys
from pipelines.state import State

BOOKS = """
create table run (run_id text, run_seq int);
create table issue (month text, run_seq int);
create table case_file (case_id text, run_seq int);
create table case_event (case_id text, run_seq int, kind text, after text, at int);
create table case_state (case_id text, state text);
insert into run values ('r1', 1), ('r2', 2), ('r3', 3), ('r4', 4), ('r5', 5), ('r6', 6), ('r7', 7);
insert into issue values ('2026-01', 1);
insert into case_file values ('open', 2), ('closed', 4), ('old', 5);
insert into case_event values
('open', 3, 'note', null, 1), ('open', null, 'state', 'closed', 1), ('open', null, 'state', 'appealed', 90),
('closed', 3, 'note', null, 5), ('closed', null, 'state', 'closed', 50),
('old', 6, 'state', 'closed', 49), ('old', null, 'note', null, 60);
insert into case_state values ('open', 'appealed'), ('closed', 'closed'), ('old', 'closed');
"""


def published(place: State, seqs: range) -> None:
    """Run folders of so many days of 2026; the last one is current."""
    for seq in seqs:
        folder = place.runs / f"r{seq}"
        folder.mkdir(parents=True)
        said = {"run_seq": seq, "run_id": f"r{seq}", "as_of": f"2026-01-{seq:02d}", "sources": {"sha256": f"d{seq}"}}
        (folder / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
    place.current_link.symlink_to(place.runs / f"r{seqs[-1]}")


def left(place: State) -> list[str]:
    return sorted(p.name for p in place.runs.iterdir())


OPEN, CLOSED = "an open case rests on it", "a case closed not long ago rests on it"
ALWAYS_KEPT = {"r1": "issued a month", "r2": OPEN, "r3": OPEN}


@pytest.mark.parametrize(
    ("since", "closed_ones"),
    [(-1, {"r4": CLOSED, "r5": CLOSED, "r6": CLOSED}), (49, {"r4": CLOSED, "r5": CLOSED, "r6": CLOSED}),
     (50, {"r4": CLOSED}), (51, {})],
)  # fmt: skip
def test_what_something_rests_on_stays_and_the_rest_goes(
    since: int, closed_ones: dict[str, str], tmp_path: Path
) -> None:
    with closing(sqlite3.connect(":memory:")) as con:
        con.executescript(BOOKS)
        rested_on = dict(con.execute(housekeeping.RESTED_ON, {"since": since}).fetchall())
    assert rested_on == ALWAYS_KEPT | closed_ones
    place = State(tmp_path)
    published(place, range(1, 8))
    told = housekeeping._prune(place, rested_on, 1)
    assert left(place) == [*rested_on, "r7"]
    assert told.count("removed") == 6 - len(rested_on)


def test_how_long_a_closed_case_keeps_its_runs_is_counted_from_the_newest_run() -> None:
    assert housekeeping._microseconds(date(2026, 1, 4), None) < 0
    assert housekeeping._microseconds(date(1970, 1, 4), 2) == 86_400_000_000


def test_a_prune_that_dies_leaves_no_half_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = State(tmp_path)
    published(place, range(1, 4))

    def killed(folder: Path) -> None:
        (folder / "manifest.json").unlink(missing_ok=True)
        raise OSError(5, "killed in the middle")

    monkeypatch.setattr(housekeeping.shutil, "rmtree", killed)
    with pytest.raises(OSError, match="killed"):
        housekeeping._prune(place, {}, 1)
    assert [folder.name for folder in manifest.run_folders(place.runs)] == ["r2", "r3"], "r1 is gone whole"
    assert [name for name in left(place) if not name.startswith(".")] == ["r2", "r3"]


@pytest.mark.parametrize("keep", [3, 9])
def test_the_newest_stay(tmp_path: Path, keep: int) -> None:
    place = State(tmp_path)
    published(place, range(1, 5))
    housekeeping._prune(place, {}, keep)
    assert left(place) == ["r1", "r2", "r3", "r4"][-keep:]


def test_a_retention_period_keeps_what_is_younger(tmp_path: Path) -> None:
    place = State(tmp_path)
    published(place, range(1, 10))
    told = housekeeping._prune(place, {}, 2, keep_days=4)
    assert left(place) == ["r6", "r7", "r8", "r9"]
    assert told.count("younger than 4 days") == 2


@pytest.fixture
def place(tmp_path: Path) -> State:
    """A state with books, a vault that holds a value of A1, and four runs."""
    made = State(tmp_path)
    casebook_books.open_books(made.books).close()
    with closing(Vault(made.vault, load_key(tmp_path, {}))) as vault:
        vault.store([("A1", "phone", "v1:x:y", packed("13812340001", "+8613812340001"))])
        vault.store_rows("d1", [("orders.csv", 1, "A1", "{}")])
        vault.store_rows("d4", [("orders.csv", 1, "A1", "{}")])
    published(made, range(1, 5))
    return made


WHY = {"by": "li", "reason": "court file 12/2026"}


@pytest.mark.parametrize("subject", ["A1", "all"])
def test_a_legal_hold_stops_pruning_and_erasing_until_it_is_lifted(subject: str, place: State) -> None:
    legal_hold.place(place.folder, None, subject, **WHY)
    assert subject in legal_hold.listing(place.folder, None)
    with pytest.raises(NotAllowed, match=f"legal hold on {subject} that li placed"):
        housekeeping.prune(place.folder, None, 1)
    with pytest.raises(NotAllowed, match=f"legal hold on {subject} that li placed"):
        verbs_keys.erase(place.folder, None, "A1", by="wang", reason="asked for")
    with pytest.raises(NotAllowed, match="already"):
        legal_hold.place(place.folder, None, subject, **WHY)
    legal_hold.lift(place.folder, None, subject, **WHY)
    with pytest.raises(NotFound, match="no legal hold"):
        legal_hold.lift(place.folder, None, subject, **WHY)
    housekeeping.prune(place.folder, None, 1)
    assert left(place) == ["r4"]
    assert "can never be read again" in verbs_keys.erase(place.folder, None, "A1", by="wang", reason="asked for")


def test_a_run_under_a_legal_hold_stays_and_the_vault_keeps_only_rows_of_runs_that_stay(place: State) -> None:
    legal_hold.place(place.folder, None, "r2", **WHY)
    told = housekeeping.prune(place.folder, None, 1)
    assert left(place) == ["r2", "r4"] and "stays: legal hold" in told
    with closing(Vault(place.vault, load_key(place.folder, {}))) as vault:
        assert vault.row("d4", "orders.csv", 1, who="li", reason="a look", at=datetime(2026, 1, 5, tzinfo=UTC)) == {}
        with pytest.raises(NotFound):
            vault.row("d1", "orders.csv", 1, who="li", reason="a look", at=datetime(2026, 1, 5, tzinfo=UTC))
