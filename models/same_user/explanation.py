"""What is said about a pair or a group of a run, as plain data; in words by `models.same_user.wording`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from models.same_user.wording import group_text, pair_text

SAME = ("same_person", "same_controller")


@dataclass(frozen=True)
class Piece:
    """One shared identifier: `bits` counted, `full_bits` before the joint cap; `shared_by` unrelated entities."""

    kind: str
    mask: str
    level: str
    shared_by: int
    first_seen: datetime
    last_seen: datetime
    bits: float
    full_bits: float
    rare: bool
    strong: bool
    identifies: bool
    joint: bool


@dataclass(frozen=True)
class Silent:
    """A shared identifier that says nothing, and why: a hub, a placeholder, the register."""

    kind: str
    mask: str
    shared_by: int
    reason: str
    since: str


@dataclass(frozen=True)
class Against:
    """What speaks against a pair, in bits at most 0: a kind of which each has its own, or `household`."""

    kind: str
    bits: float


@dataclass(frozen=True)
class Fall:
    """A link, and the fewest kinds whose removal fells it."""

    account_a: str
    account_b: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class PairFacts:
    """A pair as scored: prior, pieces for, what speaks against, total and outcome. `corroborated`: the kinds suffice for
    *same*, whatever the bits. Against a pair without a hard kind count `one_home`, one door beside one device or line, and
    `went_round`, one device and one line at which the two never were on one day."""

    account_a: str
    account_b: str
    referral: bool
    prior_bits: float
    bits: float
    probability: float
    outcome: str
    override: str
    corroborated: bool
    one_home: bool
    went_round: bool
    pieces: tuple[Piece, ...]
    against: tuple[Against, ...]

    @property
    def same(self) -> bool:
        """Whether the pair is called the same by itself."""
        return self.outcome in SAME


@dataclass(frozen=True)
class Explanation:
    """Everything said about a pair. `one_user`: the two are in one group, by themselves or through others. `path` has the
    steps when others connect the two; `counterfactual` the links that would have to fall; empty when they are not one user."""

    one_user: bool
    pair: PairFacts
    same_bits: float
    group_id: str
    group_status: str
    path: tuple[PairFacts, ...] = ()
    silent: tuple[Silent, ...] = ()
    counterfactual: tuple[Fall, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, instants as text."""
        return dict(_plain(asdict(self)))

    def as_text(self, lang: str = "en") -> str:
        """The waterfall in words; `lang` is en or zh."""
        return pair_text(self.as_dict(), lang)


@dataclass(frozen=True)
class Link:
    """A *same* pair of a group."""

    account_a: str
    account_b: str
    bits: float
    outcome: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A valid identity document, as a mask, and the members that gave it. Two documents may have one mask."""

    mask: str
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class GroupExplanation:
    """How a group holds together: its maximum spanning tree in bits, weakest link last, and its lightest cut (`cohesion`)."""

    group_id: str
    status: str
    cohesion: float
    accounts: tuple[str, ...]
    tree: tuple[Link, ...]
    weakest: Link | None
    links: int = 0
    documents: tuple[Document, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dict(_plain(asdict(self)))

    def as_text(self, lang: str = "en") -> str:
        """The tree in words; `lang` is en or zh."""
        return group_text(self.as_dict(), lang)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, datetime) else value
