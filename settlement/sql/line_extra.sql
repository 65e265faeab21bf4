-- One row per cap that takes something away and per bounty, by standpoint. invitee_id is null on the promoter's cap.
create or replace table line_extra as
with terms as (
    select
        d.month,
        d.bounty_fen,
        d.bounty_document,
        d.invitee_cap_fen,
        d.invitee_cap_document,
        d.promoter_cap_fen,
        d.promoter_cap_document
    from day_setting as d
    cross join programme_end as e
    where d.day = least(last_day(d.day), coalesce(e.end_day, last_day(d.day)))
),

invitee_cap as (
    select
        i.standpoint,
        i.promoter_id,
        i.invitee_id,
        i.month,
        t.invitee_cap_document as governing_document,
        t.invitee_cap_fen - i.rebate_fen as rebate_fen
    from invitee_month as i
    inner join terms as t on i.month = t.month
    where i.rebate_fen > t.invitee_cap_fen
),

bounty as (
    select
        u.standpoint,
        u.promoter_id,
        u.invitee_id,
        u.month,
        t.bounty_document as governing_document,
        t.bounty_fen as rebate_fen
    from user_judged as u
    inner join terms as t on u.month = t.month
    where u.counts and u.own and t.bounty_fen > 0
),

promoter_month as (
    select
        standpoint,
        promoter_id,
        month,
        cast(sum(rebate_fen) as bigint) as rebate_fen
    from (
        select standpoint, promoter_id, month, rebate_fen from invitee_month
        union all
        select standpoint, promoter_id, month, rebate_fen from invitee_cap
        union all
        select standpoint, promoter_id, month, rebate_fen from bounty
    )
    group by all
)

select standpoint, promoter_id, invitee_id, month, 'cap' as line_kind, governing_document, rebate_fen
from invitee_cap
union all
select standpoint, promoter_id, invitee_id, month, 'bounty' as line_kind, governing_document, rebate_fen
from bounty
union all
select
    p.standpoint,
    p.promoter_id,
    null as invitee_id,
    p.month,
    'cap' as line_kind,
    t.promoter_cap_document as governing_document,
    t.promoter_cap_fen - p.rebate_fen as rebate_fen
from promoter_month as p
inner join terms as t on p.month = t.month
where p.rebate_fen > t.promoter_cap_fen
