-- One row per common ip and span of 28 days in which it was seen: how many entities were seen on it in the span.
-- Lines are dealt out anew, so an ip's degree over its whole life says little about who was behind it at one time.
create or replace table same_user_ip_span as
with seen as (
    select distinct
        same_user_token.token_no,
        cast((identifier_holder.span_on - date '2000-01-03') as bigint) // 28 as span_no,
        identifier_holder.account_id
    from identifier_holder
    inner join same_user_token
        on identifier_holder.token = same_user_token.token
    where same_user_token.kind = 'ip'
)
select
    seen.token_no,
    seen.span_no,
    count(distinct coalesce(identifier_entity.entity_id, seen.account_id)) as entities
from seen
left join identifier_entity
    on seen.account_id = identifier_entity.account_id
group by all
