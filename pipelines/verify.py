"""`tongren verify`: manifest hashes, ledger invariants and the audit chain of a run, or one evidence report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from casebook import books as casebook_books
from casebook.checkpoint import Seal, reach
from data_contracts.errors import TongrenError
from data_contracts.vault import load_key
from pipelines import manifest
from pipelines.state import State


class VerificationFailed(TongrenError):
    """Something is not as it was recorded; the message lists every fault found."""


def verified(what: str, faults: Sequence[str]) -> None:
    """Raises VerificationFailed when there are faults."""
    if faults:
        raise VerificationFailed(f"{what} does not verify: " + "; ".join(faults))


def verify(state: Path, books_url: str | None, what: str | None) -> str:
    """Verify a run id (default: the newest run) or a report file. Raises VerificationFailed with all faults."""
    place = State(state, books_url)
    if what is not None and Path(what).exists():
        return _report(place, Path(what))
    folder = place.run_folder(what)
    faults = manifest.faults(folder)
    from casebook.dossier.position import manifest_faults
    from settlement import invariants

    faults += invariants.faults(folder)
    books = casebook_books.open_books(place.books)
    try:
        seal = Seal(place.checkpoints, load_key(place.folder, os.environ))
        faults += books.audit_faults(place.checkpoints, seal.public_key)
        faults += manifest_faults(books, folder)
        last = (books.anchor() or {"seq": 0})["seq"]
    finally:
        books.close()
    verified(folder.name, faults)
    files = len(manifest.read(folder)["outputs"])
    told = f"{folder.name} verifies: {files} files as in the manifest, ledger invariants hold, audit chain unbroken"
    return f"{told}, signed up to entry {reach(place.checkpoints)} of {last}"


def _report(place: State, path: Path) -> str:
    from casebook import dossier
    from casebook.dossier.check import Evidence
    from pipelines.versions import replay

    seal = Seal(place.checkpoints, load_key(place.folder, os.environ))
    by = Evidence(place.runs, place.books, place.checkpoints, seal.public_key, replay)
    faults = dossier.verify(path, by)
    verified(path.name, faults)
    return f"{path.name} verifies: it is what its run makes, and the run stands in the books under a signed, unbroken chain"
