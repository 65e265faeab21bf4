"""Accounts, who promotes and who was invited, and what ties them to each other: P and I1 share a device."""

from __future__ import annotations

import json
from pathlib import Path

from tests.console.world.said import AT, RUN, TOKEN, Rows

MODEL = Path(__file__).parents[3] / "models" / "same_user" / "model.yaml"
ACCOUNTS = ("P", "Q", "S", "I1", "I2", "I3", *(f"other {n}" for n in range(20)))


def rows(hostile: str, why: str) -> dict[str, Rows]:
    """Rows per table. `why` is what rules say."""
    evidence = [{"kind": "device", "token": TOKEN, "shared_by": 2, "first_seen": AT, "last_seen": AT, "weight": 12.0}]
    same = json.dumps([{"step": 1, "kind": "device", "token": TOKEN, "mask": hostile, "shared_by": 2, "weight": 12.0}])
    return {
        "accounts": [
            {"account_id": a, "registered_at": AT, "account_type": "individual", "verified_as": "individual"}
            for a in ACCOUNTS
        ],
        "promoters": [
            {"promoter_id": p, "joined_at": AT, "consented_version": hostile, "left_reason": hostile}
            for p in ("P", "Q", "S")
        ],
        "relations": [
            {
                "invitee_id": f"I{i}",
                "promoter_id": "P",
                "established": i > 1,
                "starts_at": AT,
                "reason": None if i > 1 else why,
            }
            for i in (1, 2, 3)
        ],
        "groups": [
            {"account_id": a, "group_id": "G1", "group_size": 2, "cohesion": 12.0, "status": "linked"}
            for a in ("P", "I1")
        ],
        "group_member": [
            {"account_id": a, "group_id": "G1", "group_size": 2, "cohesion": 12.0, "status": "linked"}
            for a in ("P", "I1")
        ],
        "group_history": [
            {
                "group_id": "G1",
                "event": "created",
                "run_id": RUN.run_id,
                "run_seq": 1,
                "account_key": "",
                "other_key": "",
            }
        ],
        "links": [
            {
                "account_a": "I1",
                "account_b": "P",
                "match_weight": 12.0,
                "match_probability": 1.0,
                "outcome": "same_person",
                "kinds": ["device"],
                "evidence": evidence,
            }
        ],
        "link": [
            {
                "account_a": "I1",
                "account_b": "P",
                "match_weight": 12.0,
                "match_probability": 1.0,
                "outcome": "same_person",
                "kinds": ["device"],
            }
        ],
        "referral_same": [
            {
                "invitee_id": "I1",
                "promoter_id": "P",
                "group_id": "G1",
                "group_status": "linked",
                "outcome": "same_person",
                "match_weight": 12.0,
                "match_probability": 1.0,
                "hops": 1,
                "evidence": same,
            }
        ],
        "identifier_use": [
            {"account_id": a, "kind": "device", "token": TOKEN, "first_seen": AT, "last_seen": AT, "mask": hostile}
            for a in ("P", "I1")
        ],
        "identifier_value": [
            {
                "kind": "device",
                "token": TOKEN,
                "mask": hostile,
                "accounts": 2,
                "entities": 2,
                "reason": "hub",
                "suppressed": True,
            }
        ],
        "same_user_model": [{"document": MODEL.read_text(encoding="utf-8")}],
    }
