-- One row per promoter that was asked for ties to staff: did it deny one that 1.2(3) finds (A1(3))?
with asked as (
    select
        promoter_id,
        joined_at,
        declared_staff_tie
    from promoters
    where declared_staff_tie is not null
    qualify row_number() over (partition by promoter_id order by joined_at desc) = 1
),

tie as (
    select distinct
        m.promoter_id,
        m.joined_at,
        t.staff_id,
        t.tied_by
    from membership as m
    inner join staff_tie as t
        on
            m.promoter_id = t.promoter_id
            and t.valid_from < coalesce(m.left_at, $cutoff_at)
            and (t.valid_to is null or t.valid_to > m.joined_at)
)

select
    'promoter' as subject_kind,
    a.promoter_id as subject_id,
    a.promoter_id,
    case
        when a.declared_staff_tie or t.tied_by is null then 'not_met'
        when t.tied_by = 'id_doc' then 'met'
        else 'unknown'
    end as status,
    case
        when a.declared_staff_tie then 'a tie was declared'
        when t.tied_by is null then 'no tie to declare'
        when t.tied_by = 'id_doc' then 'denied a tie that the id document shows'
        else concat('denied a tie; a ', t.tied_by, ' points to one')
    end as reason,
    json_object('declared', a.declared_staff_tie, 'staff_id', t.staff_id, 'tied_by', t.tied_by) as evidence
from asked as a
left join tie as t on a.promoter_id = t.promoter_id and a.joined_at = t.joined_at
qualify row_number() over (partition by a.promoter_id order by t.tied_by = 'id_doc' desc nulls last, t.tied_by, t.staff_id) = 1
