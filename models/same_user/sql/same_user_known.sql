-- One row per account that was in a group at the end of the last run; born_seq is the run that first used the id.
create or replace table same_user_known as
with latest as (
    select
        account_id,
        arg_max(row(group_id, status), run_seq) as known
    from books_membership
    where run_seq < $run_seq
    group by account_id
),
born as (
    select
        group_id,
        min(run_seq) as born_seq
    from books_membership
    where group_id is not null
    group by group_id
)
select
    latest.account_id,
    latest.known[1] as group_id,
    latest.known[2] as status,
    born.born_seq
from latest
inner join born
    on latest.known[1] = born.group_id
