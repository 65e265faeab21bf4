"""The same-user model as data: a small versioned YAML file, and the tables and parameters that the SQL reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from data_contracts.warehouse import Warehouse
from models.same_user.transient import hold

SHIPPED = Path(__file__).parent / "model.yaml"
ALWAYS = 1 << 40  # days
MICRO = 1_000_000  # bits are summed as whole millionths, so that no order of addition matters


@dataclass(frozen=True)
class Level:
    """How closely two accounts' uses of one token meet. `m` is its share among pairs of one hand."""

    name: str
    m: float
    within_days: int | None = None
    not_classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """What the model knows of one kind of identifier. `referral_u` is its u among honest referral pairs."""

    name: str
    strong: bool
    joint: bool
    identifies: bool
    candidate_cap: int
    u_floor: float
    referral_u: float
    absent_bits: float
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Model:
    """The whole model. Bits are log2 of odds; `entities` is the population of the coincidence rate u."""

    version: str
    entities: int
    prior_bits: float
    referral_prior_bits: float
    joint_cap_bits: float
    household_bits: float
    apart_hours: int
    same_bits: float
    possibly_bits: float
    related_bits: float
    kinds: tuple[Kind, ...]
    groups: Mapping[str, float]
    calibration: Mapping[str, tuple[tuple[float, float], ...]]
    document: str = ""

    @property
    def sha256(self) -> str:
        """Of the model file."""
        return sha256(self.document.encode()).hexdigest()

    def publish(self, wh: Warehouse) -> None:
        """Make `same_user_model`: the file itself, so that a run can be explained by the model that scored it."""
        row = {"version": self.version, "sha256": self.sha256, "document": self.document}
        wh.admit("same_user_model", pa.Table.from_pylist([row]))

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The scalars that the scoring SQL names."""
        return {
            "entities": self.entities,
            "prior_ubits": micro(self.prior_bits),
            "referral_prior_ubits": micro(self.referral_prior_bits),
            "joint_cap_ubits": micro(self.joint_cap_bits),
            "household_ubits": micro(self.household_bits),
            "apart_hours": self.apart_hours,
            "door_no": self._levels.index(("address", "door")),
            "same_ubits": micro(self.same_bits),
            "possibly_ubits": micro(self.possibly_bits),
            "related_ubits": micro(self.related_bits),
            "must_link_ubits": micro(self.groups["must_link_bits"]),
        }

    @property
    def _levels(self) -> list[tuple[str, str]]:
        """Kinds' levels in the order of the file: their place is their number in the SQL."""
        return [(k.name, v.name) for k in self.kinds for v in k.levels]

    def weight(self, kind: str, level: str, entities: int, *, referral: bool = False) -> float:
        """Bits that one shared token adds: log2(m / u), never below 0. The SQL does the same in bulk."""
        found = next(k for k in self.kinds if k.name == kind)
        m = next(v.m for v in found.levels if v.name == level)
        u = found.u_floor if found.identifies else max(found.u_floor, (entities - 1) / (self.entities - 1))
        return max(0.0, math.log2(m / max(u, found.referral_u if referral else 0.0)))

    def probability(self, bits: float, *, referral: bool) -> float:
        """The share of pairs of so many bits that were one hand's where the truth was known."""
        return next(
            p for start, p in reversed(self.calibration["referral" if referral else "stranger"]) if bits >= start
        )

    def admit(self, wh: Warehouse) -> None:
        """Make the transient tables `same_user_kind`, `same_user_level` and `same_user_calibration`."""
        kinds = [
            {
                "kind": k.name, "strong": k.strong, "joint": k.joint, "identifies": k.identifies,
                "candidate_cap": k.candidate_cap, "u_floor": k.u_floor, "referral_u": k.referral_u,
                "absent_ubits": micro(k.absent_bits),
            }
            for k in self.kinds
        ]  # fmt: skip
        levels = [
            {
                "kind": k.name, "level": v.name, "level_no": self._levels.index((k.name, v.name)), "m": v.m,
                "within_days": ALWAYS if v.within_days is None else v.within_days, "not_classes": list(v.not_classes),
                "candidate_cap": k.candidate_cap, "u_floor": k.u_floor, "referral_u": k.referral_u,
                "identifies": k.identifies,
            }
            for k in self.kinds
            for v in k.levels
        ]  # fmt: skip
        schema = pa.schema(
            [("kind", pa.string()), ("level", pa.string()), ("level_no", pa.int64()), ("m", pa.float64()), ("within_days", pa.int64()),
             ("not_classes", pa.list_(pa.string())), ("candidate_cap", pa.int64()), ("u_floor", pa.float64()),
             ("referral_u", pa.float64()), ("identifies", pa.bool_())]
        )  # fmt: skip
        calibration = [
            {"referral": name == "referral", "from_ubits": micro(bits), "probability": probability}
            for name, steps in self.calibration.items()
            for bits, probability in steps
        ]
        for table, rows in (
            ("same_user_calibration", pa.Table.from_pylist(calibration)),
            ("same_user_kind", pa.Table.from_pylist(kinds)),
            ("same_user_level", pa.Table.from_pylist(levels, schema=schema)),
        ):
            hold(wh, table, rows)


def micro(bits: float) -> int:
    """Bits as whole millionths."""
    return round(bits * MICRO)


def read(text: str) -> Model:
    """A model from its YAML text."""
    raw = yaml.safe_load(text)
    referral, thresholds = raw["referral"], raw["thresholds"]
    kinds = tuple(_kind(name, spec, float(referral["u"].get(name, 0.0))) for name, spec in raw["kinds"].items())
    return Model(
        str(raw["version"]), int(raw["entities"]), float(raw["prior_bits"]), float(referral["prior_bits"]),
        float(raw["joint_cap_bits"]), float(raw["household_bits"]), int(raw["apart_hours"]),
        float(thresholds["same_bits"]), float(thresholds["possibly_bits"]),
        float(thresholds["related_bits"]), kinds, {k: float(v) for k, v in raw["groups"].items()},
        {k: tuple((float(b), float(p)) for b, p in steps) for k, steps in raw["calibration"].items()}, text,
    )  # fmt: skip


def load(path: Path = SHIPPED) -> Model:
    """A model from its file; the one shipped with the code unless told otherwise."""
    return read(path.read_text(encoding="utf-8"))


def _kind(name: str, spec: Mapping[str, Any], referral_u: float) -> Kind:
    levels = tuple(
        Level(level, float(v["m"]), v.get("within_days"), tuple(v.get("not_classes", ())))
        for level, v in spec["levels"].items()
    )
    return Kind(
        name, bool(spec.get("strong", False)), bool(spec.get("joint", False)), bool(spec.get("identifies", False)),
        int(spec["candidate_cap"]), float(spec["u_floor"]), referral_u, float(spec.get("absent_bits", 0.0)), levels,
    )  # fmt: skip
