-- One row per account of a scored pair and kind whose absence speaks (papers, numbers).
create or replace table same_user_paper as
with scored as (
    select a as account_no
    from same_user_weight
    union
    select b as account_no
    from same_user_weight
)
select distinct
    scored.account_no,
    identifier_use.kind
from scored
inner join same_user_account
    on scored.account_no = same_user_account.account_no
inner join identifier_use
    on same_user_account.account_id = identifier_use.account_id
inner join same_user_kind
    on identifier_use.kind = same_user_kind.kind
where same_user_kind.absent_ubits < 0
