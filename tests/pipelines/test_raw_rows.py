"""With a vault a quarantined row can be seen as it came: by a named person with a reason, logged before it is shown."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from casebook import books as casebook_books
from data_contracts.errors import NotAllowed, NotFound
from data_contracts.raw_vault import Vault, drop_rows
from data_contracts.run import Run
from data_contracts.vault import Key, load_key
from data_contracts.warehouse import Warehouse
from pipelines import manifest, verbs_keys
from pipelines.ingest import build
from pipelines.state import State
from tests.pipelines.ingest.conftest import AS_OF, GOOD, KEY, ZONE, csv_text

AT = datetime(2026, 1, 5, tzinfo=UTC)
PHONE, STRANGER = "138123400011", "13812340078"
WHO = {"who": "li", "reason": "what the producer sent", "at": AT}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vault after a delivery with a phone too long, a phone of nobody, a broken amount and a line with a field too many."""
    feeds = {table: [dict(r) for r in rows] for table, rows in GOOD.items()}
    base = feeds["identifiers"][0]
    feeds["identifiers"] += [base | {"value": PHONE}, base | {"value": STRANGER, "account_id": "nobody"}]
    feeds["orders"].append(feeds["orders"][0] | {"order_id": "O9", "cash_amount": "3OO.00"})
    folder = tmp_path_factory.mktemp("filled")
    sources = folder / "sources"
    sources.mkdir()
    for table, rows in feeds.items():
        (sources / f"{table}.csv").write_text(csv_text(rows), encoding="utf-8")
    with (sources / "orders.csv").open("a") as file:
        file.write(",".join("x" * 11) + "\n")
        file.write(f"O10,A1,{PHONE},too few\n")
    with (sources / "orders.csv").open("ab") as raw:
        raw.write(b"O11,A12,\xb1\xb1\xbe\xa9\n")
    with (
        closing(Vault(folder / "vault.db", KEY)) as made,
        Warehouse(folder / "work", "feeds", Run("test", 1, AS_OF, ZONE)) as wh,
    ):
        build(wh, sources=sources, key=KEY, zone=ZONE, max_quarantine_share="1", vault=made, delivered_as="d1")
    return folder / "vault.db"


@pytest.fixture
def vault(filled: Path, tmp_path: Path) -> Iterator[Vault]:
    """A copy of it."""
    with closing(Vault(shutil.copy(filled, tmp_path / "vault.db"), KEY)) as made:
        yield made


def test_each_quarantined_row_is_shown_as_it_came_and_the_sight_is_logged(vault: Vault) -> None:
    assert vault.row("d1", "identifiers.csv", 3, **WHO)["value"] == PHONE
    assert vault.row("d1", "identifiers.csv", 4, **WHO)["value"] == STRANGER
    assert vault.row("d1", "orders.csv", 4, **WHO)["cash_amount"] == "3OO.00"
    assert vault.row("d1", "orders.csv", 5, **WHO) == {"line": ",".join("x" * 11)}  # no fields to part it into
    assert vault.row("d1", "orders.csv", 6, **WHO) == {"line": f"O10,A1,{PHONE},too few"}
    assert vault.row("d1", "orders.csv", 7, **WHO) == {"line": "O11,A12,\\xb1\\xb1\\xbe\\xa9"}
    with pytest.raises(NotFound):
        vault.row("d1", "orders.csv", 1, **WHO)  # a good row is in no quarantine
    with pytest.raises(NotAllowed):
        vault.row("d1", "orders.csv", 4, who="li", reason=" ", at=AT)
    assert [(s.action, s.subject) for s in vault.sights()][-2:] == [("row", "orders.csv:7"), ("row", "orders.csv:1")]


def test_no_byte_of_the_file_shows_a_row(vault: Vault, tmp_path: Path) -> None:
    vault.close()
    data = b"".join(p.read_bytes() for p in tmp_path.glob("vault.db*"))
    assert not any(v.encode() in data for v in (PHONE, STRANGER, "3OO.00"))


def test_erasing_the_account_takes_its_rows_too(vault: Vault) -> None:
    vault.erase("A1", who="li", reason="asked for", at=AT)
    with pytest.raises(NotFound):
        vault.row("d1", "identifiers.csv", 3, **WHO)
    assert vault.row("d1", "identifiers.csv", 4, **WHO)["value"] == STRANGER
    with pytest.raises(NotFound):
        vault.row("d1", "orders.csv", 6, **WHO)  # a line without fields that names A1
    assert vault.row("d1", "orders.csv", 7, **WHO)["line"].startswith("O11,A12")  # another's
    vault.store_rows("d2", [("orders.csv", 1, "", '{"line": "O10,A1,once more"}')])
    with pytest.raises(NotFound):
        vault.row("d2", "orders.csv", 1, **WHO)


def test_rows_survive_a_new_key_and_go_with_the_last_run_of_their_delivery(vault: Vault, tmp_path: Path) -> None:
    vault.rotate(Key(bytes(range(60, 92))), who="li", reason="yearly", at=AT)
    assert vault.row("d1", "identifiers.csv", 3, **WHO)["value"] == PHONE
    assert drop_rows(tmp_path / "vault.db", ["d1", "d2"]) == 0
    assert drop_rows(tmp_path / "vault.db", ["d2"]) == 6
    with pytest.raises(NotFound):
        vault.row("d1", "identifiers.csv", 3, **WHO)


def test_the_verb_notes_the_sight_in_the_audit_chain_and_shows_at_most_twenty_an_hour(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "r1"
    folder.mkdir(parents=True)
    manifest.write(folder, {"run_seq": 1, "sources": {"sha256": "d1"}})
    with closing(Vault(tmp_path / "vault.db", load_key(tmp_path, {}))) as made:
        made.store_rows("d1", [("orders.csv", 4, "A1", '{"cash_amount": "3OO.00"}')])
    casebook_books.open_books(State(tmp_path).books).close()
    for _ in range(20):
        shown = verbs_keys.row(tmp_path, None, "orders.csv", 4, "r1", by="li", reason="to the producer")
        assert json.loads(shown) == {"cash_amount": "3OO.00"}
    with pytest.raises(NotAllowed, match="20 are the most"):
        verbs_keys.row(tmp_path, None, "orders.csv", 4, "r1", by="li", reason="once more")
    with closing(casebook_books.open_books(State(tmp_path).books)) as books, books.reading() as book:
        noted = book.rows("select actor from audit where action = 'vault.row'")
    assert len(noted) == 20 and noted[0]["actor"] == "li"
