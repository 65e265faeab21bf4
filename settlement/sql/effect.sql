-- One row per decision that lowers entitlement and promoter whose entitlement it touches.
create or replace table effect as
select
    decision_id,
    promoter_id,
    on_now,
    on_then
from relation_void
union
select
    decision_id,
    promoter_id,
    on_now,
    on_then
from order_void
union
select
    decision_id,
    promoter_id,
    on_now,
    on_then
from decision_known
where measure in ('cancel_rebate', 'cancel_programme') and promoter_id is not null
