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

by_order as (
    select
        finding_id,
        subject_id as order_id
    from open_finding
    where subject_kind = 'order'
    union all
    select
        f.finding_id,
        c.redeemed_order_id as order_id
    from open_finding as f
    inner join coupons as c on f.subject_id = c.coupon_id
    where f.subject_kind = 'coupon'
    union all
    select
        finding_id,
        named_id as order_id
    from named
),

-- A finding on a group may be about its members with one promoter only.
by_invitee as (
    select
        finding_id,
        subject_id as invitee_id,
        null as only_promoter
    from open_finding
    where subject_kind in ('referral', 'invitee')
    union all
    select
        f.finding_id,
        m.account_id as invitee_id,
        f.promoter_id as only_promoter
    from open_finding as f
    inner join group_member as m on f.subject_id = m.group_id
    where f.subject_kind = 'group'
    union all
    select
        finding_id,
        named_id as invitee_id,
        null as only_promoter
    from named
),

line as (
    select
        o.finding_id,
        l.order_id
    from by_order as o
    inner join draft_line as l on o.order_id = l.order_id
    union
    select
        i.finding_id,
        l.order_id
    from by_invitee as i
    inner join draft_line as l on i.invitee_id = l.invitee_id
    where i.only_promoter is null or i.only_promoter = l.promoter_id
)

select distinct
    line.finding_id,
    l.promoter_id,
    l.month,
    l.rebate_fen,
    l.order_id
from line
inner join draft_line as l on line.order_id = l.order_id
