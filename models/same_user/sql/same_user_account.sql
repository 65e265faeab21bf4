-- One row per account of a pair worth scoring or of an analyst's word, numbered in the order of the ids.
create or replace table same_user_account as
with named as (
    select one_id as account_id
    from same_user_asked
    union
    select other_id as account_id
    from same_user_asked
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
