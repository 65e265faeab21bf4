-- One row per case that this run opens: for a promoter or ring with a finding that no case holds yet.
-- A case of the audit sample alone is decided blind: chance drew the promoter, and nobody sees a score.
create or replace table new_case as
select
    case_id,
    case_kind as subject_kind,
    case_subject as subject_id,
    case when case_kind = 'promoter' then case_subject end as promoter_id,
    $as_of as opened_on,
    cast($as_of + interval 14 days as date) as deadline_on,
    cast(bool_and(detector = 'audit_sample') as bigint) as blind
from case_finding
where opens
group by case_id, case_kind, case_subject
