"""What analysts know, from the command line: the next run obeys it, whatever day it is for, and mistakes are refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
from click.testing import CliRunner, Result

from pipelines.cli import cli
from pipelines.run import run
from pipelines.state import State
from tests.pipelines.dying import Published


def say(state: State, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "--by", "li", "--reason", "they told us", "--state", str(state.folder)])


def table(state: State, name: str) -> str:
    (found,) = (state.current() / "tables").glob(f"*/{name}.parquet")
    return str(found)


def strangers(state: State) -> list[str]:
    """Two accounts that no group holds."""
    rows = duckdb.sql(
        f"select account_id from '{table(state, 'accounts')}' anti join '{table(state, 'group_member')}' using (account_id)"
        " order by account_id limit 2"
    ).fetchall()
    return [row[0] for row in rows]


def test_the_next_run_obeys_a_word_said_after_its_day(published: Published, tmp_path: Path) -> None:
    order = published.copy(tmp_path / "state")
    a, b = strangers(order.state)
    told = say(order.state, "link", a, b)
    assert told.exit_code == 0 and "the next run obeys it" in told.output
    run(order)
    groups = duckdb.sql(
        f"select count(*), count(distinct group_id) from '{table(order.state, 'group_member')}' where account_id in ('{a}', '{b}')"
    ).fetchall()
    assert groups == [(2, 1)]
    assert (
        "An analyst joined the two"
        in CliRunner().invoke(cli, ["explain", a, b, "--state", str(order.state.folder)]).output
    )
    assert say(order.state, "unlink", a, b).exit_code == 0, "a cannot-link wins over a must-link"
    for verb in ("unlink", "link"):
        assert "has ended" in say(order.state, verb, a, b, "--end").output
    assert say(order.state, "link", a, b, "--end").exit_code != 0


def test_slips_are_refused(published: Published, tmp_path: Path) -> None:
    state = published.copy(tmp_path / "state").state
    a, b = strangers(state)
    for words, said in (
        (("link", a, "A0"), "no account A0 in this run"),
        (("link", a, a), "two accounts"),
        (("unlink", a, b, "--until", "2020-01-01"), "a later moment"),
        (("shared", "add", "ip", "--token", "abc", "--label", "x"), "no token under the key"),
        (("shared", "add", "fax", "--token", "abc", "--label", "x"), "no kind fax"),
    ):
        told = say(state, *words)
        assert told.exit_code == 2 and said in told.output, words
