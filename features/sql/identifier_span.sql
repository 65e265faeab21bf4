-- One row per shared ip that may speak and span of 28 days in which it was seen: how many entities were seen in the span.
-- Lines are dealt out anew, so an ip's degree over its whole life says little about who was behind it at one time.
create or replace table identifier_span as
with seen as (
    select distinct
        identifier_use.token,
        identifier_use.account_id,
        date '2000-01-03' + cast(28 * floor((identifier_use.span_on - date '2000-01-03') / 28) as integer) as span_from
    from identifier_use
    semi join identifier_value
        on identifier_use.token = identifier_value.token and identifier_value.kind = 'ip'
        and not identifier_value.suppressed
    where identifier_use.kind = 'ip'
)
select
    seen.token,
    seen.span_from,
    count(distinct coalesce(identifier_entity.entity_no, identifier_account.account_no)) as entities
from seen
inner join identifier_account
    on seen.account_id = identifier_account.account_id
left join identifier_entity
    on identifier_account.account_no = identifier_entity.account_no
group by all
