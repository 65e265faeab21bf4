"""`link(rows, referrals=[(promoter, invitee)], run_seq=1, model=None, table=rows...)`: the stage built from sightings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from linked_accounts import Build, build_stages


@pytest.fixture
def link(tmp_path: Path, given: Callable[..., None]) -> Build:
    """Features and same-user models of a handful of sightings."""
    return lambda rows, **more: build_stages(tmp_path / "work", rows, given, **more)
