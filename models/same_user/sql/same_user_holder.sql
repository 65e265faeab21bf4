-- One row per account and shared token, in numbers.
create or replace table same_user_holder as
select
    same_user_account.account_no,
    same_user_token.token_no,
    identifier_holder.kind,
    identifier_holder.accounts,
    identifier_holder.entities,
    identifier_holder.first_seen,
    identifier_holder.last_seen,
    identifier_holder.class
from identifier_holder
inner join same_user_account
    on identifier_holder.account_id = same_user_account.account_id
inner join same_user_token
    on identifier_holder.kind = same_user_token.kind and identifier_holder.token = same_user_token.token
