-- One row per natural day of the record, up to the end of the month of the as_of day, with the unscoped parameters on it.
create or replace table day_setting as
with bound as (
    select
        least(
            (select min(effective_from) from programme_document where level = 'base'),
            coalesce((select natural_day(min(registered_at), $zone) from accounts), $as_of),
            coalesce((select natural_day(min(paid_at), $zone) from orders), $as_of)
        ) as first_day
),

day as (
    select cast(unnest(generate_series(first_day, last_day($as_of), interval 1 day)) as date) as day
    from bound
),

found as (
    select
        d.day,
        max(p.document_id) filter (where p.path = 'rebate.bounty_per_new_paying_user') as bounty_document,
        max(p.document_id) filter (where p.path = 'rebate.invitee_month_cap') as invitee_cap_document,
        max(p.document_id) filter (where p.path = 'rebate.promoter_month_cap') as promoter_cap_document,
        max(p.value) filter (where p.path = 'instalments') as instalments,
        map_from_entries(list({'key': p.path, 'value': json_extract_string(p.value, '$')} order by p.path)
            filter (where p.path is not null)) as told
    from day as d
    left join parameter_force as p on d.day between p.from_day and p.to_day
    group by all
)

select
    day,
    strftime(day, '%Y-%m') as month,
    cast(coalesce(told['window_days'], '30') as bigint) as window_days,
    cast(coalesce(told['start_day_counts'], 'false') as boolean) as start_day_counts,
    coalesce(told['readings.recharge_card_user'], 'only') as recharge_card_user,
    coalesce(told['readings.recharge_card_amount'], 'exclude') as recharge_card_amount,
    coalesce(told['readings.amount_scope'], 'all_in_window') as amount_scope,
    cast(coalesce(told['readings.first_purchase_counts_excluded_products'], 'true') as boolean) as counts_excluded,
    cast(coalesce(told['statement_day'], '20') as bigint) as statement_day,
    cast(cast(coalesce(told['minimum_payout'], '0') as decimal(18, 2)) * 100 as bigint) as minimum_payout_fen,
    coalesce(told['payer'], first_value(told['payer'] ignore nulls) over whole, '') as payer,
    coalesce(instalments, '[{"share":"1.00","after_months":0}]') as instalments,
    cast(cast(told['rebate.bounty_per_new_paying_user'] as decimal(18, 2)) * 100 as bigint) as bounty_fen,
    bounty_document,
    cast(cast(told['rebate.invitee_month_cap'] as decimal(18, 2)) * 100 as bigint) as invitee_cap_fen,
    invitee_cap_document,
    cast(cast(told['rebate.promoter_month_cap'] as decimal(18, 2)) * 100 as bigint) as promoter_cap_fen,
    promoter_cap_document
from found
window whole as (order by day rows between unbounded preceding and unbounded following)
