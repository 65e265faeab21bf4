-- One row per case that this run opens: for a promoter or ring with a finding that no case holds yet, and for the
-- promoters that the audit sample drew this month. Those are decided blind: nobody sees a score.
create or replace table new_case as
with found as (
    select
        case_id,
        case_kind as subject_kind,
        case_subject as subject_id,
        0 as blind
    from case_finding
    where opens
    group by case_id, case_kind, case_subject
),

earlier as (
    select
        subject_id,
        count(*) as cases_so_far,
        bool_or(state <> 'closed') as one_is_open,
        max(opened_on) as last_opened_on
    from books_case
    where subject_kind = 'promoter'
    group by all
),

drawn as (
    select
        'C' || left(sha256(concat_ws('|', 'promoter', d.subject_id, cast(coalesce(e.cases_so_far, 0) + 1 as varchar))), 16) as case_id,
        'promoter' as subject_kind,
        d.subject_id,
        1 as blind
    from detection as d
    left join earlier as e on d.subject_id = e.subject_id
    where
        d.detector = 'audit_sample'
        and not coalesce(e.one_is_open, false)
        and coalesce(strftime(e.last_opened_on, '%Y-%m') <> strftime($as_of, '%Y-%m'), true)
)

select
    case_id,
    subject_kind,
    subject_id,
    case when subject_kind = 'promoter' then subject_id end as promoter_id,
    $as_of as opened_on,
    cast($as_of + interval 14 days as date) as deadline_on,
    cast(min(blind) as bigint) as blind
from (select * from found union all select * from drawn)
group by case_id, subject_kind, subject_id
