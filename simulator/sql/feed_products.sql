-- one row per product and start of its terms; one product stops being promotable midway
select
    code as product_code,
    instant(case when later then $midway else $origin end) as valid_from,
    instant(case when code = 'support' and not later then $midway else -1 end) as valid_to,
    category,
    promotable and not later as promotable,
    recharge_card
from sim_product
cross join (values (false), (true)) as terms (later)
where not later or code = 'support'
order by product_code, valid_from
