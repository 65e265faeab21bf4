"""What people do with the key and the vault: rotate, reveal, erase. Each stands in the audit chain before it happens."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from casebook import registers
from casebook.books import Books
from casebook.checkpoint import Seal
from casebook.people import line, person
from data_contracts.errors import NotAllowed, NotFound
from data_contracts.raw_vault import Vault
from data_contracts.vault import Key, load_key
from pipelines import keys, legal_hold, manifest
from pipelines.people import at, books_of
from pipelines.state import State

MOST_SIGHTS, WITHIN = 20, 3_600  # of one person, in seconds


def rotate(state: Path, books_url: str | None, sources: Path | None, *, by: str, reason: str) -> str:
    """A new token key in place of the old one; the register of shared identifiers and the vault move under it.

    Raises NotAllowed when a registered identifier can be found neither in the vault nor in `sources`: under the new key it
    would be silently forgotten, and groups would change.
    """
    place, who, why = at(state, books_url), person(by), line(reason, "reason")
    with place.locked(), books_of(place) as books:
        old, new = keys.both(state, os.environ)
        last = books.last_run()
        today = last.as_of if last else date.min
        standing = _register(books, today)
        register = [s for s in standing if s["token"].startswith(f"v1:{old.kid}:")]
        known = {s["token"] for s in standing}
        moves = _moves(state, sources, old, new, {s["token"]: s["kind"] for s in register})
        books.note(who, "keys.rotate", new.kid, why, {"old": old.kid, "registered": len(register)})
        for entry in register:
            if moves[entry["token"]] not in known:
                registers.add_shared(
                    books, entry["kind"], moves[entry["token"]], entry["label"], who, f"key rotation: {why}",
                    kid=new.kid, from_on=date.fromisoformat(entry["from_on"]), to_on=_day(entry["to_on"]),
                )  # fmt: skip
        done = keys.rotate(state, os.environ, who=who, reason=why, at=_now(books))
        for entry in register:
            if entry["to_on"] is None:
                registers.end_shared(books, entry["shared_id"], who, f"key rotation: {why}", to_on=today)
        public = Seal(place.checkpoints, new).public_key
    told = f"{len(done.moved)} values of the vault, {len(register)} of the register moved"
    return (
        f"the key is {done.new_kid} now, it was {done.old_kid}; {told}; checkpoints are signed by {public} from now on"
    )


def reveal(state: Path, books_url: str | None, token: str, case_id: str, *, by: str, reason: str) -> str:
    """The raw value behind a token. Who, which case and why are in the audit chain, on disk, before it is decrypted.

    Raises NotAllowed for more than 20 sights of one person within an hour, NotFound when the vault does not hold it.
    """
    place, who, why = at(state, books_url), person(by), line(reason, "reason")
    case = line(case_id, "case")
    with books_of(place) as books, _vault(place) as vault:
        _few_sights(books, who)
        books.note(who, "vault.reveal", line(token, "token"), why, {"case": case})
        return vault.reveal(token, who=who, reason=f"{case}: {why}", at=_now(books))


def row(state: Path, books_url: str | None, file: str, number: int, run_id: str | None, *, by: str, reason: str) -> str:
    """A quarantined row of a run as it came, as JSON. Who and why are in the audit chain, on disk, before it is decrypted.

    Raises NotAllowed for more than 20 sights of one person within an hour, NotFound when the vault does not hold it.
    """
    place, who, why = at(state, books_url), person(by), line(reason, "reason")
    delivery = str(manifest.read(place.run_folder(run_id))["sources"]["sha256"])
    with books_of(place) as books, _vault(place) as vault:
        _few_sights(books, who)
        books.note(who, "vault.row", line(f"{file}:{number}", "file"), why, {"delivery": delivery})
        found = vault.row(delivery, file, number, who=who, reason=why, at=_now(books))
    return json.dumps(found, ensure_ascii=False, indent=1)


def _few_sights(books: Books, who: str) -> None:
    with books.reading() as book:
        since = book.clock() - WITHIN * 1_000_000
        seen = book.value(
            "select count(*) from audit where action in ('vault.reveal', 'vault.row') and actor = :a and at > :t",
            a=who, t=since,
        )  # fmt: skip
    if int(seen) >= MOST_SIGHTS:
        raise NotAllowed(f"{who} has seen {seen} values within the hour, and {MOST_SIGHTS} are the most: wait")


def erase(state: Path, books_url: str | None, subject: str, *, by: str, reason: str) -> str:
    """Destroy an account's key in the vault: what is held of it can never be read again, nor stored anew.

    Raises NotAllowed while the account, or everything, is under a legal hold.
    """
    place, who, why = at(state, books_url), person(by), line(reason, "reason")
    with books_of(place) as books, _vault(place) as vault:
        with books.reading() as book:
            holds = legal_hold.standing(book)
        if held := holds.get(subject) or holds.get(legal_hold.ALL):
            raise NotAllowed(f"{subject} is not erased: there is {held}; lift it first")
        count = vault.holds(subject)
        books.note(who, "vault.erase", line(subject, "account"), why, {"values": count})
        vault.erase(subject, who=who, reason=why, at=_now(books))
    return f"{subject} is erased: {count} values can never be read again; ledger, decisions and the log still verify"


def _vault(place: State) -> closing[Vault]:
    if not place.vault.exists():
        raise NotFound(f"there is no vault in {place.folder}: `tongren run --vault` turns it on")
    return closing(Vault(place.vault, load_key(place.folder, os.environ)))


def _now(books: Books) -> datetime:
    return datetime.fromtimestamp(books.clock() / 1_000_000, UTC)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _register(books: Books, today: date) -> Sequence[dict[str, str]]:
    with books.reading() as book:
        return book.rows(
            "select shared_id, kind, token, label, from_on, to_on from shared_state "
            "where to_on is null or to_on >= :today order by shared_id",
            today=today.isoformat(),
        )


def _moves(state: Path, sources: Path | None, old: Key, new: Key, wanted: Mapping[str, str]) -> dict[str, str]:
    """The new token of each registered one."""
    found = keys.under_new_key(state, old, new, wanted)
    left = {token: kind for token, kind in wanted.items() if token not in found}
    if left and sources is not None:
        from pipelines.ingest.retoken import found_in

        found |= found_in(sources, old, new, left)
    if lost := len(wanted.keys() - found.keys()):
        raise NotAllowed(
            f"{lost} registered identifiers are not in the vault, and a new key would forget them: give --sources with the"
            " feeds that hold them, or end those entries first"
        )
    return found
