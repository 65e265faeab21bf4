"""Same-user groups as numbers: who must not vouch for whom."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from models.detectors.panel import Ints, Texts


def groups(group_member: pa.Table) -> dict[str, str]:
    """Group id by account, linked groups only."""
    columns = (group_member[c].to_pylist() for c in ("account_id", "group_id", "status"))
    return {account: group for account, group, status in zip(*columns, strict=True) if status == "linked"}


def families(accounts: Texts, group_member: pa.Table) -> Ints:
    """A number per account that those of one same-user group share."""
    linked = groups(group_member)
    names = np.array([linked.get(a, f"\t{a}") for a in accounts], dtype=object)
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)
