"""The stages of a run, in order: the table of contents of the whole job.

Each stage is one function over a `Warehouse`; stages meet only in contracted tables. `tongren run` walks the list in one
process, `dvc repro` calls `python -m pipelines STAGE` for one entry at a time; both do the same work.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook.books import Books
from data_contracts.contract import of_stage
from data_contracts.raw_vault import Vault
from data_contracts.run import Run
from data_contracts.vault import Key
from data_contracts.warehouse import Warehouse
from pipelines.state import State

if TYPE_CHECKING:
    from pipelines.ingest.health import Earlier

RESULTS_SQL = Path(__file__).parent / "sql"
REASONS = Path(__file__).parents[1] / "rulebook" / "reasons.yaml"


@dataclass(frozen=True)
class Job:
    """Everything a stage may need besides its tables. `work` is the private folder of the run, `delivered_as` the SHA-256
    of its source files, `stamps` what they looked like then;
    `vault` says that raw values are kept, sealed, in the state's vault, `remember` that the tokens of
    files may be kept in the state for the next run."""

    run: Run
    work: Path
    state: State
    sources: Path
    allow_read: tuple[Path, ...]
    programme: Any
    policy: Any
    key: Key
    books: Books
    delivered_as: str = ""
    stamps: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    require_manifest: bool = False
    vault: bool = False
    remember: bool = True

    @cached_property
    def earlier(self) -> list[Earlier]:
        """The published runs against which the delivery is held, oldest first."""
        from pipelines import deliveries

        return deliveries.earlier(self.state, self.books)

    @property
    def tables(self) -> Path:
        """Where the stages' tables stand: `<tables>/<stage>/<table>.parquet`."""
        return self.work / "tables"


def rules(job: Job, wh: Warehouse) -> None:
    """Programme and policy as dated rows."""
    import rulebook
    from casebook import policy
    from rulebook import programme

    programme.admit(wh, job.programme)
    rulebook.admit_register(wh)
    policy.admit(wh, job.policy)


def books(job: Job, wh: Warehouse) -> None:
    """The frozen copy of the books from which the run starts."""
    job.books.freeze(wh)


def feeds(job: Job, wh: Warehouse) -> None:
    """Sources read, checked, quarantined, tokenised."""
    from pipelines import deliveries, ingest

    with closing(Vault(job.state.vault, job.key)) if job.vault else nullcontext() as vault:
        ingest.build(
            wh,
            sources=job.sources,
            key=job.key,
            zone=job.run.zone,
            max_quarantine_share=job.programme.max_quarantine_share,
            allow_read=job.allow_read,
            require_manifest=job.require_manifest,
            vault=vault,
            earlier=job.earlier,
            history=deliveries.history(job.state),
            accepted=job.books.accepted_deliveries(),
            delivered_as=job.delivered_as,
            shelf_in=job.state.shelf if job.remember else None,
        )
    ingest.check_unchanged(job.stamps, job.sources, job.allow_read)


def features(job: Job, wh: Warehouse) -> None:
    """Identifier evidence and the behaviour of promoters."""
    import features

    features.build(wh)


def models(job: Job, wh: Warehouse) -> None:
    """Same-user groups, refund bursts and the other detectors."""
    import models
    from models.tracking import Tracking

    models.build(wh, tracking=Tracking(job.state.mlflow))


def rulebook(job: Job, wh: Warehouse) -> None:
    """The agreement, clause by clause."""
    import rulebook

    rulebook.build(wh)


def draft(job: Job, wh: Warehouse) -> None:
    """Entitlement under the decisions so far: what is at stake."""
    import settlement

    settlement.draft(wh)


def casebook(job: Job, wh: Warehouse) -> None:
    """Findings become decisions, by policy and by people."""
    import casebook

    casebook.build(wh)


def settlement(job: Job, wh: Warehouse) -> None:
    """Decisions become money."""
    import settlement

    settlement.build(wh)


def results(job: Job, wh: Warehouse) -> None:
    """The published tables of the run."""
    wh.make_all(RESULTS_SQL, [c.table for c in of_stage("results")])


STAGES: dict[str, Callable[[Job, Warehouse], None]] = {
    "rules": rules,
    "books": books,
    "feeds": feeds,
    "features": features,
    "models": models,
    "rulebook": rulebook,
    "draft": draft,
    "casebook": casebook,
    "settlement": settlement,
    "results": results,
}


def run_stage(name: str, job: Job) -> dict[str, int]:
    """Run one stage and publish its tables into the work folder. Returns rows by table."""
    shutil.rmtree(job.tables / name, ignore_errors=True)
    with Warehouse(job.tables, name, job.run) as wh:
        STAGES[name](job, wh)
        facts = wh.publish()
    return {table: fact.rows for table, fact in facts.items()}
