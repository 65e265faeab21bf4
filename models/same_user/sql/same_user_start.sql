-- One row per account and strong token under its candidate cap: where pairs start.
-- place is set where one hand holds a token with very many accounts: each is then paired with the next by first use.
create or replace table same_user_start as
with strong as (
    select
        identifier_value.token,
        identifier_value.accounts
    from identifier_value
    inner join same_user_kind
        on identifier_value.kind = same_user_kind.kind
    where same_user_kind.strong and not identifier_value.suppressed
        and identifier_value.entities <= same_user_kind.candidate_cap
)
select
    identifier_holder.token,
    identifier_holder.account_id,
    case when strong.accounts > 64 then row_number() over (
        partition by identifier_holder.token
        order by identifier_holder.first_seen, identifier_holder.account_id
    ) end as place
from identifier_holder
inner join strong
    on identifier_holder.token = strong.token
