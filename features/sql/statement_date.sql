-- One row per month in which an order was paid: the day on which its statement is issued (4.4(3)).
create table statement_date as
with paid as (
    select
        natural_day(min(paid_at), $zone) as first_on,
        natural_day(max(paid_at), $zone) as last_on
    from orders
),

months as (
    select unnest(generate_series(
        date_trunc('month', first_on)::timestamp, date_trunc('month', last_on)::timestamp, interval 1 month
    ))::date as begins_on
    from paid
    where first_on is not null
),

following as (
    select
        strftime(begins_on, '%Y-%m') as month,
        (begins_on + interval 1 month)::date as begins_on
    from months
)

select
    following.month,
    make_date(
        year(following.begins_on),
        month(following.begins_on),
        least(cast(parameter_span.value as bigint), day(last_day(following.begins_on)))
    ) as issued_on
from following
inner join parameter_span
    on
        parameter_span.path = 'statement_day'
        and following.begins_on >= parameter_span.from_day
        and following.begins_on <= coalesce(parameter_span.to_day, date '9999-12-31')
