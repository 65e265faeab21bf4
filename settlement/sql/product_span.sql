-- One row per product and interval of its terms, cut where a later row begins.
create or replace table product_span as
select
    product_code,
    valid_from,
    least(
        coalesce(valid_to, timestamptz '9999-12-31 00:00:00+00'),
        coalesce(
            lead(valid_from) over (partition by product_code order by valid_from),
            timestamptz '9999-12-31 00:00:00+00'
        )
    ) as valid_to,
    promotable,
    recharge_card
from products
