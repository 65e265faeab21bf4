-- One row per reported promoter, clause, measure and what the policy before, now and next would do with such findings of it.
create or replace table report_policy as
with dated as (
    select
        max(effective_from) filter (where effective_from <= $as_of) as now_from,
        min(effective_from) filter (where effective_from > $as_of) as next_from
    from policy_rule
),

version as (
    select
        dated.now_from,
        dated.next_from,
        (select max(effective_from) from policy_rule where effective_from < dated.now_from) as before_from
    from dated
),

named as (
    select distinct finding_id, measure from policy_match
),

side as (
    select
        named.finding_id,
        named.measure,
        max(case when policy_match.which = 'previous' then policy_match.effect end) as before_effect,
        max(case when policy_match.which = 'now' then policy_match.effect end) as now_effect,
        max(case when policy_match.which = 'next' then policy_match.effect end) as next_effect
    from named
    inner join policy_match on named.finding_id = policy_match.finding_id and named.measure = policy_match.measure
    group by all
)

select
    report_finding.promoter_id,
    report_finding.clause,
    side.measure,
    side.before_effect,
    side.now_effect,
    side.next_effect,
    version.before_from,
    version.now_from,
    version.next_from,
    count(*) as findings
from side
inner join report_finding on side.finding_id = report_finding.finding_id
cross join version
group by all
order by report_finding.promoter_id, report_finding.clause, side.measure, side.before_effect, side.now_effect, side.next_effect
