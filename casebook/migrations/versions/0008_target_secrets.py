"""Each target of webhooks has a secret of its own: which one it is, by number; the secret itself stands nowhere."""

from casebook.migrations import ddl

revision = "0008"
down_revision = "0007"

TABLES = {
    "webhook_secret": ("""
    target_id text not null references webhook_target (target_id),
    secret_no bigint not null check (secret_no > 0),
    kid text not null check (kid <> ''),
    by_whom text not null,
    reason text not null check (reason <> ''),
    at bigint not null""", "target_id, secret_no"),
}  # fmt: skip

WEBHOOK_STATE = """
create view webhook_state as
select
    t.target_id, t.address, t.kinds, t.least_fen, t.since_seq, t.by_whom, t.reason, t.at, e.at as ended_at,
    coalesce(s.secret_no, 0) as secret_no, s.kid
from webhook_target as t
left join webhook_end as e on e.target_id = t.target_id
left join webhook_secret as s on s.target_id = t.target_id
    and s.secret_no = (select max(n.secret_no) from webhook_secret as n where n.target_id = t.target_id)
"""


def upgrade() -> None:
    """Create the table, and put the view that knows of it in place of the old one."""
    ddl.create(TABLES)
    ddl.run("drop view if exists webhook_state")
    ddl.run(WEBHOOK_STATE)


def downgrade() -> None:
    """The books only grow: there is no way back."""
    raise RuntimeError("the books only grow; restore a backup instead")
