"""Users with their roles and passwords, and what was delivered to other systems."""

from casebook.migrations import ddl

revision = "0003"
down_revision = "0002"

TABLES = {
    "user_account": ("""
    user_key text not null check (user_key <> ''),
    user_name text not null,
    at bigint not null""", "user_key"),
    "user_entry": ("""
    user_key text not null references user_account (user_key),
    kind text not null check (kind in ('roles', 'password', 'link', 'state')),
    value text not null,
    until bigint,
    by_whom text not null,
    at bigint not null""", "user_key, seq, kind"),
    "delivery": ("""
    message_id text not null,
    target text not null,
    attempt bigint not null check (attempt > 0),
    delivered bigint not null check (delivered in (0, 1)),
    told text not null,
    at bigint not null""", "message_id, target, attempt"),
}  # fmt: skip

USER_STATE = """
create view user_state as
with last_of as (
    select user_key, kind, max(seq) as seq
    from user_entry
    group by user_key, kind
),
value_of as (
    select l.user_key, l.kind, e.value, e.until, e.seq
    from last_of as l
    inner join user_entry as e on e.user_key = l.user_key and e.kind = l.kind and e.seq = l.seq
)
select
    u.user_key, u.user_name,
    coalesce(r.value, '') as roles,
    p.value as password_hash,
    coalesce(s.value, 'enabled') as state,
    case when p.seq is null or l.seq > p.seq then l.value end as link_hash,
    l.until as link_until
from user_account as u
left join value_of as r on r.user_key = u.user_key and r.kind = 'roles'
left join value_of as p on p.user_key = u.user_key and p.kind = 'password'
left join value_of as s on s.user_key = u.user_key and s.kind = 'state'
left join value_of as l on l.user_key = u.user_key and l.kind = 'link'
"""


def upgrade() -> None:
    """Create the tables and the view."""
    ddl.create(TABLES)
    ddl.run(USER_STATE)


def downgrade() -> None:
    """The books only grow: there is no way back."""
    raise RuntimeError("the books only grow; restore a backup instead")
