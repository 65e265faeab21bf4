-- One row per promoter with a statement of $month, as it is issued.
create or replace table month_statement as
with adjusted as (
    select
        promoter_id,
        cast(sum(amount_fen) as bigint) as adjustments_fen
    from month_adjustment
    group by all
),

last_one as (
    select
        promoter_id,
        max_by(carried_out_fen, month) as carried_out_fen,
        max(run_seq) as run_seq
    from issued_statement
    group by all
),

-- An offset for a payment that failed later is undone since.
undone as (
    select
        a.promoter_id,
        cast(sum(a.amount_fen) as bigint) as undone_fen
    from all_posting as a
    left join last_one as l on a.promoter_id = l.promoter_id
    where
        a.debit_account = 'clawback_receivable' and a.credit_account = 'promoter_payable'
        and a.run_seq > coalesce(l.run_seq, -1)
    group by all
),

carried as (
    select
        coalesce(l.promoter_id, u.promoter_id) as promoter_id,
        coalesce(l.carried_out_fen, 0) + coalesce(u.undone_fen, 0) as carried_fen
    from last_one as l
    full join undone as u on l.promoter_id = u.promoter_id
),

released as (
    select
        promoter_id,
        cast(sum(held_fen) as bigint) as released_fen
    from month_release
    group by all
),

summed as (
    select
        p.promoter_id,
        coalesce(e.new_paying_users, 0) as new_paying_users,
        coalesce(e.net_fen, 0) as net_fen,
        coalesce(e.entitlement_fen, 0) as rebate_fen,
        coalesce(a.adjustments_fen, 0) as adjustments_fen,
        coalesce(c.carried_fen, 0) as carried_in_fen,
        coalesce(r.released_fen, 0) as released_fen,
        coalesce(o.open_fen, 0) as open_fen,
        coalesce(e.entitlement_fen, 0) + coalesce(a.adjustments_fen, 0) + coalesce(c.carried_fen, 0)
        + coalesce(r.released_fen, 0) as sum_fen,
        least(hm.decision_id, ha.decision_id) as covered_by
    from promoter_known as p
    inner join programme_month as m on m.month = $month and p.joined_at < m.ends_at
    left join month_now as e on p.promoter_id = e.promoter_id and e.month = $month
    left join adjusted as a on p.promoter_id = a.promoter_id
    left join carried as c on p.promoter_id = c.promoter_id
    left join released as r on p.promoter_id = r.promoter_id
    left join balance_owed as o on p.promoter_id = o.promoter_id
    left join hold_cover as hm on p.promoter_id = hm.promoter_id and hm.month = $month
    left join hold_cover as ha on p.promoter_id = ha.promoter_id and ha.month is null
),

offset_taken as (
    select
        *,
        greatest(-sum_fen, 0) as clawback_added_fen,
        least(greatest(sum_fen, 0), open_fen) as offset_fen
    from summed
),

left_over as (
    select
        o.*,
        greatest(o.sum_fen, 0) - o.offset_fen as left_fen,
        d.minimum_payout_fen
    from offset_taken as o
    inner join day_setting as d on d.day = $as_of
)

select
    promoter_id,
    $month as month,
    case when covered_by is not null and sum_fen >= 0 then 'held' else 'issued' end as status,
    new_paying_users,
    net_fen,
    rebate_fen,
    adjustments_fen,
    carried_in_fen,
    released_fen,
    clawback_added_fen,
    offset_fen,
    case when covered_by is not null then left_fen else 0 end as held_fen,
    case when covered_by is null and left_fen < minimum_payout_fen then left_fen else 0 end as carried_out_fen,
    case when covered_by is null and left_fen >= minimum_payout_fen then left_fen else 0 end as payable_fen,
    cast(null as bigint) as tax_estimate_fen,
    covered_by
from left_over
