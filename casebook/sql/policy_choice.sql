-- One row per met finding and measure for which a rule of the policy in force matches: the first rule that does.
-- A condition that the rule does not name always holds; one that it names fails where the finding has no such fact.
create or replace table policy_choice as
with in_force as (
    select max(policy_no) as policy_no
    from policy_rule
    where
        effective_from = (select max(p.effective_from) from policy_rule as p where p.effective_from <= $as_of)
),

rule as (
    select
        p.*,
        from_json(p.when_json -> 'outcome', '["VARCHAR"]') as outcomes,
        from_json(p.when_json -> 'group_status', '["VARCHAR"]') as group_statuses,
        cast(p.when_json ->> 'flagged' as boolean) as wants_flagged,
        cast(p.when_json ->> 'min_confidence_ppm' as bigint) as min_confidence_ppm,
        cast(p.when_json ->> 'max_confidence_ppm' as bigint) as max_confidence_ppm,
        cast(p.when_json ->> 'min_amount_fen' as bigint) as min_amount_fen,
        cast(p.when_json ->> 'max_amount_fen' as bigint) as max_amount_fen
    from policy_rule as p
    inner join in_force using (policy_no)
),

matching as (
    select
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
    finding_id,
    measure,
    effect,
    rule_no,
    days,
    two_people,
    notice_days
from matching
qualify row_number() over (partition by finding_id, measure order by rule_no) = 1
