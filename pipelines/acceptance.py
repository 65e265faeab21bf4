"""A person accepts a delivery that is unusual, by name and reason; the alarms so far and who accepted them."""

from __future__ import annotations

from pathlib import Path

from casebook.people import line, person
from data_contracts.errors import NotFound
from pipelines import manifest
from pipelines.deliveries import alarms, open_alarms
from pipelines.people import at, books_of
from pipelines.show import table


def accept(state: Path, books_url: str | None, run_id: str | None, *, by: str, reason: str) -> str:
    """Accept the delivery of a published run (default: the newest) although something is unusual about it.

    Stands in the audit chain. The next run over the same delivery issues what is due. Raises NotFound without an alarm.
    """
    place = at(state, books_url)
    folder = place.run_folder(run_id)
    found = open_alarms(folder / "tables")
    if not found:
        raise NotFound(f"nothing was unusual about the delivery of {folder.name}: there is nothing to accept")
    with books_of(place) as books:
        books.note(person(by), "feeds.accept", found[0]["delivery"], line(reason, "reason"))
    told = "\n".join(f"  {a['code']}: {a['sentence']}" for a in found)
    return f"accepted, and the next run issues what is due:\n{told}"


def listing(state: Path, books_url: str | None) -> str:
    """Every alarm of the published runs, and who accepted it."""
    place = at(state, books_url)
    with books_of(place) as books:
        accepted = books.accepted_deliveries()
    rows = [
        {
            "run": folder.name,
            "code": a["code"],
            "what": a["sentence"],
            "accepted": "yes" if a["delivery"] in accepted else "no",
        }
        for folder in manifest.run_folders(place.runs)
        for a in alarms(folder / "tables")
    ]
    return table(rows, limit=1000)
