"""What a run would have come to under the rules before their newest change, and under the next that are announced."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from data_contracts.warehouse import Warehouse
from pipelines.whatif import run_of


@lru_cache(maxsize=8)
def replay(folder: Path) -> list[dict[str, Any]]:
    """Per version (`previous`, `next`) its document and, by promoter, the months whose rebate would differ (fen).

    A published run never changes, so the answer is kept. Nothing is recorded.
    """
    from rulebook import programme, versions
    from settlement import whatif

    run = run_of(folder)
    with Warehouse(folder / "tables", "results", run) as wh:
        admitted = versions.admitted(wh)
    out = []
    for which, found in (
        ("previous", versions.without_newest(admitted, run.as_of)),
        ("next", versions.with_next(admitted, run.as_of)),
    ):
        if found is None:
            continue
        document, other = found
        told = whatif.run(folder / "tables", run, programme=partial(programme.admit, programme=other))
        changes: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for c in told.changes:
            changes[c.promoter_id].append({"month": c.month, "clause": c.clause, "change_fen": c.change_fen})
        out.append({
            "which": which, "document_id": document.document_id, "level": document.level,
            "effective_from": document.effective_from.isoformat(), "changes": dict(changes),
        })  # fmt: skip
    return out
