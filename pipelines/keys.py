"""A new token key: vault and register move under it, then it takes the old one's place. A run afterwards re-tokens the feeds.

Groups, decisions, statements and the ledger are keyed by accounts, orders and promoters, so nothing of them changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data_contracts.errors import NotFound, UsageError
from data_contracts.raw_vault import Vault, written_under
from data_contracts.vault import Key, key_from, load_key, next_key, rotate_key_file
from pipelines.state import State

ELSEWHERE = ("TONGREN_KEY", "TONGREN_KEY_FD")
COMING = "TONGREN_NEW_KEY"


@dataclass(frozen=True)
class Rotation:
    """What a rotation did. `moved` maps old tokens to new ones, of the values that the vault holds."""

    old_kid: str
    new_kid: str
    moved: Mapping[str, str]


def both(state: Path, environ: Mapping[str, str]) -> tuple[Key, Key]:
    """The key of now and the one that comes: of the environment both, or the key file and the new one beside it.

    Raises UsageError when only the key of now comes from the environment, NotFound when there is none yet.
    """
    if any(name in environ for name in ELSEWHERE):
        if COMING not in environ:
            raise UsageError(
                f"the key comes from the environment: make the new one in its store and give it as {COMING} beside the old"
            )
        return load_key(state, environ), key_from(environ[COMING], COMING)
    path = key_file(state, environ)
    if not path.exists():
        raise NotFound(f"there is no key in {path} to rotate: the first run makes one")
    return load_key(state, environ), next_key(path)


def key_file(state: Path, environ: Mapping[str, str]) -> Path:
    """The file that holds the key, where no variable does."""
    return Path(environ.get("TONGREN_KEY_FILE", state / "token.key"))


def rotate(state: Path, environ: Mapping[str, str], *, who: str, reason: str, at: datetime) -> Rotation:
    """Move the vault of a state folder under the new key, and put that in place of the key file, where there is one.

    Safe to repeat: after a crash between vault and key file, the next call finds the vault moved and only swaps the file.
    """
    old, new = both(state, environ)
    held, moved = State(state).vault, dict[str, str]()
    if written_under(held) not in (None, new.kid):
        with closing(Vault(held, old)) as vault:
            moved = vault.rotate(new, who=who, reason=reason, at=at)
    if not any(name in environ for name in ELSEWHERE):
        rotate_key_file(key_file(state, environ))
    return Rotation(old.kid, new.kid, moved)


def under_new_key(state: Path, old: Key, new: Key, tokens: Mapping[str, str]) -> dict[str, str]:
    """New tokens by old of those that the vault can read. `tokens`: kind by token."""
    held = State(state).vault
    if written_under(held) != old.kid:
        return {}
    with closing(Vault(held, old)) as vault:
        return vault.under(new, tokens)
