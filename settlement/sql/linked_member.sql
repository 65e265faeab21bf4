-- One row per run by whose groups some month goes (its issue, or this run) and account in a linked group then.
create or replace table linked_member as
with version as (
    select distinct version from programme_month
    where issued_before
),

spell as (
    select
        account_id,
        group_id,
        status,
        run_seq,
        lead(run_seq) over (partition by account_id order by run_seq) as next_seq
    from books_membership
)

select
    v.version,
    s.account_id,
    s.group_id
from version as v
inner join spell as s on s.run_seq <= v.version and (s.next_seq is null or s.next_seq > v.version)
where s.group_id is not null and s.status = 'linked'
union all
select
    cast($run_seq as bigint) as version,
    account_id,
    group_id
from group_member
where status = 'linked'
