"""What must hold after every run (L1 to L9): checked by the run before anything is published, and by `tongren verify`."""

from __future__ import annotations

from pathlib import Path

from data_contracts.errors import ContractBroken
from data_contracts.warehouse import Warehouse


def check(wh: Warehouse) -> None:
    """Raise ContractBroken naming the first invariant that does not hold."""


def faults(folder: Path) -> list[str]:
    """Every invariant that does not hold in a published run folder, as sentences."""
    return []
