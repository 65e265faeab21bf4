-- One row per paid payout, with the natural person who was paid: the id document last seen by then, else the account.
create or replace table payout_person as
with document as (
    select
        account_id,
        observed_at,
        max(token) as token
    from identifiers
    where kind = 'id_doc' and links
    group by all
)

select
    p.payout_id,
    p.promoter_id,
    p.month,
    p.paid_at,
    natural_day(p.paid_at, $zone) as paid_on,
    p.gross_fen,
    p.tax_fen,
    coalesce(d.token, 'account ' || p.promoter_id) as person,
    d.token is not null as documented
from payouts as p
asof left join document as d on p.promoter_id = d.account_id and p.paid_at >= d.observed_at
where p.status = 'paid'
