-- One row per version of the policy (in force now, the one before it, the next to come), met finding and measure for which
-- one of its rules matches: the first rule that does.
-- A condition that the rule does not name always holds; one that it names fails where the finding has no such fact.
create or replace table policy_match as
with dated as (
    select
        effective_from,
        max(policy_no) as policy_no
    from policy_rule
    group by all
),

placed as (
    select
        effective_from,
        policy_no,
        effective_from > $as_of as coming,
        row_number() over (
            partition by effective_from > $as_of order by abs(date_diff('day', $as_of, effective_from))
        ) as nearness
    from dated
),

version as (
    select
        effective_from,
        policy_no,
        case when coming then 'next' when nearness = 1 then 'now' else 'previous' end as which
    from placed
    where nearness = 1 or (nearness = 2 and not coming)
),

rule as (
    select
        p.*,
        v.which,
        from_json(p.when_json -> 'outcome', '["VARCHAR"]') as outcomes,
        from_json(p.when_json -> 'group_status', '["VARCHAR"]') as group_statuses,
        cast(p.when_json ->> 'flagged' as boolean) as wants_flagged,
        cast(p.when_json ->> 'min_confidence_ppm' as bigint) as min_confidence_ppm,
        cast(p.when_json ->> 'max_confidence_ppm' as bigint) as max_confidence_ppm,
        cast(p.when_json ->> 'min_amount_fen' as bigint) as min_amount_fen,
        cast(p.when_json ->> 'max_amount_fen' as bigint) as max_amount_fen
    from policy_rule as p
    inner join version as v on p.policy_no = v.policy_no
),

matching as (
    select
        r.which,
        r.effective_from,
        f.finding_id,
        r.measure,
        r."do" as effect,
        r.rule_no,
        r.days,
        r.two_people,
        r.notice_days
    from finding as f
    inner join open_finding as o on f.finding_id = o.finding_id
    inner join rule as r on f.clause = r.clause
    where
        f.status = 'met'
        -- A freeze needs a finding of collusion on that very invitee (3.5(3)).
        and (
            r.measure <> 'freeze_invitee'
            or (f.subject_kind in ('referral', 'invitee') and f.clause in ('2.2(3)', '3.4(1)', '3.5(3)'))
        )
        and (r.outcomes is null or coalesce(list_contains(r.outcomes, o.outcome), false))
        and (r.group_statuses is null or coalesce(list_contains(r.group_statuses, o.group_status), false))
        and (r.wants_flagged is null or coalesce(o.flagged = r.wants_flagged, false))
        and (r.min_confidence_ppm is null or round(f.confidence * 1000000) >= r.min_confidence_ppm)
        and (r.max_confidence_ppm is null or round(f.confidence * 1000000) < r.max_confidence_ppm)
        and (r.min_amount_fen is null or f.amount_at_stake_fen >= r.min_amount_fen)
        and (r.max_amount_fen is null or f.amount_at_stake_fen < r.max_amount_fen)
)

select
    which,
    effective_from,
    finding_id,
    measure,
    effect,
    rule_no,
    days,
    two_people,
    notice_days
from matching
qualify row_number() over (partition by which, finding_id, measure order by rule_no) = 1
