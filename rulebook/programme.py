"""A programme: dated rule documents, read strictly, looked up by day, and admitted as tables.

`load` checks the whole file and raises all its faults together. A parameter at a day comes from the document that
`precedence` lets win; where the programme is silent, from `programmes/default.yaml`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from data_contracts import strict_yaml
from data_contracts.errors import InputRefused
from data_contracts.warehouse import Warehouse
from rulebook import parameters, precedence
from rulebook.precedence import Document

DEFAULT = Path(__file__).parent / "programmes" / "default.yaml"
_ZONE = "Asia/Shanghai"
_FILE_KEYS = ("programme", "timezone", "documents")
_DOCUMENT_KEYS = ("id", "level", "effective_from", "effective_to", "announced_on", "products", "activity_ids")
_DAY = 'a day such as "2024-01-01"'


@dataclass(frozen=True)
class Programme:
    """A programme file. `version` names its content: a change of comments or layout does not change it."""

    name: str
    zone: str
    documents: tuple[Document, ...]
    defaults: Document
    version: str = field(default="", compare=False)

    @cached_property
    def first_day(self) -> date:
        """The first day of the programme: that of its earliest base document."""
        return min(d.effective_from for d in self.documents if d.level == "base")

    @property
    def max_quarantine_share(self) -> str:
        """The share of bad rows that a feed may have, by the newest base document."""
        return str(self._of_delivery("max_quarantine_share"))

    @property
    def require_manifest(self) -> bool:
        """Whether a delivery without `MANIFEST.json` is refused, by the newest base document."""
        return bool(self._of_delivery("require_manifest"))

    def _of_delivery(self, path: str) -> Any:
        return self.parameter(path, max(d.effective_from for d in self.documents if d.level == "base"))

    def setter(
        self, path: str, day: date, product: str | None = None, activity_id: str | None = None
    ) -> Document | None:
        """The document that sets a parameter on a day, for an order of that product and activity when given."""
        in_force = [d for d in self.documents if precedence.in_force(d, day)]
        behind = (self.defaults,) if any(d.level == "base" for d in in_force) else ()
        return precedence.winner(
            d for d in (*behind, *in_force) if path in d.values and precedence.governs(d, product, activity_id)
        )

    def parameter(self, path: str, day: date, product: str | None = None, activity_id: str | None = None) -> Any:
        """The value of a leaf on a day: amounts and rates as text. Raises KeyError when no document covers the day."""
        document = self.setter(path, day, product, activity_id)
        if document is None:
            raise KeyError(f"no document sets {path} on {day.isoformat()}")
        return document.values[path]


def load(path: Path) -> Programme:
    """Read a programme file. Raises InputRefused `cfg.yaml` with every fault of the file."""
    raw = strict_yaml.load(path)
    faults: list[str] = []
    name, zone, listed = _head(raw, faults)
    documents = tuple(_document(d, n, faults) for n, d in enumerate(listed))
    faults += _faults_between(documents)
    if faults:
        raise InputRefused("cfg.yaml", "; ".join(faults), where=path, faults=tuple(faults))
    return of_documents(name, zone, documents)


def of_documents(name: str, zone: str, documents: tuple[Document, ...]) -> Programme:
    """A programme of documents that were read already, the agreement's defaults behind them."""
    first = min(d.effective_from for d in documents if d.level == "base")
    defaults = replace(_defaults(), effective_from=first, announced_on=first, position=-1)
    return Programme(name, zone, documents, defaults, _version(name, zone, documents))


@cache
def _defaults() -> Document:
    faults: list[str] = []
    document = _document(strict_yaml.load(DEFAULT)["documents"][0], 0, faults)
    if faults:
        raise InputRefused("cfg.yaml", "; ".join(faults), where=DEFAULT)
    return document


def _head(raw: Any, faults: list[str]) -> tuple[str, str, list[Any]]:
    if not isinstance(raw, Mapping):
        faults.append("the file must be a mapping with programme, timezone and documents")
        return "", _ZONE, []
    faults += [f"unknown key {k}; a programme has {', '.join(_FILE_KEYS)}" for k in raw if k not in _FILE_KEYS]
    name = _read(parameters.text, raw.get("programme"), "programme", faults) or ""
    zone = raw.get("timezone", _ZONE)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        faults.append(f"timezone is {zone!r}, which is no zone such as Asia/Shanghai")
    documents = raw.get("documents")
    if not isinstance(documents, list) or not documents:
        faults.append("documents must be a list with at least one document")
        documents = []
    return name, str(zone), documents


def _document(raw: Any, position: int, faults: list[str]) -> Document:
    where = f"document {position + 1}"
    if not isinstance(raw, Mapping):
        faults.append(f"{where} must be a mapping")
        raw = {}
    given_id = _read(parameters.text, raw.get("id"), f"{where}, id", faults)
    where = f"document {given_id}" if given_id else where
    level = _read(parameters.one_of(*precedence.LEVELS), raw.get("level"), f"{where}, level", faults) or "base"
    start = _read(parameters.day, raw.get("effective_from"), f"{where}, effective_from", faults, _DAY) or date.max
    end = _optional(parameters.day, raw, "effective_to", where, faults, _DAY)
    announced = _optional(parameters.day, raw, "announced_on", where, faults, _DAY) or start
    if end is not None and end < start:
        faults.append(f"{where}: effective_to {end} is before effective_from {start}")
    if announced > start:
        faults.append(
            f"{where}: announced_on {announced} is after effective_from {start}; a change is announced ahead (6.1)"
        )
    products, activities = (_scope(raw, key, where, faults) for key in ("products", "activity_ids"))
    values = dict(_values({k: v for k, v in raw.items() if k not in _DOCUMENT_KEYS}, "", where, faults))
    document = Document(given_id or "", level, position, start, end, announced, products, activities, values)
    faults += _faults_within(document, where)
    return document


def _scope(raw: Mapping[str, Any], key: str, where: str, faults: list[str]) -> tuple[str, ...] | None:
    listed = _optional(parameters.many(parameters.text), raw, key, where, faults, "a list of text")
    if listed == []:
        faults.append(f"{where}, {key} is empty; leave it out where the document governs every order")
    return None if listed is None else tuple(listed)


def _values(raw: Mapping[Any, Any], prefix: str, where: str, faults: list[str]) -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        path = f"{prefix}{key}"
        if path in parameters.FORMS:
            seen = len(faults)
            read = _read(parameters.FORMS[path], value, f"{where}, {path}", faults)
            if len(faults) == seen:
                yield path, read
        elif not any(p.startswith(f"{path}.") for p in parameters.FORMS):
            faults.append(f"{where} has an unknown key {path}")
        elif isinstance(value, Mapping):
            yield from _values(value, f"{path}.", where, faults)
        else:
            faults.append(f"{where}, {path} must be a mapping")


def _read(form: parameters.Form, raw: Any, where: str, faults: list[str], wanted: str = "") -> Any:
    try:
        return form(raw)
    except ValueError as fault:
        faults.append(f"{where} is {_shown(raw)}, not {wanted or fault}")
        return None


def _optional(
    form: parameters.Form, raw: Mapping[str, Any], key: str, where: str, faults: list[str], wanted: str
) -> Any:
    return None if raw.get(key) is None else _read(form, raw[key], f"{where}, {key}", faults, wanted)


def _shown(raw: Any) -> str:
    told = repr(raw)
    return told if len(told) <= 60 else f"{told[:57]}..."


def _faults_within(document: Document, where: str) -> Iterator[str]:
    if document.scoped and document.level != "activity":
        yield f"{where}: only an activity document may have products or activity_ids (6.3)"
    for path in sorted(document.values) if document.scoped else ():
        if path != "excluded" and not path.startswith("rebate."):
            yield f"{where}: {path} cannot differ by order; a document with a scope sets rebate and excluded"
    if "withholding.regime" in document.values and "withholding.brackets" not in document.values:
        yield f"{where}: withholding.regime needs its own withholding.brackets"
    steps = document.values.get("rebate.tiers", ())
    if document.values.get("rebate.tier_by") == "new_paying_users" and any(isinstance(s["from"], str) for s in steps):
        yield f"{where}: tiers by new_paying_users start at whole numbers"


def _faults_between(documents: tuple[Document, ...]) -> Iterator[str]:
    ids = [d.document_id for d in documents if d.document_id]
    for repeated in sorted({i for i in ids if ids.count(i) > 1}):
        yield f"two documents have the id {repeated}"
    if documents and not any(d.level == "base" for d in documents):
        yield "there is no base document: nobody could consent to the agreement"


def _version(name: str, zone: str, documents: tuple[Document, ...]) -> str:
    content = json.dumps([name, zone, [vars(d) for d in documents]], default=str, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def admit(wh: Warehouse, programme: Programme) -> None:
    """Make `programme_document`, `programme_parameter` and `parameter_span`.

    The last has one row per leaf and maximal span of days with one value, scoped documents left out, defaults included.
    """
    wh.admit("programme_document", pa.Table.from_pylist([_document_row(d) for d in programme.documents], _DOCUMENT))
    set_rows = [
        {"document_id": d.document_id, "path": path, "value": _json(value)}
        for d in programme.documents for path, value in d.values.items()
    ]  # fmt: skip
    wh.admit("programme_parameter", pa.Table.from_pylist(set_rows, _PARAMETER))
    spans = [row for path in parameters.FORMS for row in spans_of(programme, path)]
    wh.admit("parameter_span", pa.Table.from_pylist(spans, _SPAN))


def spans_of(programme: Programme, path: str) -> list[dict[str, Any]]:
    """The maximal spans of days with one value of a leaf, in order, as rows of `parameter_span`."""
    edges = {programme.first_day}
    for document in programme.documents:
        edges.add(document.effective_from)
        if document.effective_to is not None and document.effective_to < date.max:
            edges.add(document.effective_to + timedelta(days=1))
    spans: list[dict[str, Any]] = []
    for start in sorted(edges):
        setter = programme.setter(path, start)
        told = (None, None) if setter is None else (setter.document_id, _json(setter.values[path]))
        if spans and (spans[-1]["document_id"], spans[-1]["value"]) == told:
            continue
        if spans:
            spans[-1]["to_day"] = start - timedelta(days=1)
        spans.append({"path": path, "from_day": start, "to_day": None, "document_id": told[0], "value": told[1]})
    return [s for s in spans if s["document_id"] is not None]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _document_row(document: Document) -> dict[str, Any]:
    return {
        "document_id": document.document_id, "level": document.level, "level_rank": document.level_rank,
        "position": document.position, "effective_from": document.effective_from, "effective_to": document.effective_to,
        "announced_on": document.announced_on, "products": document.products and list(document.products),
        "activity_ids": document.activity_ids and list(document.activity_ids), "scoped": document.scoped,
    }  # fmt: skip


_DOCUMENT = pa.schema(
    [
        ("document_id", pa.string()), ("level", pa.string()), ("level_rank", pa.int64()), ("position", pa.int64()),
        ("effective_from", pa.date32()), ("effective_to", pa.date32()), ("announced_on", pa.date32()),
        ("products", pa.list_(pa.string())), ("activity_ids", pa.list_(pa.string())), ("scoped", pa.bool_()),
    ]
)  # fmt: skip
_PARAMETER = pa.schema([("document_id", pa.string()), ("path", pa.string()), ("value", pa.string())])
_SPAN = pa.schema(
    [
        ("path", pa.string()),
        ("from_day", pa.date32()),
        ("to_day", pa.date32()),
        ("document_id", pa.string()),
        ("value", pa.string()),
    ]
)
