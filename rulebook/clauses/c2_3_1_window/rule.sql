-- One row per referral: has its window of natural days run out by the cut-off (2.3(1))? The day of registration is not
-- counted unless `start_day_counts`; the last day ends at 24:00. Both parameters are those of the registration.
with referred as (
    select
        r.invitee_id,
        r.promoter_id,
        natural_day(a.registered_at, $zone) as registered_on
    from referrals as r
    inner join accounts as a on r.invitee_id = a.account_id
),

setting as (
    select
        r.*,
        cast(w.value as bigint) as window_days,
        cast(s.value as boolean) as start_day_counts
    from referred as r
    left join parameter_span as w
        on w.path = 'window_days' and r.registered_on between w.from_day and coalesce(w.to_day, date '9999-12-31')
    left join parameter_span as s
        on s.path = 'start_day_counts' and r.registered_on between s.from_day and coalesce(s.to_day, date '9999-12-31')
),

state as (
    select
        *,
        registered_on + cast(window_days + case when start_day_counts then 0 else 1 end as integer) as outside_on
    from setting
)

select
    'referral' as subject_kind,
    invitee_id as subject_id,
    promoter_id,
    case
        when outside_on is null then 'unknown'
        when day_start(outside_on, $zone) <= $cutoff_at then 'met'
        else 'not_met'
    end as status,
    case
        when outside_on is null then 'no document covers the day of registration'
        when day_start(outside_on, $zone) <= $cutoff_at then 'the window has run out'
        else 'the window is open'
    end as reason,
    json_object('registered_on', cast(registered_on as varchar), 'first_day_outside', cast(outside_on as varchar)) as evidence
from state
