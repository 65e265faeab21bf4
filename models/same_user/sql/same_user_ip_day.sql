-- One row per account of a pair, common ip and natural day, with the ip's degree in its span of 28 days.
create or replace table same_user_ip_day as
select
    same_user_use.account_no,
    same_user_token.token_no,
    same_user_use.span_on,
    same_user_use.first_seen,
    same_user_use.last_seen,
    same_user_ip_span.entities
from same_user_use
inner join same_user_token
    on same_user_use.token = same_user_token.token
inner join same_user_ip_span
    on same_user_token.token_no = same_user_ip_span.token_no
    and cast((same_user_use.span_on - date '2000-01-03') as bigint) // 28 = same_user_ip_span.span_no
where same_user_use.kind = 'ip'
