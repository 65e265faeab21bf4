"""Who may do what: one table. An action that a role does not name is denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"read_cases", "read_money", "read_rules", "read_runs"}),
    "analyst": frozenset(
        {
            "read_cases",
            "read_money",
            "read_rules",
            "read_runs",
            "propose",
            "judge",
            "work_case",
            "link",
            "register_shared",
            "declare_tie",
        }
    ),
    "approver": frozenset(
        {"read_cases", "read_money", "read_rules", "read_runs", "decide", "work_case", "declare_tie"}
    ),
    "compliance": frozenset(
        {
            "read_cases",
            "read_money",
            "read_rules",
            "read_runs",
            "read_audit",
            "decide",
            "export",
            "reveal",
            "declare_tie",
        }
    ),
    "finance": frozenset({"read_cases", "read_money", "read_rules", "release", "declare_tie"}),
    "rules_admin": frozenset({"read_rules", "read_runs"}),
    "system_admin": frozenset({"manage_users", "manage_targets", "read_runs"}),
    "auditor": frozenset({"read_audit"}),
}
"""Roles and the actions that each allows (architecture: deny by default)."""

ACTIONS: frozenset[str] = frozenset().union(*ROLES.values())


SIGNED_IN = "signed_in"
"""The one thing that everybody with a session may do: see the way about, and sign out."""


def may(roles: Iterable[str], action: str) -> bool:
    """Whether any of the roles allows the action. Raises KeyError for an action that no role knows."""
    if action == SIGNED_IN:
        return True
    if action not in ACTIONS:
        raise KeyError(action)
    return any(action in ROLES.get(role, frozenset()) for role in roles)
