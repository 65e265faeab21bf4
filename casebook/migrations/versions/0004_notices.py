"""Notices have a reply period, and promoters reply."""

from casebook.migrations import ddl

revision = "0004"
down_revision = "0003"

TABLES = {
    "notice_reply": ("""
    decision_id text not null references decision (decision_id),
    filed_by text not null,
    reply text not null check (reply <> ''),
    at bigint not null""", "decision_id, seq"),
}  # fmt: skip

NOTICE_STATE = """
create view notice_state as
select
    i.decision_id, i.instruction_id, i.created_on, i.reply_by,
    (select count(*) from notice_reply as r where r.decision_id = i.decision_id) as replies
from instruction as i
where i.kind = 'notice'
"""


def upgrade() -> None:
    """Add the column, the table and the view."""
    ddl.run("alter table instruction add column reply_by text")
    ddl.create(TABLES)
    ddl.run(NOTICE_STATE)


def downgrade() -> None:
    """The books only grow: there is no way back."""
    raise RuntimeError("the books only grow; restore a backup instead")
