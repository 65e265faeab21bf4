-- One row is one case of the run, the most money at risk first, what is to be decided blind last: its place would tell the score; state and owner of this moment are the books' to tell.
with clauses_of as (
    select 'P' || promoter_id as key, string_agg(distinct clause, ' ' order by clause) as clauses
    from findings where promoter_id is not null group by promoter_id
    union all
    select 'S' || subject_id, string_agg(distinct clause, ' ' order by clause) from findings group by subject_id
)
select
    m.case_id, m.subject_kind, m.subject_id, m.promoter_id, m.opened_on, m.escalated_on, m.blind, m.findings,
    m.stake_fen, money(m.stake_fen) as at_stake, m.confidence, money(m.priority_fen) as priority, m.cutoff_on, m.days_left,
    c.clauses
from case_money as m
left join clauses_of as c on coalesce('P' || m.promoter_id, 'S' || m.subject_id) = c.key
order by m.blind = 1 and m.state in ('open', 'in_review', 'waiting'), m.priority_fen desc, m.case_id
