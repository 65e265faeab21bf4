-- One row per account of a pair and token, alone or shared, of a kind whose absence speaks (papers, numbers).
create or replace table same_user_paper as
with speaking as (
    select kind
    from same_user_kind
    where absent_ubits < 0
)
select
    same_user_account.account_no,
    identifier_use.kind,
    identifier_use.token
from identifier_use
inner join same_user_account
    on identifier_use.account_id = same_user_account.account_id
where identifier_use.kind in (from speaking)
