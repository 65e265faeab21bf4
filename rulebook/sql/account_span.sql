-- One row per promoter's account, field and span of instants with one value, as the history of changes tells it.
-- Before the first change stands its old value, after the last its new one, without changes the account's own. A change
-- after the cut-off still tells the value before it. `contradicts`: the history does not fit together around the span.
create or replace table account_span as
with person as (
    select distinct promoter_id as account_id from promoters
),

change as (
    select
        account_id,
        field,
        changed_at,
        old_value,
        new_value,
        lag(new_value) over of_field as value_before,
        lead(changed_at) over of_field as next_at,
        lead(old_value) over of_field as next_old
    from account_changes
    semi join person using (account_id)
    window of_field as (partition by account_id, field order by changed_at)
),

now_value as (
    select account_id, 'account_type' as field, account_type as value from accounts semi join person using (account_id)
    union all
    select account_id, 'verified_as' as field, verified_as as value from accounts semi join person using (account_id)
)

select
    account_id,
    field,
    timestamptz '1900-01-01 00:00:00+00' as from_at,
    changed_at as to_at,
    old_value as value,
    false as contradicts
from change
where value_before is null
union all
select
    change.account_id,
    change.field,
    change.changed_at as from_at,
    change.next_at as to_at,
    change.new_value as value,
    coalesce(change.next_old, now_value.value) <> change.new_value as contradicts
from change
inner join now_value using (account_id, field)
union all
select
    account_id,
    field,
    timestamptz '1900-01-01 00:00:00+00' as from_at,
    cast(null as timestamptz) as to_at,
    value,
    false as contradicts
from now_value
anti join change using (account_id, field)
