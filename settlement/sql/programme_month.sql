-- One row per month from the programme's first to that of the as_of day: is it issued, and is it this run's to issue?
-- `version` names the run whose groups the month goes by: that of its issue, else this one. A delivery with an alarm that
-- nobody accepted issues nothing.
create or replace table programme_month as
with month as (
    select
        strftime(first_of, '%Y-%m') as month,
        cast(first_of as date) as from_day,
        cast(first_of + interval 1 month - interval 1 day as date) as to_day,
        cast(first_of + interval 2 month - interval 1 day as date) as last_issue_day
    from (
        select unnest(generate_series(
            date_trunc('month', (select min(effective_from) from programme_document where level = 'base')),
            date_trunc('month', $as_of),
            interval 1 month
        )) as first_of
    )
),

due as (
    select month.month
    from month
    inner join day_setting as d
        on d.day > month.to_day and d.day <= least(month.last_issue_day, $as_of)
    where day(d.day) >= d.statement_day or d.day = month.last_issue_day
    group by all
),

broken as (
    select count(*) > 0 as delivery
    from feed_alarm as a
    anti join books_feed_acceptance as b on a.delivery = b.delivery
)

select
    m.month,
    m.from_day,
    m.to_day,
    day_start(m.to_day + 1, $zone) as ends_at,
    b.month is not null as issued_before,
    b.month is null and due.month is not null and not broken.delivery as issues_now,
    coalesce(b.run_seq, $run_seq) as version,
    coalesce(b.cutoff_at, $cutoff_at) as cutoff_at
from month as m
cross join broken
left join books_issue as b on m.month = b.month
left join due on m.month = due.month
order by m.month
