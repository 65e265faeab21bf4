-- One row per account of a scored pair and token of a kind whose absence speaks (papers, numbers).
create or replace table same_user_paper as
with scored as (
    select a as account_no
    from same_user_weight
    union
    select b as account_no
    from same_user_weight
),
speaking as (
    select kind
    from same_user_kind
    where absent_ubits < 0 or identifies
)
select distinct
    scored.account_no,
    identifier_use.kind,
    identifier_use.token
from identifier_use
inner join same_user_account
    on identifier_use.account_id = same_user_account.account_id
inner join scored
    on same_user_account.account_no = scored.account_no
where identifier_use.kind in (from speaking)
