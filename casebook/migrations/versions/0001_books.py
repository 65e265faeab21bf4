"""The books: runs, findings, decisions and their entries, ledger, groups, registers, and the audit chain over all of it.

Instants are microseconds UTC, days are ISO text, money is whole fen.
"""

from casebook.migrations import ddl

revision = "0001"
down_revision = None

AUDIT = {
    "audit": ("""
    seq bigint not null check (seq > 0),
    at bigint not null,
    actor text not null check (actor <> ''),
    action text not null,
    object text not null,
    payload text not null,
    prev text not null unique check (length(prev) = 64),
    hash text not null unique check (length(hash) = 64)""", "seq"),
}  # fmt: skip

CASEWORK = {
    "run": ("""
    run_seq bigint not null check (run_seq > 0),
    run_id text not null unique,
    as_of text not null,
    cutoff_at bigint not null,
    zone text not null,
    fingerprint text not null,
    models text not null""", "run_seq"),
    "finding": ("""
    finding_id text not null,
    clause text not null,
    detector text not null,
    subject_kind text not null,
    subject_id text not null,
    promoter_id text,
    first_seen text not null,
    window_start text,
    window_end text,
    run_seq bigint not null""", "finding_id"),
    "finding_window": ("""
    finding_id text not null references finding (finding_id),
    window_start text not null,
    window_end text not null,
    run_seq bigint not null""", "finding_id, run_seq"),
    "decision": ("""
    decision_id text not null,
    finding_id text references finding (finding_id),
    subject_kind text not null check (
        subject_kind in ('promoter', 'invitee', 'referral', 'order', 'group', 'ring', 'coupon')),
    subject_id text not null,
    promoter_id text,
    clause text not null,
    measure text not null check (measure in (
        'warn', 'suspend_functions', 'hold_payout', 'cancel_rebate', 'reverse_transaction', 'void_order', 'claw_back',
        'freeze_promoter', 'freeze_invitee', 'cancel_programme', 'void_relation')),
    status text not null check (status in ('proposed', 'applied')),
    effective_from bigint not null,
    effective_to bigint check (effective_to > effective_from),
    month text,
    amount_fen bigint,
    functions text,
    decided_by text not null,
    reason text not null check (reason <> ''),
    proposed_by text not null,
    proposed_on text not null,
    needed bigint not null check (needed between 0 and 2),
    run_seq bigint,
    check (measure <> 'cancel_rebate' or month is not null),
    check (status = 'proposed' or run_seq is not null)""", "decision_id"),
    "decision_event": ("""
    decision_id text not null references decision (decision_id),
    action text not null check (action in (
        'approve', 'reject', 'apply', 'overturn', 'release', 'escalate', 'see_overturned', 'end')),
    by_whom text not null,
    reason text not null,
    at bigint not null,
    effective_to bigint,
    run_seq bigint""", "decision_id, seq, action"),
    "verdict": ("""
    finding_id text not null references finding (finding_id),
    verdict text not null check (verdict in ('confirmed', 'false_alarm', 'unclear')),
    by_whom text not null,
    reason text not null check (reason <> ''),
    at bigint not null""", "finding_id, seq"),
    "instruction": ("""
    instruction_id text not null,
    kind text not null check (kind in (
        'freeze_promoter', 'freeze_invitee', 'reverse_transaction', 'recovery_notice', 'warn', 'suspend_functions',
        'notice', 'cancel_instruction')),
    subject_id text not null,
    decision_id text,
    created_on text not null,
    amount_fen bigint,
    run_seq bigint""", "instruction_id"),
}  # fmt: skip

GROUPS = {
    "membership": ("""
    account_id text not null,
    run_seq bigint not null,
    group_id text,
    status text check (status in ('linked', 'needs_review'))""", "account_id, run_seq"),
    "group_event": ("""
    run_seq bigint not null,
    run_id text not null,
    group_id text not null,
    event text not null,
    account_id text not null,
    other_group_id text not null""", "run_seq, group_id, event, account_id, other_group_id"),
    "override": ("""
    override_id text not null,
    account_a text not null,
    account_b text not null check (account_a < account_b),
    kind text not null check (kind in ('must_link', 'cannot_link')),
    author text not null,
    reason text not null check (reason <> ''),
    from_at bigint not null,
    to_at bigint""", "override_id"),
    "override_end": ("""
    override_id text not null references override (override_id),
    to_at bigint not null,
    author text not null,
    reason text not null check (reason <> '')""", "override_id"),
    "shared": ("""
    shared_id text not null,
    kind text not null,
    token text not null,
    label text not null,
    author text not null,
    reason text not null check (reason <> ''),
    from_on text not null,
    to_on text""", "shared_id"),
    "shared_end": ("""
    shared_id text not null references shared (shared_id),
    to_on text not null,
    author text not null,
    reason text not null check (reason <> '')""", "shared_id"),
}  # fmt: skip

MONEY = {
    "issue": ("""
    month text not null,
    run_seq bigint not null,
    cutoff_at bigint not null,
    issued_on text not null""", "month"),
    "statement": ("""
    promoter_id text not null,
    month text not null,
    status text not null check (status in ('issued', 'held')),
    new_paying_users bigint not null,
    net_fen bigint not null,
    rebate_fen bigint not null,
    adjustments_fen bigint not null,
    carried_in_fen bigint not null,
    released_fen bigint not null,
    clawback_added_fen bigint not null,
    offset_fen bigint not null,
    held_fen bigint not null,
    carried_out_fen bigint not null,
    payable_fen bigint not null,
    tax_estimate_fen bigint,
    run_seq bigint not null,
    check (rebate_fen + adjustments_fen + carried_in_fen + released_fen + clawback_added_fen
        = offset_fen + held_fen + carried_out_fen + payable_fen)""", "promoter_id, month"),
    "posting": ("""
    transaction_id text not null,
    posting_no bigint not null,
    posted_on text not null,
    month text not null,
    earning_month text not null,
    promoter_id text not null,
    debit_account text not null,
    credit_account text not null check (credit_account <> debit_account),
    amount_fen bigint not null check (amount_fen > 0),
    cause text not null,
    corrects text,
    run_seq bigint not null""", "transaction_id, posting_no"),
    "instalment": ("""
    promoter_id text not null,
    month text not null,
    instalment_no bigint not null,
    due_on text not null,
    amount_fen bigint not null,
    run_seq bigint not null""", "promoter_id, month, instalment_no"),
    "known": ("""
    promoter_id text not null,
    month text not null,
    run_seq bigint not null,
    order_ids text not null""", "promoter_id, month, run_seq"),
}  # fmt: skip

# `override` is the only word that PostgreSQL might take for its own; every table name is quoted where it is used.
DECISION_STATE = """
create view decision_state as
with act as (
    select
        decision_id,
        sum(case when action = 'approve' then 1 else 0 end) as approvals,
        min(case when action = 'approve' then by_whom end) as one_approver,
        max(case when action = 'approve' then by_whom end) as other_approver,
        max(case when action = 'reject' then seq end) as rejected_at,
        max(case when action = 'overturn' then seq end) as overturned_at,
        min(case when action = 'apply' then run_seq end) as applied_seq,
        min(case when action = 'see_overturned' then run_seq end) as overturned_seq,
        max(case when action in ('approve', 'reject', 'overturn', 'release') then seq end) as last_human,
        max(case when action in ('release', 'end') then seq end) as last_end
    from decision_event
    group by decision_id
)
select
    d.decision_id, d.finding_id, d.subject_kind, d.subject_id, d.promoter_id, d.clause, d.measure,
    case
        when a.overturned_at is not null then 'overturned'
        when a.rejected_at is not null then 'rejected'
        when d.status = 'applied' or a.applied_seq is not null then 'applied'
        when coalesce(a.approvals, 0) >= d.needed then 'approved'
        else 'proposed'
    end as status,
    d.effective_from,
    coalesce(e.effective_to, d.effective_to) as effective_to,
    d.month, d.amount_fen, d.functions,
    case
        when h.action = 'approve' and a.one_approver <> a.other_approver
            then a.one_approver || ', ' || a.other_approver
        else coalesce(h.by_whom, d.decided_by)
    end as decided_by,
    coalesce(h.reason, d.reason) as reason,
    d.proposed_by, d.proposed_on,
    coalesce(a.approvals, 0) as approvals,
    d.needed,
    case when d.status = 'applied' then d.run_seq else a.applied_seq end as applied_seq,
    a.overturned_seq
from decision as d
left join act as a on a.decision_id = d.decision_id
left join decision_event as h
    on h.decision_id = d.decision_id and h.seq = a.last_human
    and h.action in ('approve', 'reject', 'overturn', 'release')
left join decision_event as e
    on e.decision_id = d.decision_id and e.seq = a.last_end and e.action in ('release', 'end')
"""
DECISION_ENTRY = """
create view decision_entry as
select
    decision_id,
    row_number() over (partition by decision_id order by seq, step) as entry_no,
    action, by_whom, reason, at, effective_to, run_seq, seq
from (
    select
        e.decision_id, e.action, e.by_whom, e.reason, e.at, e.effective_to, e.run_seq, e.seq,
        case e.action when 'apply' then 1 when 'end' then 2 when 'escalate' then 3 else 4 end as step
    from decision_event as e
    union all
    select d.decision_id, 'propose', d.proposed_by, d.reason, a.at, d.effective_to, d.run_seq, d.seq, 0
    from decision as d
    inner join audit as a on a.seq = d.seq
) as entry
"""
OTHER_VIEWS = (
    """
create view finding_state as
select
    f.finding_id, f.clause, f.detector, f.subject_kind, f.subject_id, f.promoter_id, f.first_seen,
    case when w.window_start < f.window_start then w.window_start else f.window_start end as window_start,
    case when w.window_end > f.window_end then w.window_end else f.window_end end as window_end,
    f.run_seq
from finding as f
left join (
    select finding_id, min(window_start) as window_start, max(window_end) as window_end
    from finding_window
    group by finding_id
) as w on w.finding_id = f.finding_id
""",
    """
create view verdict_entry as
select
    finding_id, row_number() over (partition by finding_id order by seq) as entry_no, verdict, by_whom, reason, at, seq
from verdict
""",
    """
create view override_state as
select o.override_id, o.account_a, o.account_b, o.kind, o.author, o.reason, o.from_at, coalesce(e.to_at, o.to_at) as to_at
from "override" as o
left join override_end as e on e.override_id = o.override_id
""",
    """
create view shared_state as
select s.shared_id, s.kind, s.token, s.label, s.author, s.reason, s.from_on, coalesce(e.to_on, s.to_on) as to_on
from shared as s
left join shared_end as e on e.shared_id = s.shared_id
""",
)


def upgrade() -> None:
    """Create everything."""
    if not ddl.on_sqlite():
        ddl.run(ddl.POSTGRES_GUARD_FUNCTION)
    for tables in (AUDIT, CASEWORK, GROUPS, MONEY):
        ddl.create(tables)
    # One person approves once, however often the name is typed.
    ddl.run("create unique index one_approval on decision_event (decision_id, by_whom) where action = 'approve'")
    for view in (DECISION_STATE, DECISION_ENTRY, *OTHER_VIEWS):
        ddl.run(view)


def downgrade() -> None:
    """The books only grow: there is no way back."""
    raise RuntimeError("the books only grow; restore a backup instead")
