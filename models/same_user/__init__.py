"""Same-user groups: weights in bits, three outcomes, groups with stable ids, and the referrals inside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data_contracts.warehouse import Warehouse
from models.same_user import group, identity, referral, training
from models.same_user.model import SHIPPED, Model, load
from models.same_user.score import score, speak

SQL = Path(__file__).parent / "sql"

__all__ = ["SHIPPED", "Model", "build", "load", "score"]


def build(wh: Warehouse, tracking: Any = None, model: Model | None = None) -> None:
    """Score with `model`, else with the live one of `tracking`.

    Makes `same_user_model`, `link`, `group_member`, `group_event`, `membership_change` and `referral_same`.
    """
    model = model or training.live(tracking)
    model.publish(wh)
    score(wh, model)
    speak(wh, model)
    wh.make(SQL / "link.sql")
    group.build(wh, model)
    identity.build(wh)
    referral.build(wh, model)
