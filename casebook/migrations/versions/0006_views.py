"""Saved views of the console's queue: a person's name for a search."""

from casebook.migrations import ddl

revision = "0006"
down_revision = "0005"

TABLES = {
    "saved_view": ("""
    view_id text not null,
    person text not null,
    name text not null check (name <> ''),
    query text not null,
    at bigint not null""", "view_id"),
    "saved_view_end": ("""
    view_id text not null references saved_view (view_id),
    at bigint not null""", "view_id"),
}  # fmt: skip


def upgrade() -> None:
    """Create the tables."""
    ddl.create(TABLES)


def downgrade() -> None:
    """The books only grow: there is no way back."""
    raise RuntimeError("the books only grow; restore a backup instead")
