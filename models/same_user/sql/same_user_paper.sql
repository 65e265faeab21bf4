-- One row per account of a pair and kind whose absence speaks (papers, numbers), alone or shared.
create or replace table same_user_paper as
with speaking as (
    select kind
    from same_user_kind
    where absent_ubits < 0
)
select distinct
    same_user_account.account_no,
    identifier_use.kind
from identifier_use
inner join same_user_account
    on identifier_use.account_id = same_user_account.account_id
where identifier_use.kind in (from speaking)
