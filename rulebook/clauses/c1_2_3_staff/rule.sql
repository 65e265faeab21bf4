-- One row per promoter: is it staff, outsourced staff or a relative of staff (1.2(3))? A shared id document decides;
-- a phone alone or a same-user group that holds a staff member's identifiers goes to people.
with tie as (
    select
        promoter_id,
        staff_id,
        staff_kind,
        tied_by,
        status,
        reason,
        confidence,
        evidence
    from member_tie
    where staff_kind in ('employee', 'outsourced', 'relative')
)

select
    'promoter' as subject_kind,
    m.promoter_id as subject_id,
    m.promoter_id,
    coalesce(t.status, 'not_met') as status,
    coalesce(t.reason, 'no tie to staff') as reason,
    coalesce(t.confidence, 0.5) as confidence,
    coalesce(t.evidence, '{}') as evidence
from (select distinct promoter_id from membership) as m
left join tie as t on m.promoter_id = t.promoter_id
qualify row_number() over (
    partition by m.promoter_id
    order by case t.status when 'met' then 0 when 'unknown' then 1 else 2 end, t.tied_by, t.staff_kind, t.staff_id
) = 1
