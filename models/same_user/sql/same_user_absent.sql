-- One row per scored pair and thing that speaks against it: a kind of which both have a token and share none; or the
-- looks of a household, which are the same door beside the same device or line and nothing hard.
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
left join same_user_shared as shared
    on pair.a = shared.a and pair.b = shared.b and one.kind = shared.kind
where same_user_kind.absent_ubits < 0 and shared.kind is null
union all
select
    a,
    b,
    'household' as kind,
    $household_ubits as absent_ubits
from same_user_counted
group by a, b
having bool_or(level = 'door') and bool_or(joint and level <> 'door') and not bool_or(strong and not joint)
