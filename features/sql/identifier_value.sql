-- One row per kind and token that two or more accounts hold, or that is suppressed: since when, and why. Hard kinds
-- count accounts, since their own entities would make every hard token look like one person's; soft kinds count entities.
-- A hub is suppressed since the day on which one account more than its kind's limit had been seen with it.
create or replace table identifier_value as
with repeated_entity as (
    select
        identifier_holder.token,
        count(distinct identifier_holder.account_id) - count(distinct identifier_entity.entity_id) as surplus
    from identifier_holder
    inner join identifier_entity
        on identifier_holder.account_id = identifier_entity.account_id
    inner join sharing_limit
        on identifier_holder.kind = sharing_limit.kind
    where sharing_limit.resolves_accounts = 0
    group by identifier_holder.token
),
degree as (
    select
        identifier_shared.kind,
        identifier_shared.token,
        identifier_shared.mask,
        identifier_shared.accounts,
        identifier_shared.accounts - coalesce(repeated_entity.surplus, 0) as entities,
        identifier_shared.silenced_on,
        identifier_shared.hub_entities
    from identifier_shared
    left join repeated_entity
        on identifier_shared.token = repeated_entity.token
),
hub_account as (
    select
        degree.token,
        degree.hub_entities,
        identifier_holder.account_id,
        min(identifier_holder.first_seen) as first_seen
    from degree
    inner join identifier_holder
        on degree.token = identifier_holder.token
    where degree.entities > degree.hub_entities
    group by all
),
hub_place as (
    select
        token,
        hub_entities,
        first_seen,
        row_number() over (partition by token order by first_seen) as place
    from hub_account
),
hub_since as (
    select
        token,
        natural_day(max(first_seen), $zone) as since
    from hub_place
    where place <= hub_entities + 1
    group by token
)
select
    degree.kind,
    degree.token,
    degree.mask,
    degree.accounts,
    degree.entities,
    degree.silenced_on is not null or hub_since.token is not null as suppressed,
    coalesce(degree.silenced_on, hub_since.since) as suppressed_since,
    case when degree.silenced_on is not null then 'register' when hub_since.token is not null then 'hub' end as reason
from degree
left join hub_since
    on degree.token = hub_since.token
union all
select
    kind,
    token,
    max(mask) as mask,
    count(distinct account_id) as accounts,
    count(distinct account_id) as entities,
    true as suppressed,
    natural_day(min(observed_at), $zone) as suppressed_since,
    'placeholder' as reason
from identifiers
where not links
group by kind, token
