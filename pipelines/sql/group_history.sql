-- One row per event of a group: those of earlier runs out of the books, then this run's.
create or replace table group_history as
with every_event as (
    select
        group_id,
        event,
        run_id,
        run_seq,
        account_id,
        other_group_id
    from books_group_event
    union all
    select
        group_id,
        event,
        cast($run_id as varchar) as run_id,
        cast($run_seq as bigint) as run_seq,
        account_id,
        other_group_id
    from group_event
)
select
    group_id,
    event,
    run_id,
    nullif(account_id, '') as account_id,
    nullif(other_group_id, '') as other_group_id,
    run_seq,
    account_id as account_key,
    other_group_id as other_key
from every_event
