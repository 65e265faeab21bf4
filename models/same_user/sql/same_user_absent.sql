-- One row per scored pair and kind of which both have a token and share none: evidence against.
create or replace table same_user_absent as
with pair as (
    select distinct
        a,
        b
    from same_user_weight
),
paper as (
    select distinct
        account_no,
        kind
    from same_user_paper
)
select
    pair.a,
    pair.b,
    one.kind,
    same_user_kind.absent_ubits
from pair
inner join paper as one
    on pair.a = one.account_no
inner join paper as other
    on pair.b = other.account_no and one.kind = other.kind
inner join same_user_kind
    on one.kind = same_user_kind.kind
left join same_user_common as shared
    on pair.a = shared.a and pair.b = shared.b and one.kind = shared.kind
where shared.kind is null
