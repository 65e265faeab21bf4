"""Rotating the key changes no group, decision or statement; the vault's verbs stand in the audit chain before they act."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook.books import open_books
from pipelines import verbs_keys
from pipelines.cli import cli
from pipelines.run import Order, Outcome, run
from pipelines.state import State
from pipelines.verify import verify
from tests.pipelines.test_whole_run import FEEDS, result, written

SAME = ("groups", "decisions", "statements", "statement_lines", "findings", "relations", "payables", "links")
PHONE, EXIT = "13812340001", "8.8.4.4"


def sightings() -> str:
    """Promoter and first invitee share document, phone and device; all invitees an exit address that is registered."""
    rows = ["account_id,kind,value,observed_at,source"]
    for account, day in (("P", "02-01"), ("I1", "03-02"), ("I2", "04-03"), ("I3", "05-04")):
        at = f"2026-{day}T10:00:00+08:00"
        own = [("phone", f"139123400{len(rows):02d}"), ("ip", EXIT)]
        shared = [
            ("id_doc", "110101199003070038"),
            ("phone", PHONE),
            ("device", "c0ffee00-0001-4000-8000-000000000001"),
        ]
        rows += [
            f"{account},{kind},{value},{at},registration"
            for kind, value in [*own, *(shared if account in ("P", "I1") else [])]
        ]
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Outcome, Outcome]]:
    """The second month of a programme, with the key of the first month and with another one."""
    folder = tmp_path_factory.mktemp("rotation")
    sources = written(folder / "sources", {**FEEDS, "identifiers": sightings()})
    one, other = State(folder / "one"), State(folder / "other")
    first = run(Order(sources, one, date(2026, 4, 20), vault=True))
    token = result_of(first, "select token from identifiers where kind = 'ip' limit 1")
    added = CliRunner().invoke(cli, ["shared", "add", "ip", "--token", token, "--label", "north campus", "--by", "li",
                                     "--reason", "called them", "--state", str(one.folder)])  # fmt: skip
    assert added.exit_code == 0, added.output
    shutil.copytree(one.folder, other.folder, symlinks=True)
    told = verbs_keys.rotate(other.folder, None, None, by="li", reason="once a year")
    assert "1 of the register moved" in told
    yield run(Order(sources, one, date(2026, 5, 20))), run(Order(sources, other, date(2026, 5, 20)))


def result_of(outcome: Outcome, sql: str) -> str:
    """One value of the tables of stage feeds."""
    import duckdb

    with duckdb.connect() as con:
        con.read_parquet(str(outcome.folder / "tables" / "feeds" / "identifiers.parquet")).create_view("identifiers")
        return str(con.execute(sql).fetchall()[0][0])


@pytest.mark.parametrize("table", SAME)
def test_rotation_changes_no_result(table: str, twins: tuple[Outcome, Outcome]) -> None:
    columns = "* exclude (evidence)" if table in ("links", "findings") else "*"
    before, after = (result(twin, f"select {columns} from {table} order by all") for twin in twins)
    assert before == after
    assert before or table in ("payables",)


def test_rotation_changes_every_token_and_keeps_the_register(twins: tuple[Outcome, Outcome]) -> None:
    before, after = (
        result_of(twin, "select string_agg(distinct token, ' ' order by token) from identifiers") for twin in twins
    )
    assert not set(before.split()) & set(after.split())
    for twin in twins:
        silenced = twin.folder / "tables" / "features" / "identifier_value.parquet"
        import duckdb

        assert duckdb.read_parquet(str(silenced)).filter("kind = 'ip' and suppressed").fetchall()


def test_what_was_signed_under_the_old_key_verifies_under_the_new_one(twins: tuple[Outcome, Outcome]) -> None:
    for twin in twins:
        assert "verifies" in verify(twin.folder.parents[1], None, None)


def entries(state: Path) -> list[tuple[str, str, str]]:
    """Actor, action and object of the audit chain."""
    books = open_books(state / "books.db")
    with books.reading() as book:
        found = [(r["actor"], r["action"], r["object"]) for r in book.rows("select * from audit order by seq")]
    books.close()
    return found


def test_reveal_is_in_the_chain_before_the_value_is_shown_and_erase_ends_it(
    twins: tuple[Outcome, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    shutil.copytree(twins[1].folder.parents[1], state, symlinks=True)
    token = result_of(twins[1], "select token from identifiers where kind = 'id_doc' limit 1")
    asked = [
        "vault",
        "reveal",
        token,
        "--case",
        "K7",
        "--by",
        "li",
        "--reason",
        "compare papers",
        "--state",
        str(state),
    ]
    shown = CliRunner().invoke(cli, asked)
    assert shown.exit_code == 0 and shown.output.strip() == "110101199003070038"
    assert entries(state)[-1] == ("li", "vault.reveal", token)

    def dies(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("data_contracts.raw_vault._opened", dies)
        assert "110101199003070038" not in CliRunner().invoke(cli, asked).output
    assert [e[1] for e in entries(state)].count("vault.reveal") == 2

    for account in ("P", "I1"):
        gone = CliRunner().invoke(
            cli, ["vault", "erase", account, "--by", "wang", "--reason", "letter", "--state", str(state)]
        )
        assert gone.exit_code == 0 and "can never be read" in gone.output
    assert entries(state)[-1] == ("wang", "vault.erase", "I1")
    assert CliRunner().invoke(cli, asked).exit_code == 2
    assert "verifies" in verify(state, None, None)
    unknown = CliRunner().invoke(cli, [*asked[:2], "v1:none:none", *asked[3:]])
    assert unknown.exit_code == 2 and entries(state)[-1] == ("li", "vault.reveal", "v1:none:none")


def test_one_person_sees_no_more_than_twenty_values_an_hour(twins: tuple[Outcome, Outcome], tmp_path: Path) -> None:
    state = tmp_path / "state"
    shutil.copytree(twins[0].folder.parents[1], state, symlinks=True)
    token = result_of(twins[0], "select token from identifiers where kind = 'device' limit 1")
    books = open_books(state / "books.db")
    for _ in range(20):
        books.note("li", "vault.reveal", token, "case 7")
    books.close()
    asked = ["vault", "reveal", token, "--case", "K7", "--reason", "more", "--state", str(state), "--by"]
    assert CliRunner().invoke(cli, [*asked, "li"]).exit_code == 2
    assert CliRunner().invoke(cli, [*asked, "wang"]).exit_code == 0


def test_a_state_without_a_vault_says_how_to_turn_it_on(tmp_path: Path) -> None:
    sources = written(tmp_path / "sources")
    run(Order(sources, State(tmp_path / "state"), date(2026, 4, 20)))
    asked = [
        "vault",
        "reveal",
        "v1:a:b",
        "--case",
        "K7",
        "--by",
        "li",
        "--reason",
        "x",
        "--state",
        str(tmp_path / "state"),
    ]
    told = CliRunner().invoke(cli, asked)
    assert told.exit_code == 2 and "--vault" in told.output


def test_a_register_that_cannot_be_moved_stops_the_rotation_and_sources_help(tmp_path: Path) -> None:
    sources = written(tmp_path / "sources", {**FEEDS, "identifiers": sightings()})
    state = State(tmp_path / "state")
    first = run(Order(sources, state, date(2026, 4, 20)))
    token = result_of(first, "select token from identifiers where kind = 'ip' limit 1")
    CliRunner().invoke(cli, ["shared", "add", "ip", "--token", token, "--label", "x", "--by", "li", "--reason", "y",
                             "--state", str(state.folder)])  # fmt: skip
    asked = ["keys", "rotate", "--by", "li", "--reason", "yearly", "--state", str(state.folder)]
    refused = CliRunner().invoke(cli, asked)
    assert refused.exit_code == 2 and "--sources" in refused.output
    done = CliRunner().invoke(cli, [*asked, "--sources", str(sources)])
    assert done.exit_code == 0 and "1 of the register moved" in done.output
    again = run(Order(sources, state, date(2026, 5, 20)))
    fresh = result_of(again, "select token from identifiers where kind = 'ip' limit 1")
    books = open_books(state.books)
    with books.reading() as book:
        standing = book.rows("select token from shared_state where to_on is null")
    books.close()
    assert [s["token"] for s in standing] == [fresh] != [token]
