-- One row per unscoped parameter and span of days with one value. Once a programme has ended, how money is paid goes on by
-- the values of its last day, unless a later document sets others (run-off); what earns rebate ends with it.
create or replace table parameter_force as
with span as (
    select
        p.path,
        p.from_day,
        coalesce(p.to_day, date '9999-12-31') as to_day,
        p.document_id,
        -- The brackets that come with no document of the programme's are those of its regime.
        case
            when p.path <> 'withholding.brackets' or exists (
                select 1 from programme_document as d where d.document_id = p.document_id
            ) then p.value
        end as value,
        coalesce(e.end_day, date '9999-12-31') as end_day,
        coalesce(lead(p.from_day) over (partition by p.path order by p.from_day) - 1, date '9999-12-31') as before_next
    from parameter_span as p
    cross join programme_end as e
),

gap as (
    select
        path,
        to_day + 1 as from_day,
        before_next as to_day,
        end_day
    from span
    where path not like 'rebate.%' and to_day < date '9999-12-31'
)

select
    path,
    from_day,
    case when path like 'rebate.%' then least(to_day, end_day) else to_day end as to_day,
    document_id,
    value
from span
where path not like 'rebate.%' or from_day <= end_day
union all
select
    g.path,
    g.from_day,
    g.to_day,
    s.document_id,
    s.value
from gap as g
inner join span as s on g.path = s.path and g.end_day between s.from_day and s.to_day
where g.from_day > g.end_day and g.from_day <= g.to_day
