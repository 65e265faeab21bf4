"""From shared identifiers to scored pairs: the SQL files in order, with the model as tables and parameters."""

from __future__ import annotations

from pathlib import Path

from data_contracts.warehouse import Warehouse
from models.same_user.model import Model

SQL = Path(__file__).parent / "sql"
ASKED = ("same_user_start", "same_user_asked")
SCORED = (
    "same_user_account", "same_user_pair", "same_user_use", "same_user_once", "same_user_common", "same_user_token",
    "same_user_shared", "same_user_ip_span", "same_user_ip_day", "same_user_ip_meeting", "same_user_option",
    "same_user_weight", "same_user_home", "same_user_paper", "same_user_absent", "same_user_score",
)  # fmt: skip
LINKED = ("same_user_override", "same_user_link")
SPOKEN = ("same_user_counted", "same_user_against", "same_user_probability")


def score(wh: Warehouse, model: Model) -> None:
    """Make `same_user_link`: every pair that is the same, possibly the same or related, in numbers."""
    model.admit(wh)
    wh.make_all(SQL, (*ASKED, *SCORED, *LINKED), **model.parameters)


def speak(wh: Warehouse, model: Model) -> None:
    """Make the evidence of the links, for and against, as it counts."""
    wh.make_all(SQL, SPOKEN, **model.parameters)
