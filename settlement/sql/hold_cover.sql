-- One row per hold that is on and what it covers: a promoter's every statement (month null) or one (3.5(2), 4.4(1)).
create or replace table hold_cover as
select
    promoter_id,
    month,
    min(decision_id) as decision_id
from decision_known
where
    on_now
    and promoter_id is not null
    and (
        measure = 'hold_payout'
        or (
            measure = 'suspend_functions'
            and (functions is null or regexp_matches(lower(functions), '(^|[^a-z_])payout([^a-z_]|$)'))
        )
    )
group by all
