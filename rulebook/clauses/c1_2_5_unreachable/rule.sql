-- One row per promoter whom somebody tried to reach: an attempt on each of three consecutive working days, and no
-- success from the first of these to the end of the third (1.2(5))?
with attempt as (
    select
        a.promoter_id,
        a.attempted_at,
        a.reached,
        w.on_day,
        w.works,
        w.day_no
    from contact_attempts as a
    left join working_day as w on natural_day(a.attempted_at, $zone) = w.on_day
),

day_of as (
    select
        promoter_id,
        day_no,
        on_day,
        max(attempted_at) as last_attempt_at,
        max(attempted_at) filter (where reached) as reached_at
    from attempt
    where works
    group by all
),

success as (
    select promoter_id, attempted_at from attempt where reached
),

three as (
    select
        a.promoter_id,
        a.on_day as first_on,
        c.on_day as third_on,
        a.last_attempt_at
    from day_of as a
    inner join day_of as b on a.promoter_id = b.promoter_id and a.day_no + 1 = b.day_no
    inner join day_of as c on a.promoter_id = c.promoter_id and a.day_no + 2 = c.day_no
    -- The last attempt of the first day counts as its first: one that succeeded earlier that day is over by then.
    anti join success as s
        on
            a.promoter_id = s.promoter_id
            and s.attempted_at >= a.last_attempt_at
            and s.attempted_at < day_start(c.on_day + 1, $zone)
),

state as (
    select
        a.promoter_id,
        min(t.first_on) as first_on,
        min_by(t.third_on, t.first_on) as third_on,
        bool_or(a.works is null) as untold,
        count(distinct a.attempted_at) as attempts
    from attempt as a
    left join three as t on a.promoter_id = t.promoter_id
    group by a.promoter_id
)

select
    'promoter' as subject_kind,
    promoter_id as subject_id,
    promoter_id,
    case when first_on is not null then 'met' when untold then 'unknown' else 'not_met' end as status,
    case
        when first_on is not null then 'not reached on three consecutive working days'
        when untold then 'no document tells the working days'
        else 'no three consecutive working days without success'
    end as reason,
    json_object('first_on', cast(first_on as varchar), 'third_on', cast(third_on as varchar), 'attempts', attempts) as evidence
from state
