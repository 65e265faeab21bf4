-- One row per decision that waits for approval or to be applied and whose evidence is no longer what it was proposed on:
-- something that spoke for it is gone, it would reach somebody whom nobody looked at, twice the money hangs on it, or an
-- analyst found its finding to be a false alarm. What was applied stays.
create or replace table evidence_change as
with false_alarm as (
    select finding_id
    from books_verdict
    qualify row_number() over (partition by finding_id order by entry_no desc) = 1 and verdict = 'false_alarm'
),

proposed_on as (
    select distinct
        finding_id,
        sha256,
        facts
    from books_finding_evidence
),

compared as (
    select
        d.decision_id,
        d.finding_id,
        d.status,
        d.evidence_sha256,
        n.sha256 as sha256_now,
        f.finding_id is null or f.status <> 'met' as not_met,
        v.finding_id is not null as false_alarm,
        from_json(p.facts -> 'against', '["VARCHAR"]') as before_against,
        from_json(n.facts -> 'against', '["VARCHAR"]') as now_against,
        from_json(p.facts -> 'touched', '["VARCHAR"]') as before_touched,
        from_json(n.facts -> 'touched', '["VARCHAR"]') as now_touched,
        cast(n.facts ->> 'amount_band' as bigint) - cast(p.facts ->> 'amount_band' as bigint) as bands
    from books_decision as d
    left join proposed_on as p on d.finding_id = p.finding_id and d.evidence_sha256 = p.sha256
    left join finding_fact as n on d.finding_id = n.finding_id
    left join finding as f on d.finding_id = f.finding_id
    left join false_alarm as v on d.finding_id = v.finding_id
    where d.status in ('proposed', 'approved') and d.finding_id is not null
),

differing as (
    select
        *,
        list_sort(list_filter(before_against, lambda x: not list_contains(coalesce(now_against, []), x))) as lost,
        list_sort(list_filter(now_touched, lambda x: not list_contains(before_touched, x))) as gained
    from compared
),

told as (
    select
        decision_id,
        finding_id,
        evidence_sha256,
        sha256_now,
        case
            when false_alarm then 'its finding was judged a false alarm'
            -- Books of an earlier version do not tell what a proposal rested on: of those only approvals are looked at.
            when lost is null and status = 'approved' and not_met then 'its finding is gone or no longer met'
            when now_against is null and lost is not null then 'its finding is gone'
            when list_contains(lost, 'met') then 'its finding is no longer met'
            when len(lost) > 0
                then concat(len(lost), ' of ', len(before_against), ' facts are gone: ', array_to_string(lost[:3], ', '))
            when len(gained) > 0
                then concat('it would reach ', len(gained), ' more: ', array_to_string(gained[:3], ', '))
            when bands >= 2 then 'more than twice the money hangs on it'
        end as change
    from differing
)

select
    decision_id,
    finding_id,
    evidence_sha256,
    sha256_now,
    change
from told
where change is not null
