-- One row per unscoped parameter and span of days with one value. Once a programme has ended, how money is paid goes on by
-- the values of its last day (run-off); what earns rebate ends with it.
create or replace table parameter_force as
with programme_end as (
    select case when count(effective_to) = count(*) then max(effective_to) end as end_day
    from programme_document
    where level = 'base'
)

select
    p.path,
    p.from_day,
    case
        when p.path not like 'rebate.%' and e.end_day between p.from_day and coalesce(p.to_day, date '9999-12-31')
            then date '9999-12-31'
        else coalesce(p.to_day, date '9999-12-31')
    end as to_day,
    p.document_id,
    -- The brackets that come with no document of the programme's are those of its regime.
    case
        when p.path <> 'withholding.brackets' or exists (
            select 1 from programme_document as d where d.document_id = p.document_id
        ) then p.value
    end as value
from parameter_span as p
cross join programme_end as e
where p.path like 'rebate.%' or e.end_day is null or p.from_day <= e.end_day
