"""Cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.sheet import csv_text, guarded

STARTS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("lead", ["", " ", "  ", "\u3000", "\u00a0 "])
@pytest.mark.parametrize("start", STARTS)
def test_text_that_starts_like_a_formula_is_guarded(lead: str, start: str) -> None:
    assert guarded(f"{lead}{start}1") == f"'{lead}{start}1"


@given(st.text())
def test_other_text_stays_and_guarded_text_keeps_every_character(text: str) -> None:
    seen = guarded(text)
    assert seen.removeprefix("'") == text.removeprefix("'") or seen == f"'{text}"
    assert seen.lstrip(" \u00a0\u3000")[:1] not in STARTS or not seen.strip(" \u00a0\u3000")


def test_numbers_stay_numbers_and_nothing_is_empty() -> None:
    text = csv_text(["a", "b", "c", "d"], [[Decimal("-12.30"), -5, None, "-x"]])
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == ["-12.30", "-5", "", "'-x"]
