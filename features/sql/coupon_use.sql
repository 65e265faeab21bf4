-- One row per coupon redeemed by an order of another account than it was issued to (3.4(3)).
create table coupon_use as
select
    coupons.coupon_id,
    coupons.issued_to,
    orders.account_id as redeemed_by,
    orders.order_id,
    natural_day(orders.paid_at, $zone) as redeemed_on,
    coupons.face_fen
from coupons
inner join orders on coupons.redeemed_order_id = orders.order_id
where orders.account_id <> coupons.issued_to
