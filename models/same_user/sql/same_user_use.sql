-- One row per account of a pair, token that others hold too, and span.
create or replace table same_user_use as
select
    same_user_account.account_no,
    identifier_holder.kind,
    identifier_holder.token,
    identifier_holder.span_on,
    identifier_holder.first_seen,
    identifier_holder.last_seen,
    identifier_holder.class
from identifier_holder
inner join same_user_account
    on identifier_holder.account_id = same_user_account.account_id
