"""The same-user model under record: the live one, candidates fitted on a published run, and what one would change."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from data_contracts.contract import contracts
from data_contracts.errors import NotFound
from data_contracts.warehouse import Warehouse
from models.same_user import group, rescore
from models.same_user.em import MISSING, Patterns, fit_blocks, posterior
from models.same_user.model import SHIPPED, Model, read
from models.same_user.score import score

if TYPE_CHECKING:
    from models.tracking import Live, Tracking

log = logging.getLogger("tongren")
NAME = "same_user"
SQL = Path(__file__).parent / "sql"
FITTED_ON = (
    "identifier_use",
    "identifier_holder",
    "identifier_value",
    "identifier_entity",
    "referrals",
    "books_verdict",
)


def live(tracking: Tracking | None) -> Model:
    """The live model; the one shipped with the code is registered when there is none yet. A later one that ships is told of,
    and goes live as any other: by `tongren train --shipped` and a shadow run."""
    document = SHIPPED.read_text(encoding="utf-8")
    if tracking is None:
        return read(document)
    found = tracking.live(NAME)
    if found is None:
        found = register(tracking, document, {}, "live")
        log.info("model=%s version=%s registered=live reason=first-run", found.name, found.version)
    model, shipped = read(tracking.content(found).decode("utf-8")), read(document)
    if int(shipped.version) > int(model.version):
        log.warning(
            "model=%s live_file=%s shipped_file=%s next=tongren-train-shipped", NAME, model.version, shipped.version
        )
    return model


def register(
    tracking: Tracking, document: str, metrics: dict[str, float], stage: str, data: dict[str, str] | None = None
) -> Live:
    """Put a model file under record as `live` or `candidate`; `data`: table to the sha256 of the file it was fitted on."""
    from models.tracking import Fitted

    model = read(document)
    parameters = {f"m.{k.name}.{v.name}": v.m for k in model.kinds for v in k.levels}
    return tracking.register(Fitted(NAME, document.encode(), parameters, metrics, data or {}, {}), stage)


def train(tables: Path, tracking: Tracking) -> str:
    """Fit m on a published run's pairs, with the verdicts of its books, and register the candidate; the model's name."""
    with rescore.opened(tables, stage="models") as wh:
        now = live(tracking)
        score(wh, now)
        document, metrics = fitted(wh, now)
    register(tracking, document, metrics, "candidate", hashes(tables))
    return NAME


def offer_shipped(tracking: Tracking) -> str:
    """Register the model file that ships with the code as the candidate; the model's name."""
    register(tracking, SHIPPED.read_text(encoding="utf-8"), {}, "candidate")
    return NAME


def hashes(tables: Path) -> dict[str, str]:
    """Table to the sha256 of its published file, for the tables that a fit reads."""
    found = {}
    for name in FITTED_ON:
        with (Path(tables) / contracts()[name].stage / f"{name}.parquet").open("rb") as file:
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def shadow(tables: Path, tracking: Tracking) -> str:
    """Link a published run's evidence with the live and the candidate model: what would change, in words."""
    candidate = tracking.candidate(NAME)
    if candidate is None:
        raise NotFound(f"{NAME} has no candidate: run tongren train, then tongren models --shadow {NAME}.")
    found = []
    for model in (live(tracking), read(tracking.content(candidate).decode("utf-8"))):
        with rescore.opened(tables, stage="models") as wh:
            score(wh, model)
            group.build(wh, model)
            found.append({(a, b) for a, b in wh.execute(
                "select one.account_id, other.account_id from same_user_group as x"
                " inner join same_user_group as y on x.label_no = y.label_no and x.account_no < y.account_no"
                " inner join same_user_account as one on x.account_no = one.account_no"
                " inner join same_user_account as other on y.account_no = other.account_no"
            )})  # fmt: skip
    before, after = found
    return (
        f"{NAME}: candidate version {candidate.version} would put {len(after):,} pairs of accounts into one group, "
        f"the live model {len(before):,}; {len(after - before):,} are new, {len(before - after):,} fall away"
    )


def fitted(wh: Warehouse, model: Model) -> tuple[str, dict[str, float]]:
    """A model file with m fitted on the scored pairs of `wh`, and its metrics."""
    patterns = patterns_of(wh, model)
    start = {k.name: np.array([v.m for v in k.levels]) for k in model.kinds}
    start = {k: m * min(1.0, 0.95 / m.sum()) for k, m in start.items()}
    strong = [k.name for k in model.kinds if k.strong]
    m = fit_blocks(patterns, strong, start)
    raw = yaml.safe_load(model.document)
    raw["version"] = str(int(raw["version"]) + 1)
    for kind in model.kinds:
        for level, value in zip(kind.levels, m[kind.name], strict=True):
            raw["kinds"][kind.name]["levels"][level.name]["m"] = round(float(np.clip(value, 1e-4, 0.99)), 4)
        if kind.absent_bits < 0:
            raw["kinds"][kind.name]["absent_bits"] = round(float(np.log2(max(0.01, 1 - m[kind.name].sum()))), 2)
    same = posterior(patterns, m, 0.1)
    metrics = {
        "pairs": float(len(same)), "pairs_same": float(np.round(same.sum(), 1)),
        "verdicts": float((~np.isnan(patterns.known)).sum()),
    }  # fmt: skip
    head = "# The same-user model, m fitted by tongren train. Read with docs/linkage.md.\n"
    return head + yaml.safe_dump(raw, sort_keys=False, allow_unicode=True), metrics


def patterns_of(wh: Warehouse, model: Model) -> Patterns:
    """Agreement patterns of the scored pairs of `wh`."""
    wh.make(SQL / "same_user_pattern.sql")
    rows: dict[str, Any] = dict(
        wh.con.execute(
            "select pair_no, kind, level_no, u, known from same_user_pattern order by pair_no, kind"
        ).fetchnumpy()
    )
    kinds = tuple(k.name for k in model.kinds)
    first = dict(zip(kinds, np.cumsum([0, *(len(k.levels) for k in model.kinds)]).tolist(), strict=False))
    pairs = int(wh.execute("select count(*) from same_user_score")[0][0])
    level = np.full((pairs, len(kinds)), MISSING, dtype=np.int64)
    u = np.ones((pairs, len(kinds)))
    known = np.full(pairs, np.nan)
    pair, names = np.asarray(rows["pair_no"]).astype(np.int64), np.asarray(rows["kind"]).astype(str)
    met = np.asarray(rows["level_no"]).astype(np.int64)
    for at, kind in enumerate(kinds):
        mine = names == kind
        level[pair[mine], at] = np.where(met[mine] >= 0, met[mine] - first[kind], -1)
        u[pair[mine], at] = np.asarray(rows["u"])[mine]
    verdict = np.ma.filled(np.ma.asarray(rows["known"]).astype(np.float64), np.nan)
    told = ~np.isnan(verdict)
    known[pair[told]] = verdict[told]
    return Patterns(kinds, {k.name: len(k.levels) for k in model.kinds}, level, u, known)
