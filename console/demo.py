"""`make console`: the console over the simulated programme's state, with one user per role and printed passwords."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from casebook import users
from casebook.books import Books, open_books
from console.serve import PORT, serve

WHO = {
    "viewer": "vera", "analyst": "an", "approver": "ping", "compliance": "he", "finance": "cai",
    "rules_admin": "gui", "system_admin": "admin", "auditor": "shen",
}  # fmt: skip
"""A name per role."""


def people(books: Books) -> dict[str, str]:
    """Make one user per role; passwords by name, empty when there are users already."""
    if users.listing(books):
        return {}
    made: dict[str, str] = {"admin": secrets.token_urlsafe(12)}
    users.redeem(books, str(users.first_admin(books)), made["admin"])
    for role, name in WHO.items():
        if name not in made:
            made[name] = secrets.token_urlsafe(12)
            users.redeem(books, users.add(books, name, [role], "admin"), made[name])
    return made


@click.command()
@click.option("--state", type=click.Path(path_type=Path), default=Path("state"))
@click.option("--port", type=int, default=PORT)
def main(state: Path, port: int) -> None:
    """Serve STATE with demonstration users; their passwords stand in STATE/demo-users.txt, readable by you alone."""
    kept = state / "demo-users.txt"
    books = open_books(str(state / "books.db"))
    try:
        made = people(books)
    finally:
        books.close()
    if made:
        lines = [f"{name:<8} {password}  ({role})" for role, name in WHO.items() for password in [made[name]]]
        kept.touch(mode=0o600)
        kept.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if kept.exists():
        click.echo(kept.read_text(encoding="utf-8"), nl=False)
    serve(state, None, port, say=click.echo)


if __name__ == "__main__":
    main()
