-- One row per account, shared ip and natural day, of the pairs being scored; entities as of the ip's span of 28 days.
create or replace table same_user_ip_day as
with asked as (
    select
        a as account_no,
        token_no
    from same_user_shared
    where kind = 'ip'
    union
    select
        b as account_no,
        token_no
    from same_user_shared
    where kind = 'ip'
)
select
    asked.account_no,
    asked.token_no,
    identifier_use.span_on,
    identifier_span.entities
from asked
inner join same_user_account
    on asked.account_no = same_user_account.account_no
inner join same_user_token
    on asked.token_no = same_user_token.token_no
inner join identifier_use
    on same_user_account.account_id = identifier_use.account_id
    and same_user_token.token = identifier_use.token and identifier_use.kind = 'ip'
inner join identifier_span
    on identifier_use.token = identifier_span.token
    and identifier_span.span_from
    = date '2000-01-03' + cast(28 * floor((identifier_use.span_on - date '2000-01-03') / 28) as integer)
