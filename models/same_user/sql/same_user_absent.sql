-- One row per scored pair and thing that speaks against it: a kind of which both have a token and share none; or the
-- looks of a household, which are the same door beside the same device or line and nothing hard.
create or replace table same_user_absent as
with pair as (
    select distinct
        a,
        b
    from same_user_weight
)
select
    pair.a,
    pair.b,
    one.kind,
    same_user_kind.absent_ubits
from pair
inner join same_user_paper as one
    on pair.a = one.account_no
inner join same_user_paper as other
    on pair.b = other.account_no and one.kind = other.kind
inner join same_user_kind
    on one.kind = same_user_kind.kind
anti join same_user_shared as shared
    on pair.a = shared.a and pair.b = shared.b and one.kind = shared.kind
union all
select
    a,
    b,
    'household' as kind,
    $household_ubits as absent_ubits
from same_user_counted
group by a, b
having bool_or(level = 'door') and bool_or(joint and level <> 'door') and not bool_or(strong and not joint)
