-- One row per finding and order line that it is about: those of its subject, or those that its evidence names.
-- A finding on a promoter's window is about the months of the window, not about lines.
create or replace table finding_line as
with named as (
    select distinct
        finding_id,
        unnest(list_transform(json_extract(evidence, '$[*].ids[*]'), lambda j: j ->> '$')) as named_id
    from open_finding
    where subject_kind in ('promoter', 'ring', 'group', 'coupon') and window_start is null
),

line as (
    select
        f.finding_id,
        l.promoter_id,
        l.month,
        l.rebate_fen,
        l.order_id
    from open_finding as f
    inner join draft_line as l on f.subject_id = l.invitee_id
    where f.subject_kind in ('referral', 'invitee')
    union all
    select
        f.finding_id,
        l.promoter_id,
        l.month,
        l.rebate_fen,
        l.order_id
    from open_finding as f
    inner join draft_line as l on f.subject_id = l.order_id
    where f.subject_kind = 'order'
    union all
    select
        f.finding_id,
        l.promoter_id,
        l.month,
        l.rebate_fen,
        l.order_id
    from open_finding as f
    inner join group_member as m on f.subject_id = m.group_id
    inner join draft_line as l on m.account_id = l.invitee_id
    where f.subject_kind = 'group' and (f.promoter_id is null or f.promoter_id = l.promoter_id)
    union all
    select
        f.finding_id,
        l.promoter_id,
        l.month,
        l.rebate_fen,
        l.order_id
    from open_finding as f
    inner join coupons as c on f.subject_id = c.coupon_id
    inner join draft_line as l on c.redeemed_order_id = l.order_id
    where f.subject_kind = 'coupon'
    union all
    select
        n.finding_id,
        l.promoter_id,
        l.month,
        l.rebate_fen,
        l.order_id
    from named as n
    inner join draft_line as l on n.named_id = l.order_id
    union all
    select
        n.finding_id,
        l.promoter_id,
        l.month,
        l.rebate_fen,
        l.order_id
    from named as n
    inner join draft_line as l on n.named_id = l.invitee_id
)

select distinct
    finding_id,
    promoter_id,
    month,
    rebate_fen,
    order_id
from line
