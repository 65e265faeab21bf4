-- One row per pair and kind that they share: the best token, not the sum, at its best level, in millionths of a bit.
-- Best is the most weight, then the smallest token. The three numbers travel in one whole number (27 bits of weight, 28
-- of the token, 8 of the level), since comparing rows of values costs three times as much. A kind is rare when any of
-- its shared tokens is: were it the best one's affair, strangers on that token could make another, rare one the best.
create or replace table same_user_weight as
with best as (
    select
        a,
        b,
        referral,
        kind,
        bool_or(rare) as rare,
        max((weight_ubits * 268435456 + (268435455 - token_no)) * 256 + level_no) as packed
    from same_user_option
    where weight_ubits > 0
    group by a, b, referral, kind
)
select
    a,
    b,
    referral,
    kind,
    rare,
    packed // 68719476736 as weight_ubits,
    268435455 - packed // 256 % 268435456 as token_no,
    packed % 256 as level_no
from best
