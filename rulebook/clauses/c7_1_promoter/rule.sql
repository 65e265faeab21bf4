-- One row per promoter: is it one of the vendor's, a partner's or a sales centre's people (7.1)? An id document decides;
-- a phone or a group goes to people where 1.2(3) does not send it there already.
with tie as (
    select
        m.promoter_id,
        t.staff_id,
        t.staff_kind,
        t.tied_by,
        t.token,
        t.group_id
    from membership as m
    inner join staff_tie as t
        on
            m.promoter_id = t.promoter_id
            and t.staff_kind in ('employee', 'outsourced', 'partner_staff', 'centre_staff')
            and (t.tied_by = 'id_doc' or t.staff_kind in ('partner_staff', 'centre_staff'))
            and t.valid_from < coalesce(m.left_at, $cutoff_at)
            and (t.valid_to is null or t.valid_to > m.joined_at)
),

state as (
    select
        m.promoter_id,
        t.* exclude (promoter_id),
        case when t.tied_by = 'id_doc' then 'met' when t.tied_by is not null then 'unknown' else 'not_met' end as status
    from (select distinct promoter_id from membership) as m
    left join tie as t on m.promoter_id = t.promoter_id
)

select
    'promoter' as subject_kind,
    promoter_id as subject_id,
    promoter_id,
    status,
    case
        when tied_by = 'id_doc' then concat('shares an id document with staff: ', staff_kind)
        when tied_by = 'phone' then concat('shares a phone with staff: ', staff_kind, '; numbers are recycled')
        when tied_by = 'group' then concat('an account of its same-user group shares an identifier with staff: ', staff_kind)
        else 'no tie to staff'
    end as reason,
    case when tied_by = 'id_doc' then 1.0 when tied_by = 'group' then 0.7 else 0.5 end as confidence,
    json_object(
        'tied_by', tied_by, 'staff_id', staff_id, 'staff_kind', staff_kind, 'token', token, 'group_id', group_id
    ) as evidence
from state
qualify row_number() over (
    partition by promoter_id
    order by
        case status when 'met' then 0 when 'unknown' then 1 else 2 end, tied_by, staff_kind, staff_id
) = 1
