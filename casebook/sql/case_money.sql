-- One row per case that is not closed, with the money that hangs on it and the days left before the next statement.
create or replace table case_money as
with live as (
    select
        case_id,
        subject_kind,
        subject_id,
        promoter_id,
        state,
        owner,
        opened_on,
        deadline_on,
        escalated_on,
        blind
    from books_case
    where state <> 'closed'
    union all
    select
        case_id,
        subject_kind,
        subject_id,
        promoter_id,
        'open' as state,
        cast(null as varchar) as owner,
        opened_on,
        deadline_on,
        cast(null as date) as escalated_on,
        blind
    from new_case
),

finds as (
    select
        c.case_id,
        count(*) as findings,
        count(distinct c.promoter_id) as promoters,
        max(f.confidence) as confidence
    from case_finding as c
    inner join finding as f on c.finding_id = f.finding_id
    group by all
),

calendar as (
    select cast(date_trunc('month', $as_of) + (max(cast(value as bigint)) - 1) * interval 1 day as date) as this_month
    from parameter_span
    where path = 'statement_day' and from_day <= $as_of and (to_day is null or to_day >= $as_of)
),

next_cutoff as (
    select case when this_month > $as_of then this_month else cast(this_month + interval 1 month as date) end as cutoff_on
    from calendar
)

select
    l.case_id,
    l.subject_kind,
    l.subject_id,
    l.promoter_id,
    l.state,
    l.owner,
    l.opened_on,
    l.deadline_on,
    case when e.case_id is not null then $as_of else l.escalated_on end as escalated_on,
    l.blind,
    coalesce(f.findings, 0) as findings,
    coalesce(f.promoters, 0) as promoters,
    coalesce(s.stake_fen, 0) as stake_fen,
    coalesce(f.confidence, 0) as confidence,
    round_ppm(coalesce(s.stake_fen, 0), cast(round(coalesce(f.confidence, 0) * 1000000) as bigint)) as priority_fen,
    n.cutoff_on,
    date_diff('day', $as_of, n.cutoff_on) as days_left
from live as l
left join case_stake as s on l.case_id = s.case_id
left join finds as f on l.case_id = f.case_id
left join (select case_id from case_step where kind = 'escalated') as e on l.case_id = e.case_id
cross join next_cutoff as n
