-- One row per kind and token that two or more accounts hold, or that is suppressed: since when, and why.
-- A hub is suppressed since the day on which one account more than its kind's limit had been seen with it.
create or replace table identifier_value as
with hub as (
    select
        identifier_degree.kind,
        identifier_degree.token,
        sharing_limit.hub_entities
    from identifier_degree
    inner join sharing_limit
        on identifier_degree.kind = sharing_limit.kind
    where identifier_degree.entities > sharing_limit.hub_entities
),
hub_holder as (
    select
        hub.kind,
        hub.token,
        hub.hub_entities,
        identifier_held.first_seen,
        row_number() over (partition by hub.kind, hub.token order by identifier_held.first_seen) as place
    from hub
    inner join identifier_held
        on hub.kind = identifier_held.kind and hub.token = identifier_held.token
),
hub_since as (
    select
        kind,
        token,
        natural_day(max(first_seen), $zone) as since
    from hub_holder
    where place <= hub_entities + 1
    group by all
),
placeholder as (
    select
        kind,
        token,
        max(mask) as mask,
        count(distinct account_id) as accounts,
        natural_day(min(observed_at), $zone) as since
    from identifiers
    where not links
    group by kind, token
)
select
    identifier_degree.kind,
    identifier_degree.token,
    identifier_shared.mask,
    identifier_degree.accounts,
    identifier_degree.entities,
    identifier_silenced.token is not null or hub_since.token is not null as suppressed,
    coalesce(identifier_silenced.from_on, hub_since.since) as suppressed_since,
    case
        when identifier_silenced.token is not null then 'register'
        when hub_since.token is not null then 'hub'
    end as reason
from identifier_degree
inner join identifier_shared
    on identifier_degree.kind = identifier_shared.kind and identifier_degree.token = identifier_shared.token
left join identifier_silenced
    on identifier_degree.kind = identifier_silenced.kind and identifier_degree.token = identifier_silenced.token
left join hub_since
    on identifier_degree.kind = hub_since.kind and identifier_degree.token = hub_since.token
union all
select
    placeholder.kind,
    placeholder.token,
    placeholder.mask,
    placeholder.accounts,
    placeholder.accounts as entities,
    true as suppressed,
    placeholder.since as suppressed_since,
    'placeholder' as reason
from placeholder
