-- One row is one promoter (P and its id) or other subject of a case (S and its id), with its findings as JSON, the most money first.
with wanted as (select unnest($keys) as key),
named as (
    select 'P' || promoter_id as key, * from findings where promoter_id is not null
    union all
    select 'S' || subject_id as key, * from findings
)
select
    key,
    to_json(list({
        'finding_id': finding_id, 'clause': clause, 'status': status, 'subject_kind': subject_kind, 'subject_id': subject_id,
        'promoter_id': promoter_id, 'detector': detector, 'confidence': confidence, 'amount_at_stake': cast(amount_at_stake as varchar),
        'first_seen': cast(first_seen as varchar), 'reason': reason, 'evidence': evidence
    } order by amount_at_stake desc, finding_id)) as body
from named
semi join wanted using (key)
group by key
