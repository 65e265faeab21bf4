"""A new token key: the vault is moved under it, then it takes the old one's place. A run afterwards re-tokens the feeds.

Groups, decisions, statements and the ledger are keyed by accounts, orders and promoters, so nothing of them changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data_contracts.errors import NotFound, UsageError
from data_contracts.raw_vault import Vault, written_under
from data_contracts.vault import load_key, next_key, rotate_key_file

ELSEWHERE = ("TONGREN_KEY", "TONGREN_KEY_FD", "TONGREN_KEY_FILE")


@dataclass(frozen=True)
class Rotation:
    """What a rotation did. `moved` maps old tokens to new ones, of the values that the vault holds."""

    old_kid: str
    new_kid: str
    moved: Mapping[str, str]


def rotate(state: Path, environ: Mapping[str, str], *, who: str, reason: str, at: datetime) -> Rotation:
    """Rotate the key file of a state folder, or the one that TONGREN_KEY_FILE names.

    Safe to repeat: after a crash between vault and key file, the next call finds the vault moved and only swaps the file.
    Raises UsageError when the key itself comes from the environment: then its store makes the new one.
    """
    if any(name in environ for name in ELSEWHERE[:2]):
        raise UsageError("the key comes from the environment: make the new one in its store, then start a run with it")
    path = Path(environ.get("TONGREN_KEY_FILE", state / "token.key"))
    if not path.exists():
        raise NotFound(f"there is no key in {path} to rotate: the first run makes one")
    old = load_key(state, environ)
    new, held, moved = next_key(path), state / "vault.db", dict[str, str]()
    if written_under(held) not in (None, new.kid):
        vault = Vault(held, old)
        try:
            moved = vault.rotate(new, who=who, reason=reason, at=at)
        finally:
            vault.close()
    rotate_key_file(path)
    return Rotation(old.kid, new.kid, moved)
