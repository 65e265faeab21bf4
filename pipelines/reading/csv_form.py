"""The form of a CSV file, byte by byte: records, quotes, field counts, control characters, encoding.

Typed CSV readers guess, skip and merge rows in silence. Here the records are found first; only those with the right
number of fields reach a parser, every other one is a row with the code of what is wrong, and the counts must agree.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from data_contracts.errors import InputRefused

CHUNK = 16 << 20
LONGEST_RECORD = 32 << 20
LONGEST_LINE = 64 << 10
_QUOTE, _COMMA, _LF, _CR, _HASH = 34, 44, 10, 13, 35
_BOM = b"\xef\xbb\xbf"
_CONTROL = np.zeros(256, dtype=bool)
_CONTROL[:32] = True
_CONTROL[[9, _LF, _CR]] = False
_CONTROL[127] = True


@dataclass(frozen=True)
class Header:
    """The first record: its names, the bytes that it takes, and whether lines end in CR LF."""

    names: tuple[str, ...]
    length: int
    crlf: bool


def header(path: Path, expected: Sequence[str]) -> Header:
    """Read and check the first record. `expected` are the names that the contract knows."""
    with path.open("rb") as file:
        head = file.read(LONGEST_LINE)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head.split(b"\n")[0]:
        raise InputRefused("csv.encoding", "UTF-16 or binary; only UTF-8 is read", where=path)
    start = len(_BOM) if head.startswith(_BOM) else 0
    end = head.find(b"\n", start)
    line, length = (head[start:end], end + 1) if end >= 0 else (head[start:], len(head))
    if end < 0 and b"\r" in line:
        raise InputRefused("csv.newline", "lines end in CR alone; use LF or CR LF", where=path)
    crlf = line.endswith(b"\r")
    try:
        text = line.removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        raise InputRefused("csv.encoding", "the header is not UTF-8", where=path) from None
    names = tuple(next(csv.reader([text]), []))
    _delimiter(names, text, expected, path)
    if len(set(names)) < len(names):
        raise InputRefused("csv.header.dup", "a column name stands twice in the header", where=path)
    if extra := [n for n in names if n not in expected]:
        raise InputRefused("csv.header.extra", f"{len(extra)} columns that the contract does not know", where=path)
    return Header(names, length, crlf)


def _delimiter(names: Sequence[str], text: str, expected: Sequence[str], path: Path) -> None:
    for sign, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(names) == 1 and len(set(text.split(sign)) & set(expected)) > 1:
            raise InputRefused("csv.delim", f"fields are parted by {word}; use commas", where=path)


@dataclass(frozen=True)
class Rows:
    """Some records of a file: a table of text, their row numbers, the code of those whose form is bad, and their lines."""

    table: pa.Table
    numbers: npt.NDArray[np.int64]
    form: list[str | None]
    lines: list[str | None]


@dataclass
class _Reader:
    path: Path
    head: Header
    lines: bool
    row: int = 0
    foreign: int = 0  # records that are not UTF-8 but read as GB18030
    beyond_ascii: int = 0


def read(path: Path, head: Header, *, lines: bool = False) -> Iterator[Rows]:
    """The records after the header, in order; with `lines` also the line, as it came, of each whose form is bad. Raises
    InputRefused for what spoils the whole file."""
    state, rest = _Reader(path, head, lines), b""
    with path.open("rb") as file:
        file.seek(head.length)
        while True:
            block = file.read(CHUNK)
            chunk, last = rest + block, len(block) < CHUNK
            if not chunk:
                break
            cut = len(chunk) if last else _last_end(chunk)
            if cut == 0 and len(chunk) > LONGEST_RECORD:
                raise InputRefused(
                    "csv.quote", f"a quoted field does not end within {LONGEST_RECORD} bytes", where=path
                )
            rest = chunk[cut:]
            if cut:
                yield from _records(state, chunk[:cut], last)
            if last:
                break
    if state.foreign >= 3 and state.foreign * 10 >= state.beyond_ascii * 9:
        raise InputRefused("csv.encoding", "the file is GB18030 or the like; only UTF-8 is read", where=path)


def _outside(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_] | None:
    """Which bytes stand outside quotes; None when there is no quote at all."""
    quotes = data == _QUOTE
    if not quotes.any():
        return None
    inside: npt.NDArray[np.bool_] = np.logical_xor.accumulate(quotes)
    return ~inside


def _last_end(chunk: bytes) -> int:
    data = np.frombuffer(chunk, dtype=np.uint8)
    outside = _outside(data)
    if outside is None:
        return chunk.rfind(b"\n") + 1
    ends = np.flatnonzero((data == _LF) & outside)
    return int(ends[-1]) + 1 if len(ends) else 0


def _records(state: _Reader, chunk: bytes, last: bool) -> Iterator[Rows]:
    whole = chunk if chunk.endswith(b"\n") else chunk + (b"\r\n" if state.head.crlf else b"\n")
    data = np.frombuffer(bytearray(whole), dtype=np.uint8)
    outside = _outside(data)
    _check_quotes(state, data, outside)
    clear = slice(None) if outside is None else outside
    newline, comma = data == _LF, data == _COMMA
    if outside is not None:
        newline, comma = newline & outside, comma & outside
    ends = np.flatnonzero(newline)
    _check_line_ends(state, data, clear, ends)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends + 1 - starts
    commas = np.flatnonzero(comma)
    fields = np.searchsorted(commas, ends) - np.searchsorted(commas, starts) + 1
    blank = lengths == (2 if state.head.crlf else 1)
    if last and not chunk.endswith(b"\n") and fields[-1] < len(state.head.names) and not blank[-1]:
        raise InputRefused("csv.trunc", "the last row is cut off", where=state.path)
    numbers = state.row + np.cumsum(~blank)
    state.row = int(numbers[-1])
    faults = _faults(state, data, starts, lengths, fields, blank)
    good = ~blank & (fields == len(state.head.names)) & (lengths <= LONGEST_LINE)
    came = {i: _line(whole, starts[i], lengths[i]) for i in faults} if state.lines else {}
    yield _parsed(state, data, lengths, good, numbers, faults, came)
    bad = np.flatnonzero(~blank & ~good)
    if len(bad):
        empty = pa.table({n: pa.nulls(len(bad), pa.string()) for n in state.head.names})
        yield Rows(empty, numbers[bad], [faults[int(i)] for i in bad], [came.get(int(i)) for i in bad])


def _line(whole: bytes, start: int, length: int) -> str:
    """A record as it came, without its line end, to 64 kB; bytes that are not UTF-8 as \\xNN."""
    return whole[start : start + min(length, LONGEST_LINE)].rstrip(b"\r\n").decode("utf-8", "backslashreplace")


def _check_quotes(state: _Reader, data: npt.NDArray[np.uint8], outside: npt.NDArray[np.bool_] | None) -> None:
    if outside is None:
        return
    at = np.flatnonzero(data == _QUOTE)
    opens, closes = at[0::2], at[1::2]
    before = data[np.maximum(opens - 1, 0)]
    after = data[np.minimum(closes + 1, len(data) - 1)]
    fair = (opens == 0) | np.isin(before, (_QUOTE, _COMMA, _LF))
    ended = np.isin(after, (_QUOTE, _COMMA, _LF, _CR))
    if len(opens) != len(closes) or not fair.all() or not ended.all():
        raise InputRefused(
            "csv.quote",
            "a quote is not closed or stands inside a plain field: rows cannot be told apart",
            where=state.path,
        )


def _check_line_ends(
    state: _Reader, data: npt.NDArray[np.uint8], clear: slice | npt.NDArray[np.bool_], ends: npt.NDArray[np.int64]
) -> None:
    returns = int((data[clear] == _CR).sum())
    crlf = int((data[np.maximum(ends - 1, 0)] == _CR).sum())
    if returns != crlf or crlf != (len(ends) if state.head.crlf else 0):
        raise InputRefused("csv.newline", "line ends are mixed; use LF or CR LF throughout", where=state.path)


def _faults(
    state: _Reader, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64],
    fields: npt.NDArray[np.int64], blank: npt.NDArray[np.bool_],
) -> dict[int, str]:  # fmt: skip
    """The code of every record whose form is bad, by position in this chunk. Bad bytes are overwritten with `?`."""
    faults: dict[int, str] = {}
    wrong = np.flatnonzero((fields != len(state.head.names)) & ~blank)
    for i in wrong:
        faults[int(i)] = "csv.comment" if data[starts[i]] == _HASH else "csv.fields"
    for i in np.flatnonzero(lengths > LONGEST_LINE):
        faults[int(i)] = "csv.long"
    control = np.flatnonzero(_CONTROL[data])
    for i in np.unique(np.searchsorted(starts, control, side="right") - 1):
        faults.setdefault(int(i), "csv.control")
    data[control] = ord("?")
    if (data >= 128).any():
        _not_utf8(state, data, starts, lengths, faults)
    return faults


def _not_utf8(
    state: _Reader, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64],
    faults: dict[int, str],
) -> None:  # fmt: skip
    high = np.flatnonzero(data >= 128)
    records = np.unique(np.searchsorted(starts, high, side="right") - 1)
    state.beyond_ascii += len(records)
    try:
        data.tobytes().decode("utf-8")
    except UnicodeDecodeError:
        for i in records:
            at = slice(int(starts[i]), int(starts[i] + lengths[i]))
            line = data[at].tobytes()
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                faults.setdefault(int(i), "csv.utf8")
                state.foreign += _reads_as_gb18030(line)
                data[at][data[at] >= 128] = ord("?")


def _reads_as_gb18030(line: bytes) -> bool:
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _parsed(
    state: _Reader, data: npt.NDArray[np.uint8], lengths: npt.NDArray[np.int64], good: npt.NDArray[np.bool_],
    numbers: npt.NDArray[np.int64], faults: dict[int, str], came: dict[int, str],
) -> Rows:  # fmt: skip
    names, kept = list(state.head.names), data if good.all() else data[np.repeat(good, lengths)]
    at = np.flatnonzero(good)
    if not len(at):
        return Rows(pa.table({n: pa.array([], pa.string()) for n in names}), numbers[at], [], [])
    table = arrow_csv.read_csv(
        io.BytesIO(kept.tobytes()),
        read_options=arrow_csv.ReadOptions(
            column_names=names, block_size=max(1 << 20, len(kept) + 1), use_threads=False
        ),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types={n: pa.string() for n in names}, strings_can_be_null=False, check_utf8=False
        ),
    )
    if table.num_rows != len(at):
        raise InputRefused("csv.quote", "rows found and rows read differ", where=state.path)
    form: list[str | None] = [faults.get(int(i)) for i in at] if faults else [None] * len(at)
    lines: list[str | None] = [came.get(int(i)) for i in at] if came else [None] * len(at)
    return Rows(table, numbers[at], form, lines)
