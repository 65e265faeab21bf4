-- One row per promoter, clause and span of instants during which that clause bars the promoter by the feeds.
create or replace table standing_bar as
select
    account_id as promoter_id,
    case when field = 'account_type' then '1.1' else '1.2(2)' end as clause,
    from_at,
    to_at
from account_span
where value <> 'individual'
union all
select
    promoter_id,
    case when staff_kind in ('partner_staff', 'centre_staff') then '7.1' else '1.2(3)' end as clause,
    valid_from as from_at,
    valid_to as to_at
from staff_tie
where tied_by = 'id_doc'
