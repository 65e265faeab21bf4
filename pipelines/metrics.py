"""The run in Prometheus' text form, for a node exporter's textfile collector: `STATE/metrics.prom`, replaced whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_contracts.contract import contracts

HELP = {
    "tongren_run_seq": "Number of the newest published run",
    "tongren_run_as_of_timestamp_seconds": "Start of the as-of day of the newest run",
    "tongren_statement_late": "1 when the statement of an earlier month was not issued by its month's end, 4.4(3)",
    "tongren_feed_alarms": "Alarms of the delivery that keep months from being issued, by code",
    "tongren_stage_seconds": "Wall seconds by stage",
    "tongren_table_rows": "Rows by stage and table",
    "tongren_feed_rows": "Feed rows by what became of them",
    "tongren_quarantined_rows": "Quarantined rows by feed and rule that no later file has closed",
    "tongren_flagged_promoters": "Promoters with a flagged refund burst",
    "tongren_open_findings": "Findings of the run",
    "tongren_decisions": "Decisions by status",
}


def write(path: Path, folder: Path, content: dict[str, Any], as_of_seconds: int) -> None:
    """Write the metrics of a published run, in one step."""
    lines: list[str] = []
    told: set[str] = set()
    for name, labels, value in _values(folder, content, as_of_seconds):
        if name not in told:
            lines += [f"# HELP {name} {HELP[name]}", f"# TYPE {name} gauge"]
            told.add(name)
        shown = ",".join(f'{k}="{v}"' for k, v in labels.items())
        lines.append(f"{name}{{{shown}}} {value}" if shown else f"{name} {value}")
    part = path.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    part.replace(path)


def tell_of(path: Path, run_seq: int) -> bool:
    """Whether the metrics that stand there are those of that run."""
    return path.is_file() and f"\ntongren_run_seq {run_seq}\n" in path.read_text(encoding="utf-8")


def _values(
    folder: Path, content: dict[str, Any], as_of_seconds: int
) -> Iterator[tuple[str, dict[str, str], float | int]]:
    yield "tongren_run_seq", {}, content["run_seq"]
    yield "tongren_run_as_of_timestamp_seconds", {}, as_of_seconds
    yield "tongren_statement_late", {}, int(bool(content.get("alarm")))
    for code in contracts()["feed_alarm"].column("code").enum:
        yield "tongren_feed_alarms", {"code": code}, sum(a["code"] == code for a in content.get("alarms", ()))
    for stage, seconds in sorted(content["seconds"].items()):
        yield "tongren_stage_seconds", {"stage": stage}, seconds
    for stage, tables in sorted(content["rows"].items()):
        for table, rows in sorted(tables.items()):
            yield "tongren_table_rows", {"stage": stage, "table": table}, rows
    facts = pq.read_table(folder / "tables" / "feeds" / "feed_fact.parquet").to_pylist()
    for fact in facts:
        for what in ("rows_in", "kept", "quarantined", "waiting", "duplicates"):
            yield "tongren_feed_rows", {"feed": fact["feed"], "file": fact["file"], "what": what}, fact[what]
    for fault in pq.read_table(folder / "tables" / "feeds" / "feed_fault.parquet").to_pylist():
        left = fault["quarantined"] - fault["mended"]
        yield "tongren_quarantined_rows", {"feed": fault["feed"], "rule": fault["rule"]}, left
    bursts = pq.read_table(folder / "bursts.parquet", columns=["promoter_id", "flagged"])
    yield "tongren_flagged_promoters", {}, len(pc.unique(bursts.filter(bursts["flagged"])["promoter_id"]))
    yield "tongren_open_findings", {}, pq.read_metadata(folder / "findings.parquet").num_rows
    for entry in pc.value_counts(pq.read_table(folder / "decisions.parquet", columns=["status"])["status"]).to_pylist():
        yield "tongren_decisions", {"status": entry["values"]}, entry["counts"]
