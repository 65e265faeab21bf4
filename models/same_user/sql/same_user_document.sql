-- One row per asked account and valid identity document, in numbers.
create or replace table same_user_document as
with asked as (
    select
        same_user_account.account_id,
        same_user_account.account_no
    from same_user_account
    semi join same_user_crowd
        on same_user_account.account_no = same_user_crowd.account_no
)
select
    asked.account_no,
    dense_rank() over (order by identifier_use.token) as document_no
from identifier_use
inner join asked
    on identifier_use.account_id = asked.account_id
where identifier_use.kind = 'id_doc'
