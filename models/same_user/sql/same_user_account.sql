-- One row per account that shares an identifier, refers or is referred, numbered in the order of the ids.
create or replace table same_user_account as
with named as (
    select account_id
    from identifier_holder
    union
    select promoter_id as account_id
    from referrals
    union
    select invitee_id as account_id
    from referrals
    union
    select account_a as account_id
    from books_override
    union
    select account_b as account_id
    from books_override
)
select
    account_id,
    row_number() over (order by account_id) as account_no
from named
