"""The main job: from a source folder to published groups, bursts, decisions, statements and evidence."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from casebook import books as casebook_books
from casebook import policy as casebook_policy
from casebook.checkpoint import Seal
from data_contracts.contract import contracts
from data_contracts.dates import day_start, last_day
from data_contracts.errors import InputRefused, UsageError
from data_contracts.run import Run
from data_contracts.vault import load_key
from pipelines import deliveries, ingest, limits, manifest, metrics, publish
from pipelines.progress import Steps
from pipelines.stages import STAGES, Job, run_stage
from pipelines.state import State
from rulebook import programme as rulebook_programme
from rulebook.closed import check_closed
from settlement import finance

log = logging.getLogger("tongren")
PROMOTERS_PER_PROCESS = 2_000
DEFAULT_POLICY = Path(casebook_policy.__file__).parent / "policy.yaml"


@dataclass(frozen=True)
class Order:
    """What a caller asks of a run. A vault that is there stays on without being asked for."""

    sources: Path
    state: State
    as_of: date
    programme: Path | None = None
    policy: Path | None = None
    allow_read: tuple[Path, ...] = ()
    threads: int = 2
    memory_limit: str = "2GB"
    dry_run: bool = False
    require_manifest: bool = False
    vault: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a run came to. `published` is False when the same run was published before, or for a dry run."""

    run_id: str
    folder: Path
    published: bool
    manifest: dict[str, Any] = field(default_factory=dict)


def run(order: Order) -> Outcome:
    """One run, start to publication. Raises Busy, InputRefused and other TongrenErrors; then nothing was published."""
    with order.state.locked(), limits.named(order.state.folder, order.memory_limit):
        books = casebook_books.open_books(order.state.books)
        try:
            swapped = publish.recover(order.state, books)
            if swapped:
                log.info("recovered=swap run_id=%s", swapped)
            return _run(order, books, recovered=swapped is not None)
        finally:
            books.close()


def _run(order: Order, books: casebook_books.Books, *, recovered: bool) -> Outcome:
    job, facts = prepare(order, books)
    if recovered:  # the crash may have come before the checkpoint too
        Seal(order.state.checkpoints, job.key).stamp(books)
    before = books.published(manifest.digest(facts), live_models(order.state))
    if before is not None and (order.state.runs / before / "manifest.json").exists():
        shutil.rmtree(job.work, ignore_errors=True)
        folder = order.state.runs / before
        said = manifest.read(folder)
        newest = folder.name == order.state.current().name
        if newest and not metrics.tell_of(order.state.folder / "metrics.prom", said["run_seq"]):
            _tell(order.state, folder, job.run, said)  # a crash or a full disk came between publishing and telling
        return Outcome(before, folder, published=False)
    try:
        steps = work_through(job, order, facts)
        return finish(order, job, facts, steps)
    except BaseException:
        shutil.rmtree(job.work, ignore_errors=True)
        raise


def prepare(order: Order, books: casebook_books.Books, work: Path | None = None) -> tuple[Job, dict[str, Any]]:
    """Read the configuration whole, fix the run's id, and say what it depends on (the fingerprint's facts)."""
    programme_file = _given(order.programme, order.sources / "programme.yaml", "programme")
    policy_file = order.policy or (order.sources / "policy.yaml")
    policy_file = policy_file if policy_file.exists() else DEFAULT_POLICY
    programme = rulebook_programme.load(programme_file)
    policy = casebook_policy.load(policy_file)
    must_have_manifest = order.require_manifest or programme.require_manifest
    ingest.check_manifest(order.sources, must_have_manifest)
    _keep_queries_out(order)
    key = load_key(order.state.folder, os.environ)
    from settlement import check_as_of

    last = books.last_run()
    check_as_of(books.last_issue(), order.as_of, None if last is None or order.dry_run else last.as_of)
    _check_closed(programme, books, order.state)
    stamps = ingest.stamps(order.sources, order.allow_read)
    delivered = ingest.fingerprint(order.sources, order.allow_read)
    facts = {
        "as_of": order.as_of.isoformat(),
        "programme": manifest.sha256(programme_file),
        "policy": manifest.sha256(policy_file),
        "sources": delivered,
        "key": key.kid,
        "human_entry": books.human_seq(),
        "code": importlib.metadata.version("tongren"),
        "rules": rules_version(),
    }
    digest = manifest.digest({**facts, "models": live_models(order.state)})
    run_id = f"{order.as_of.isoformat()}-{digest[:12]}"
    run = Run(run_id, books.next_run_seq(), order.as_of, programme.zone, order.threads, order.memory_limit)
    folder = work if work is not None else order.state.partial(run_id)
    job = Job(
        run, folder, order.state, order.sources, order.allow_read, programme, policy, key, books,
        delivered_as=delivered["sha256"], stamps=stamps, require_manifest=must_have_manifest,
        vault=order.vault or order.state.vault.exists(), remember=not order.dry_run,
    )  # fmt: skip
    return job, facts


def _keep_queries_out(order: Order) -> None:
    """A source query must not reach the key, the books or the vault: refuse a state that stands in a folder that it may read."""
    state = order.state.folder.resolve()
    for folder in ingest.query_folders(order.sources, order.allow_read):
        if state.is_relative_to(folder.resolve()):
            raise UsageError(
                f"the state {order.state.folder} stands in {folder}, which source queries may read: its key and books would be"
                " theirs; put it elsewhere"
            )


RULE_FOLDERS = ("data_contracts", "features", "models", "rulebook", "settlement", "casebook")
RULE_FILES = (".sql", ".yaml")


def rules_version() -> str:
    """One hash over every rule as it stands: SQL, cards, contracts, the same-user model, rules in Python."""
    root = Path(__file__).parents[1]
    files = (p for folder in RULE_FOLDERS for p in (root / folder).rglob("*"))
    rules = sorted(p for p in files if p.suffix in RULE_FILES or p.name == "rule.py")
    return manifest.digest({p.relative_to(root).as_posix(): manifest.sha256(p) for p in rules})


def inputs(job: Job, sources: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Per source file: rows read and sha256."""
    facts = pq.read_table(job.tables / "feeds" / "feed_fact.parquet", columns=["file", "rows_in"]).to_pylist()
    rows = {f["file"]: f["rows_in"] for f in facts}
    return {f["path"]: {"sha256": f["sha256"], "rows": rows.get(f["path"])} for f in sources["files"]}


def _check_closed(programme: rulebook_programme.Programme, books: casebook_books.Books, state: State) -> None:
    """Refuse a programme that says something else of a month that is issued."""
    last = books.last_issue()
    if last is not None and state.current_link.exists():
        check_closed(programme, state.current() / "tables" / "rules", last_day(last[0]))


def _given(chosen: Path | None, default: Path, what: str) -> Path:
    path = chosen or default
    if not path.exists():
        raise InputRefused("file.missing", f"there is no {what} file; give one with --{what}", where=path)
    return path


def live_models(state: State) -> dict[str, str]:
    """SHA-256 by name of the models that a run would score with now; empty before the first run registers one."""
    from models.tracking import Tracking

    return dict(Tracking(state.mlflow).live_hashes())


def work_through(job: Job, order: Order, facts: dict[str, Any]) -> Steps:
    """All stages and the reports, into the run's private folder."""
    steps = Steps(job.run.as_of.isoformat(), [*STAGES, "reports"])
    with steps.shown():
        for name in STAGES:
            with steps.step(name) as rows:
                rows.update(run_stage(name, job))
        lay_out(job)
        with steps.step("reports") as rows:
            rows["reports"] = write_reports(job, said_of(job, order, facts))
    return steps


def lay_out(job: Job) -> None:
    """Move the result tables and the quarantine to where readers look for them: the top of the run folder."""
    for path in sorted((job.tables / "results").glob("*.parquet")):
        path.rename(job.work / path.name)
    shutil.rmtree(job.tables / "results", ignore_errors=True)
    shutil.rmtree(job.tables / "spill", ignore_errors=True)
    quarantine = job.tables / "quarantine"
    if quarantine.exists():
        quarantine.rename(job.work / "quarantine")


def said_of(job: Job, order: Order, facts: dict[str, Any]) -> dict[str, Any]:
    """What the manifest and the reports say of a run: `tongren verify REPORT` makes a report again from the manifest."""
    return {
        "run_id": job.run.run_id,
        "run_seq": job.run.run_seq,
        **facts,
        "fingerprint": manifest.digest(facts),
        "zone": job.run.zone,
        "programme_name": job.programme.name,
        "models": live_models(order.state),
    }


def write_reports(job: Job, said: dict[str, Any]) -> int:
    """The HTML evidence reports and the contract report of the feeds; returns how many."""
    from casebook import dossier
    from pipelines import contract_report

    # A process more costs a second and its own copy of the report tables: worth it from some thousand promoters on.
    promoters = pq.read_metadata(job.tables / "feeds" / "promoters.parquet").num_rows
    processes = max(1, min(job.run.threads, promoters // PROMOTERS_PER_PROCESS))
    made = len(dossier.write_all(job.tables, job.work / "reports", said, processes))
    before = job.state.current() if job.state.current_link.exists() else None
    contract_report.write(job.work, job.work / "reports", before=before, unread=ingest.unread(job.sources))
    return made + 1


def finish(order: Order, job: Job, facts: dict[str, Any], steps: Steps) -> Outcome:
    from models.tracking import Tracking

    content = {
        **said_of(job, order, facts),
        "inputs": inputs(job, facts["sources"]),
        "not_read": ingest.unread(job.sources),
        "books_schema": job.books.schema_version(),
        "model_versions": Tracking(order.state.mlflow).live_versions(),
        "seconds": steps.seconds,
        "rows": steps.rows,
        "alarms": deliveries.open_alarms(job.tables),
        "outputs": manifest.of_outputs(job.work),
    }
    manifest.write(job.work, content)
    if order.dry_run:
        folder = order.state.folder / "dry-run"
        shutil.rmtree(folder, ignore_errors=True)
        job.work.rename(folder)
        return Outcome(job.run.run_id, folder, published=False, manifest=content)
    folder = publish.place(order.state, job.work, job.run.run_id)
    job.books.commit(
        job.run, recorded(folder / "tables"), fingerprint=content["fingerprint"], models=content["models"],
        manifest=manifest.sha256(folder / "manifest.json"),
    )  # fmt: skip
    Seal(order.state.checkpoints, job.key).stamp(job.books)
    publish.swap(order.state, job.run.run_id)
    _tell(order.state, folder, job.run, content)
    from pipelines import verbs_webhooks

    verbs_webhooks.after_run(job.books, job.key)
    return Outcome(job.run.run_id, folder, published=True, manifest=content)


def _tell(state: State, folder: Path, run: Run, content: Mapping[str, Any]) -> None:
    """The alarm of late statements and the metrics of a published run."""
    day_began = int(day_start(run.as_of, run.zone).timestamp())
    late = finance.alarm(folder, run.as_of)
    if late:
        log.warning("alarm=4.4(3) %s", late)
    metrics.write(state.folder / "metrics.prom", folder, {**content, "alarm": late}, day_began)


def recorded(tables: Path) -> dict[str, list[pa.Table]]:
    """The rows that the books take from a run: per recorded table, the stage tables whose contract names it."""
    out: dict[str, list[pa.Table]] = {}
    for contract in contracts().values():
        if contract.records:
            out.setdefault(contract.records, []).append(
                pq.read_table(tables / contract.stage / f"{contract.table}.parquet")
            )
    return out


def backfill(order: Order, days: Sequence[date]) -> list[Outcome]:
    """One run per day, in the order of the days."""
    from dataclasses import replace

    return [run(replace(order, as_of=day)) for day in sorted(days)]
