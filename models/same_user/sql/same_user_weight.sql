-- One row per pair and kind that they share: the best token, not the sum, at its best level, in millionths of a bit.
-- Best is the most weight, then a rare token, then the smallest token. The four numbers travel in one whole number (26
-- bits of weight, 1, 28 of the token, 8 of the level), since comparing rows of values costs three times as much.
create or replace table same_user_weight as
with best as (
    select
        a,
        b,
        referral,
        kind,
        max(((weight_ubits * 2 + cast(rare as bigint)) * 268435456 + (268435455 - token_no)) * 256 + level_no) as packed
    from same_user_option
    where weight_ubits > 0
    group by a, b, referral, kind
)
select
    a,
    b,
    referral,
    kind,
    packed // 137438953472 as weight_ubits,
    packed // 68719476736 % 2 = 1 as rare,
    268435455 - packed // 256 % 268435456 as token_no,
    packed % 256 as level_no
from best
