-- One row per natural day around the attempts to reach a promoter: is it a working day by the programme (1.2(5))?
-- `day_no` counts working days; both are null on a day that no document covers.
create or replace table working_day as
with reach as (
    select
        natural_day(min(attempted_at), $zone) as first_on,
        least(natural_day(max(attempted_at), $zone), $as_of) as last_on
    from contact_attempts
),

calendar as (
    select cast(unnest(generate_series(cast(first_on as timestamp), cast(last_on as timestamp), interval 1 day)) as date) as on_day
    from reach
    where first_on is not null
),

setting as (
    select
        c.on_day,
        max(p.value) filter (where p.path = 'working_days.weekend') as weekend,
        max(p.value) filter (where p.path = 'working_days.holidays') as holidays,
        max(p.value) filter (where p.path = 'working_days.workdays') as workdays
    from calendar as c
    left join parameter_span as p
        on p.path in ('working_days.weekend', 'working_days.holidays', 'working_days.workdays')
        and c.on_day between p.from_day and coalesce(p.to_day, date '9999-12-31')
    group by c.on_day
),

told as (
    select
        on_day,
        not list_contains(from_json(holidays, '["VARCHAR"]'), cast(on_day as varchar))
        and (
            list_contains(from_json(workdays, '["VARCHAR"]'), cast(on_day as varchar))
            or not list_contains(from_json(weekend, '["BIGINT"]'), isodow(on_day))
        ) as works
    from setting
)

select
    on_day,
    works,
    case when works then count(*) filter (where works) over (order by on_day rows unbounded preceding) end as day_no
from told
