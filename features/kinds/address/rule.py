"""Chinese postal addresses, parsed to levels: a door token, and the token of its building."""

from __future__ import annotations

from data_contracts.identifier import Fault, Normal
from features.kinds.address.levels import parse
from features.kinds.text import half_width

_SHORTEST = 6


def normalise(value: str) -> Normal | Fault:
    """The door when the address names one, with the building in `also`; otherwise the building or the street alone."""
    text = half_width(value)
    if len(text) < _SHORTEST:
        return Normal(f"short:{text}", "****", "short", links=False)
    levels = parse(text)
    mask = (levels.region or levels.province or "") + "****"
    down_to_building, door, links = levels.building, levels.door, levels.has_building
    building = Normal(f"building:{down_to_building}", mask, "building", links)
    return Normal(f"door:{down_to_building}|{door}", mask, "door", links, (building,)) if door else building
