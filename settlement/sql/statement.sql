-- One row per promoter and month: the issued statements as they were issued, and a provisional one for each later month.
create or replace table statement as
with provisional as (
    select
        p.promoter_id,
        m.month,
        coalesce(e.new_paying_users, 0) as new_paying_users,
        coalesce(e.net_fen, 0) as net_fen,
        coalesce(e.entitlement_fen, 0) as rebate_fen,
        coalesce(e.entitlement_fen, 0) as payable_fen
    from programme_month as m
    inner join promoter_known as p on p.joined_at < m.ends_at
    left join month_now as e on p.promoter_id = e.promoter_id and m.month = e.month
    where not m.issued_before and not m.issues_now
)

select
    promoter_id, month, status, new_paying_users, net_fen, rebate_fen, adjustments_fen, carried_in_fen, released_fen,
    clawback_added_fen, offset_fen, held_fen, carried_out_fen, payable_fen, tax_estimate_fen
from issued_statement
union all
select
    promoter_id, month, 'provisional', new_paying_users, net_fen, rebate_fen, 0, 0, 0, 0, 0, 0, 0, payable_fen, null
from provisional
