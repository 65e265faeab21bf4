"""Features: which accounts share which identifiers, and how promoters' invitees refund."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from data_contracts.warehouse import Warehouse
from features import sharing


def build(wh: Warehouse) -> None:
    """Make every contracted table of the stage."""
    sharing.build(wh)
    if find_spec("features.refunds") is not None:
        import_module("features.refunds").build(wh)
