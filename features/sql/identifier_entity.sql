-- One row per account that hard tokens make one entity with others; the entity is named after its first account.
create or replace table identifier_entity as
with numbered as (
    select distinct
        account_id,
        account_no
    from identifier_hard
)
select
    member.account_id,
    first_member.account_id as entity_id
from numbered as member
inner join entity_label
    on member.account_no = entity_label.account_no
inner join numbered as first_member
    on entity_label.entity_no = first_member.account_no
