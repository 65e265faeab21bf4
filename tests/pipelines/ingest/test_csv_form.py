"""The form of a CSV file, byte by byte. One test per code of the form; the reader runs in this process here."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.errors import InputRefused
from pipelines.reading import csv_form

NAMES = ("id", "note", "amount")


def read(tmp_path: Path, data: bytes) -> tuple[list[tuple[int, dict[str, str | None]]], dict[int, str]]:
    """Good rows by row number, and the codes of bad ones."""
    path = tmp_path / "feed.csv"
    path.write_bytes(data)
    head = csv_form.header(path, NAMES)
    good: list[tuple[int, dict[str, str | None]]] = []
    bad: dict[int, str] = {}
    for part in csv_form.read(path, head):
        for number, code, row in zip(part.numbers.tolist(), part.form, part.table.to_pylist(), strict=True):
            if code:
                bad[number] = code
            else:
                good.append((number, row))
    return good, bad


def refused(tmp_path: Path, data: bytes) -> str:
    """The code with which the file is refused."""
    with pytest.raises(InputRefused) as caught:
        read(tmp_path, data)
    return caught.value.code


GOOD = b"id,note,amount\n1,a,10.00\n2,b,20.00\n"
TWO = [(1, {"id": "1", "note": "a", "amount": "10.00"}), (2, {"id": "2", "note": "b", "amount": "20.00"})]


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        b"\xef\xbb\xbf" + GOOD,  # csv.bom
        GOOD.replace(b"\n", b"\r\n"),  # csv.crlf
        GOOD.rstrip(b"\n"),  # no final newline
        GOOD.replace(b"\n2", b"\n\n2"),  # a blank line is no row
        b'"id","note","amount"\n"1","a","10.00"\n"2","b","20.00"\n',
    ],
    ids=["plain", "csv.bom", "csv.crlf", "no-final-newline", "blank-line", "quoted"],
)
def test_read_as_meant(data: bytes, tmp_path: Path) -> None:
    assert read(tmp_path, data) == (TWO, {})


def test_csv_header_order_columns_are_read_by_name(tmp_path: Path) -> None:
    assert read(tmp_path, b"amount,id,note\n10.00,1,a\n20.00,2,b\n") == (TWO, {})


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("csv.encoding", GOOD.decode().encode("utf-16")),
        ("csv.encoding", b"id,note,amount\n" + "".join(f"{i},中文备注,1\n" for i in range(5)).encode("gb18030")),
        ("csv.newline", GOOD.replace(b"\n", b"\r")),
        ("csv.newline", b"id,note,amount\n1,a,10\r\n2,b,20\n"),
        ("csv.trunc", b"id,note,amount\n1,a,10.00\n2,b"),
        ("csv.header.extra", b"id,note,amount,more\n1,a,10.00,x\n"),
        ("csv.header.dup", b"id,note,note\n1,a,10.00\n"),
        ("csv.delim", GOOD.replace(b",", b";")),
        ("csv.delim", GOOD.replace(b",", b"\t")),
        ("csv.delim", GOOD.replace(b",", b"|")),
        ("csv.quote", b'id,note,amount\n1,"a,10.00\n2,b,20.00\n3,c,30.00\n'),
        ("csv.quote", b'id,note,amount\n1,"a,10.00\n2,b",20.00\n3,c "d",30.00\n'),
        ("csv.quote", b'id,note,amount\n1,12" disk,10.00\n2,b,20.00\n'),
    ],
)
def test_refused(code: str, data: bytes, tmp_path: Path) -> None:
    assert refused(tmp_path, data) == code


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("csv.utf8", b"x,\xff\xfe,1.00"),
        ("csv.control", b"x,a\x00b,1.00"),
        ("csv.control", b"x,a\x1bb,1.00"),
        ("csv.fields", b"x,1.00"),
        ("csv.fields", b"x,a,b,1.00"),
        ("csv.comment", b"# x"),
        ("csv.long", b"x," + b"a" * 70_000 + b",1.00"),
    ],
)
def test_one_bad_row_and_the_numbers_of_its_neighbours(code: str, line: bytes, tmp_path: Path) -> None:
    good, bad = read(tmp_path, GOOD.replace(b"\n2", b"\n" + line + b"\n2"))
    assert bad == {2: code}
    assert good == [TWO[0], (3, TWO[1][1])]


def test_csv_embednl_a_newline_within_quotes_stays_in_its_field(tmp_path: Path) -> None:
    good, bad = read(tmp_path, b'id,note,amount\n1,"a\nb, ""c""",10.00\n2,b,20.00\n')
    assert good[0] == (1, {"id": "1", "note": 'a\nb, "c"', "amount": "10.00"}) and good[1][0] == 2 and not bad


FIELD = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=20),
    chunk=st.integers(40, 400),
    quoted=st.booleans(),
)
def test_any_text_survives_at_any_chunk_size(
    rows: list[tuple[str, str, str]], chunk: int, quoted: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if quoted or any(c in text for c in ',"#') or not text else text

    body = "".join(",".join(cell(v) for v in row) + "\n" for row in rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_form, "CHUNK", chunk)
        good, bad = read(tmp_path_factory.mktemp("csv"), ("id,note,amount\n" + body).encode())
    assert not bad
    assert [tuple(r.values()) for _, r in good] == rows and [n for n, _ in good] == list(range(1, len(rows) + 1))
