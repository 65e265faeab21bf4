-- One row per case that this run opens: for a promoter or ring with a finding that no case holds yet.
-- A case of the audit sample alone is decided blind: chance drew the promoter, and nobody sees a score.
create or replace table new_case as
select
    c.case_id,
    c.case_kind as subject_kind,
    c.case_subject as subject_id,
    case when c.case_kind = 'promoter' then c.case_subject end as promoter_id,
    $as_of as opened_on,
    cast($as_of + interval 14 days as date) as deadline_on,
    cast(bool_and(c.detector = 'audit_sample') as bigint) as blind,
    round_ppm(
        coalesce(max(s.stake_fen), 0), cast(round(max(f.confidence) * 1000000) as bigint)
    ) as priority_fen
from case_finding as c
inner join finding as f on c.finding_id = f.finding_id
left join case_stake as s on c.case_id = s.case_id
where c.opens
group by c.case_id, c.case_kind, c.case_subject
