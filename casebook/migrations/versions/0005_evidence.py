"""What a proposal rests on, who looked at what, answers by key, targets of webhooks; and views that find one row fast."""

from casebook.migrations import ddl

revision = "0005"
down_revision = "0004"

TABLES = {
    "finding_evidence": ("""
    finding_id text not null references finding (finding_id),
    sha256 text not null check (length(sha256) = 64),
    facts text not null,
    run_seq bigint not null""", "finding_id, run_seq"),
    "sight": ("""
    line_no bigint not null check (line_no > 0),
    person text not null,
    what text not null,
    object text not null,
    at bigint not null""", "seq, line_no"),
    "answer": ("""
    person text not null,
    answer_key text not null check (answer_key <> ''),
    content_sha256 text not null check (length(content_sha256) = 64),
    outcome text not null,
    at bigint not null""", "person, answer_key"),
    "webhook_target": ("""
    target_id text not null,
    address text not null,
    kinds text not null,
    least_fen bigint not null check (least_fen >= 0),
    since_seq bigint not null,
    by_whom text not null,
    reason text not null check (reason <> ''),
    at bigint not null""", "target_id"),
    "webhook_end": ("""
    target_id text not null references webhook_target (target_id),
    by_whom text not null,
    reason text not null check (reason <> ''),
    at bigint not null""", "target_id"),
}  # fmt: skip

COLUMNS = (
    "alter table decision add column evidence_sha256 text",
    "alter table case_file add column priority_fen bigint",
)
INDEXES = (
    "create index case_event_by_kind on case_event (case_id, kind, seq)",
    "create index case_file_by_promoter on case_file (promoter_id)",
    "create index decision_by_promoter on decision (promoter_id)",
    "create index decision_by_finding on decision (finding_id)",
    "create index instruction_by_decision on instruction (decision_id)",
    "create index appeal_by_decision on appeal (decision_id)",
    "create index audit_by_action on audit (action, seq)",
    "create index audit_by_object on audit (object, seq)",
)

LAST = "(select max(e.seq) from decision_event as e where e.decision_id = d.decision_id and e.action in ({actions}))"
DECISION_STATE = f"""
create view decision_state as
with act as (
    select
        d.*,
        (select count(*) from decision_event as e where e.decision_id = d.decision_id and e.action = 'approve') as approvals,
        {LAST.format(actions="'reject'")} as rejected_at,
        {LAST.format(actions="'overturn'")} as overturned_at,
        {LAST.format(actions="'approve', 'reject', 'overturn', 'release'")} as last_human,
        {LAST.format(actions="'release', 'end'")} as last_end,
        (select min(e.run_seq) from decision_event as e
            where e.decision_id = d.decision_id and e.action = 'apply') as first_applied,
        (select min(e.run_seq) from decision_event as e
            where e.decision_id = d.decision_id and e.action = 'see_overturned') as overturned_seq,
        (select min(e.by_whom) from decision_event as e
            where e.decision_id = d.decision_id and e.action = 'approve') as one_approver,
        (select max(e.by_whom) from decision_event as e
            where e.decision_id = d.decision_id and e.action = 'approve') as other_approver
    from decision as d
)
select
    a.decision_id, a.finding_id, a.subject_kind, a.subject_id, a.promoter_id, a.clause, a.measure,
    case
        when a.overturned_at is not null then 'overturned'
        when a.rejected_at is not null then 'rejected'
        when a.status = 'applied' or a.first_applied is not null then 'applied'
        when a.approvals >= a.needed then 'approved'
        else 'proposed'
    end as status,
    a.effective_from,
    coalesce(e.effective_to, a.effective_to) as effective_to,
    a.month, a.amount_fen, a.functions,
    case
        when h.action = 'approve' and a.one_approver <> a.other_approver
            then a.one_approver || ', ' || a.other_approver
        else coalesce(h.by_whom, a.decided_by)
    end as decided_by,
    coalesce(h.reason, a.reason) as reason,
    a.proposed_by, a.proposed_on, a.approvals, a.needed,
    case when a.status = 'applied' then a.run_seq else a.first_applied end as applied_seq,
    a.overturned_seq,
    a.evidence_sha256
from act as a
left join decision_event as h
    on h.decision_id = a.decision_id and h.seq = a.last_human
    and h.action in ('approve', 'reject', 'overturn', 'release')
left join decision_event as e
    on e.decision_id = a.decision_id and e.seq = a.last_end and e.action in ('release', 'end')
"""
VALUE = "(select e.after from case_event as e where e.case_id = c.case_id and e.kind = '{kind}' order by e.seq desc limit 1)"
CASE_STATE = f"""
create view case_state as
select
    c.case_id, c.subject_kind, c.subject_id, c.promoter_id, c.opened_on,
    coalesce({VALUE.format(kind="deadline")}, c.deadline_on) as deadline_on,
    coalesce({VALUE.format(kind="state")}, 'open') as state,
    {VALUE.format(kind="owner")} as owner,
    {VALUE.format(kind="escalated")} as escalated_on,
    c.blind
from case_file as c
"""
WEBHOOK_STATE = """
create view webhook_state as
select t.target_id, t.address, t.kinds, t.least_fen, t.since_seq, t.by_whom, t.reason, t.at, e.at as ended_at
from webhook_target as t
left join webhook_end as e on e.target_id = t.target_id
"""


def upgrade() -> None:
    """Add the columns, tables and indexes; put the faster views in place of the old ones."""
    for statement in COLUMNS:
        ddl.run(statement.replace("bigint", "integer") if ddl.on_sqlite() else statement)
    ddl.create(TABLES)
    for statement in INDEXES:
        ddl.run(statement)
    for view, sql in (("decision_state", DECISION_STATE), ("case_state", CASE_STATE), ("webhook_state", WEBHOOK_STATE)):
        ddl.run(f"drop view if exists {view}")
        ddl.run(sql)


def downgrade() -> None:
    """The books only grow: there is no way back."""
    raise RuntimeError("the books only grow; restore a backup instead")
