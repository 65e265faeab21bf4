"""Cases with their events, declared ties, and appeals."""

from casebook.migrations import ddl

revision = "0002"
down_revision = "0001"

TABLES = {
    "case_file": ("""
    case_id text not null,
    subject_kind text not null,
    subject_id text not null,
    promoter_id text,
    opened_on text not null,
    deadline_on text not null,
    blind bigint not null,
    run_seq bigint""", "case_id"),
    "case_event": ("""
    case_id text not null references case_file (case_id),
    kind text not null,
    item text not null,
    before text,
    after text,
    by_whom text not null,
    reason text not null,
    at bigint not null,
    run_seq bigint""", "case_id, seq, kind, item"),
    "tie": ("""
    person text not null,
    promoter_id text not null,
    reason text not null,
    at bigint not null""", "person, promoter_id"),
    "appeal": ("""
    appeal_id text not null,
    decision_id text not null references decision (decision_id),
    filed_by text not null,
    reason text not null check (reason <> ''),
    at bigint not null,
    deadline_on text not null""", "appeal_id"),
    "appeal_outcome": ("""
    appeal_id text not null references appeal (appeal_id),
    outcome text not null check (outcome in ('upheld', 'granted')),
    by_whom text not null,
    reason text not null check (reason <> ''),
    at bigint not null""", "appeal_id"),
}  # fmt: skip

CASE_STATE = """
create view case_state as
with last_of as (
    select case_id, kind, max(seq) as seq
    from case_event
    where kind in ('state', 'owner', 'deadline', 'escalated')
    group by case_id, kind
),
value_of as (
    select l.case_id, l.kind, e.after
    from last_of as l
    inner join case_event as e on e.case_id = l.case_id and e.kind = l.kind and e.seq = l.seq
)
select
    c.case_id, c.subject_kind, c.subject_id, c.promoter_id, c.opened_on,
    coalesce(d.after, c.deadline_on) as deadline_on,
    coalesce(s.after, 'open') as state,
    o.after as owner,
    x.after as escalated_on,
    c.blind
from case_file as c
left join value_of as s on s.case_id = c.case_id and s.kind = 'state'
left join value_of as o on o.case_id = c.case_id and o.kind = 'owner'
left join value_of as d on d.case_id = c.case_id and d.kind = 'deadline'
left join value_of as x on x.case_id = c.case_id and x.kind = 'escalated'
"""
CASE_ENTRY = """
create view case_entry as
select
    case_id, row_number() over (partition by case_id order by seq, kind, item) as entry_no,
    kind, item, before, after, by_whom, reason, at, run_seq, seq
from case_event
"""


def upgrade() -> None:
    """Create the tables and views."""
    ddl.create(TABLES)
    ddl.run(CASE_STATE)
    ddl.run(CASE_ENTRY)


def downgrade() -> None:
    """The books only grow: there is no way back."""
    raise RuntimeError("the books only grow; restore a backup instead")
