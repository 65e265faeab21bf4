-- One row per account whose coupons were redeemed: how many, and how many by other accounts (3.4(3)).
create table coupon_holder as
select
    coupons.issued_to as account_id,
    count(*) as redeemed,
    count(*) filter (where orders.account_id <> coupons.issued_to) as by_others,
    min(natural_day(orders.paid_at, $zone)) filter (where orders.account_id <> coupons.issued_to) as first_on,
    max(natural_day(orders.paid_at, $zone)) filter (where orders.account_id <> coupons.issued_to) as last_on
from coupons
inner join orders on coupons.redeemed_order_id = orders.order_id
group by all
