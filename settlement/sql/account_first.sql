-- One row per account (as known now, and when asked as known at the last issue): its first payment and first purchase.
create or replace table account_first as
select
    as_then,
    account_id,
    min(paid_at) as any_paid_at,
    min({'paid_at': paid_at, 'order_id': order_id}) filter (where is_purchase) as first_purchase
from purchase_basis
where cash_fen > 0
group by all
