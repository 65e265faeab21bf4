"""Models: same-user groups, refund bursts and the other detectors."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from data_contracts.warehouse import Warehouse
from models import same_user


def build(wh: Warehouse, tracking: Any = None) -> None:
    """Make every contracted table of the stage: groups first, since the detectors read them."""
    same_user.build(wh, tracking)
    if find_spec("models.detectors") is not None:
        import_module("models.detectors").build(wh, tracking)
