-- One row per asked account and valid identity document, in numbers.
create or replace table same_user_document as
select
    same_user_paper.account_no,
    dense_rank() over (order by same_user_paper.token) as document_no
from same_user_paper
semi join same_user_crowd
    on same_user_paper.account_no = same_user_crowd.account_no
where same_user_paper.kind = 'id_doc'
