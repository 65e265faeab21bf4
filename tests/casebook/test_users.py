"""People with access: one-time links, passwords, roles; the same on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner

from casebook import users
from casebook.books import Books
from data_contracts.errors import NotAllowed, NotFound, UsageError
from pipelines.cli import cli

GOOD = "correct horse 电池"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2id with the least cost: what is tested here is not its strength."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "hasher", lambda: cheap)
    users._dummy.cache_clear()
    yield
    users._dummy.cache_clear()


def test_passwords_are_argon2id_with_a_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert users.hasher().memory_cost >= 64 * 1024 and users.hasher().time_cost >= 3
    assert users.hasher().type.name == "ID"


def test_the_first_start_makes_one_administrator_and_a_second_none(books: Books) -> None:
    token = users.first_admin(books)
    assert token is not None and users.first_admin(books) is None
    user = users.redeem(books, token, GOOD)
    assert (user.name, user.roles, user.has_password) == ("admin", frozenset({"system_admin"}), True)
    assert users.check(books, "ADMIN", GOOD) == user


def test_a_link_works_once_and_a_new_one_ends_the_old(books: Books) -> None:
    first = users.add(books, "li", ["analyst", "approver"], "admin")
    second = users.new_link(books, "li", "admin")
    with pytest.raises(NotAllowed):
        users.redeem(books, first, GOOD)
    users.redeem(books, second, GOOD)
    with pytest.raises(NotAllowed):
        users.redeem(books, second, GOOD + "2")
    assert users.check(books, "li", GOOD) is not None


def test_a_link_ends_after_its_hours(books: Books) -> None:
    token = users.add(books, "li", ["analyst"], "admin")
    later = books.clock() + (users.LINK_HOURS * 3600 + 60) * 1_000_000
    books.clock = lambda: later
    with pytest.raises(NotAllowed, match="ended"):
        users.redeem(books, token, GOOD)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "x" * 2000, "tab\x00tab correct"])
def test_weak_passwords_are_refused(sqlite_books: Books, password: str) -> None:
    token = users.add(sqlite_books, "li", ["analyst"], "admin")
    with pytest.raises(UsageError):
        users.redeem(sqlite_books, token, password)
    users.redeem(sqlite_books, token, GOOD)


def test_wrong_names_and_passwords_open_nothing(books: Books) -> None:
    users.redeem(books, users.add(books, "li", ["analyst"], "admin"), GOOD)
    users.add(books, "wang", ["analyst"], "admin")
    assert users.check(books, "li", GOOD + "x") is None
    assert users.check(books, "nobody", GOOD) is None
    assert users.check(books, "wang", GOOD) is None


def test_a_disabled_user_stays_out_until_enabled_again(books: Books) -> None:
    token = users.add(books, "li", ["analyst"], "admin")
    users.set_enabled(books, "li", "admin", enabled=False)
    with pytest.raises(NotAllowed):
        users.redeem(books, token, GOOD)
    users.set_enabled(books, "li", "admin", enabled=True)
    users.redeem(books, token, GOOD)
    users.set_enabled(books, "li", "admin", enabled=False)
    assert users.check(books, "li", GOOD) is None


def test_roles_change_but_nobody_changes_the_own_access(books: Books) -> None:
    users.add(books, "li", ["analyst"], "admin")
    users.set_roles(books, "li", ["approver", "viewer"], "admin")
    found = users.find(books, "LI")
    assert found is not None and found.roles == {"approver", "viewer"}
    with pytest.raises(NotAllowed, match="own access"):
        users.set_roles(books, "li", ["system_admin"], "Li")
    with pytest.raises(NotAllowed, match="own access"):
        users.set_enabled(books, "li", "li", enabled=True)


def test_names_that_look_alike_are_one_user_and_unknown_things_are_named(books: Books) -> None:
    users.add(books, "Li", ["analyst"], "admin")
    with pytest.raises(NotAllowed, match="already"):
        users.add(books, "ｌｉ", ["analyst"], "admin")
    with pytest.raises(UsageError, match="king"):
        users.add(books, "wang", ["king"], "admin")
    with pytest.raises(UsageError):
        users.add(books, "wang", [], "admin")
    with pytest.raises(NotFound, match="zhao"):
        users.new_link(books, "zhao", "admin")
    assert [u.name for u in users.listing(books)] == ["Li"]


def test_no_password_or_link_is_readable_in_the_books(books: Books) -> None:
    token = users.add(books, "li", ["analyst"], "admin")
    users.redeem(books, token, GOOD)
    with books.reading() as book:
        text = str(book.rows("select * from user_entry")) + str(book.rows("select payload from audit"))
    assert token not in text and GOOD not in text


def test_the_command_line_gives_a_new_link_and_says_who_has_access(sqlite_books: Books, tmp_path: Path) -> None:
    run, common = CliRunner(), ["--state", str(tmp_path)]
    users.add(sqlite_books, "admin", ["system_admin"], users.SETUP)
    added = run.invoke(cli, ["users", "add", "zhao", "--role", "approver", "--by", "admin", *common]).output
    linked = run.invoke(cli, ["users", "link", "zhao", "--by", "admin", "--console", "https://tr.example/", *common])
    assert "https://tr.example/welcome?token=" in linked.output
    with pytest.raises(NotAllowed):
        users.redeem(sqlite_books, added.split("token=")[1].strip(), GOOD)
    assert users.redeem(sqlite_books, linked.output.split("token=")[1].strip(), GOOD).name == "zhao"
    for verb, told in ((["roles", "zhao", "--role", "viewer"], "enabled, viewer"), (["disable", "zhao"], "disabled"),
                       (["enable", "zhao"], "enabled")):  # fmt: skip
        assert told in run.invoke(cli, ["users", *verb, "--by", "admin", *common]).output
    own = run.invoke(cli, ["users", "disable", "admin", "--by", "admin", *common])
    assert own.exit_code == 2 and "own access" in own.output
    assert "zhao" in run.invoke(cli, ["users", "list", *common]).output
