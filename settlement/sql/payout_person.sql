-- One row per paid payout and planned payment, with the natural person who is paid: the id document of the promoter last
-- seen by then, else the one that was seen first after it, else the account. A planned payment is a requested instalment, as if it were paid on its due date, or on the as_of day
-- where that is over.
create or replace table payout_person as
with document as (
    select
        account_id,
        observed_at,
        max(token) as token
    from identifiers
    where kind = 'id_doc' and links
    group by all
),

first_document as (
    select
        account_id,
        min_by(token, observed_at) as token
    from document
    group by all
),

payment as (
    select
        payout_id,
        promoter_id,
        month,
        paid_at,
        gross_fen,
        tax_fen,
        false as planned
    from payouts
    where status = 'paid'
    union all
    select
        concat_ws('|', '~', promoter_id, month, lpad(cast(instalment_no as varchar), 4, '0')) as payout_id,
        promoter_id,
        month,
        -- The last instant of its due date, or of the as_of day where that is over: behind every payout of the feed by then.
        greatest($cutoff_at, day_start(due_on + 1, $zone)) - interval 1 microsecond as paid_at,
        cast(sum(amount_fen) as bigint) as gross_fen,
        0 as tax_fen,
        true as planned
    from payable
    where status = 'requested'
    group by promoter_id, month, instalment_no, due_on
)

select
    p.payout_id,
    p.promoter_id,
    p.month,
    p.paid_at,
    natural_day(p.paid_at, $zone) as paid_on,
    p.gross_fen,
    p.tax_fen,
    p.planned,
    coalesce(d.token, f.token, 'account ' || p.promoter_id) as person,
    d.token is not null as documented
from payment as p
asof left join document as d on p.promoter_id = d.account_id and p.paid_at >= d.observed_at
left join first_document as f on p.promoter_id = f.account_id
