-- One row per decision on a ring and invitee of its promoter that the evidence names on which the decision was proposed.
-- A decision without evidence of its own goes by what was last found on that ring.
create or replace table ring_member as
with evidence as (
    select
        d.decision_id,
        d.promoter_id,
        max_by(t.facts, t.run_seq) as facts
    from decision_known as d
    inner join evidence_source as t
        on case when d.evidence_sha256 is null then t.facts ->> '$.subject_id' = d.subject_id
            else t.finding_id = d.finding_id and t.sha256 = d.evidence_sha256 end
    where d.subject_kind = 'ring'
    group by all
),

named as (
    select
        decision_id,
        promoter_id,
        unnest(from_json(facts -> '$.against', '["VARCHAR"]')) as account_id
    from evidence
)

select
    n.decision_id,
    r.invitee_id
from named as n
inner join referrals as r on n.account_id = r.invitee_id and n.promoter_id = r.promoter_id
group by all
