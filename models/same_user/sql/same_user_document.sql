-- One row per account of a same pair and valid identity document, numbered.
create or replace table same_user_document as
with same as (
    select
        a,
        b
    from same_user_link
    where outcome in ('same_person', 'same_controller')
),
member as (
    select a as account_no
    from same
    union
    select b as account_no
    from same
),
held as (
    select distinct
        member.account_no,
        identifier_use.token
    from member
    inner join same_user_account
        on member.account_no = same_user_account.account_no
    inner join identifier_use
        on same_user_account.account_id = identifier_use.account_id
    where identifier_use.kind = 'id_doc'
)
select
    account_no,
    dense_rank() over (order by token) as document_no
from held
