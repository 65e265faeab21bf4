-- One row per payout that does not agree with us: tax that differs from the rule (5.1), no such statement, more than was
-- payable, or posted and gone from the feed (4.4(3)).
create or replace table settlement_finding as
select
    '5.1' as clause,
    'promoter' as subject_kind,
    promoter_id as subject_id,
    payout_id,
    'tax_differs' as reason,
    paid_on as seen_on,
    cast(to_json({
        'month': month, 'paid_on': paid_on, 'regime': regime, 'gross_fen': gross_fen, 'income_fen': income_fen,
        'months': months, 'deduct_fen': deduct_fen, 'deduct_ppm': deduct_ppm, 'rate_ppm': rate_ppm, 'quick_fen': quick_fen,
        'before_fen': before_fen, 'reported_fen': reported_fen,
        'expected_fen': expected_fen, 'documented': documented
    }) as varchar) as evidence
from payout_tax
where reported_fen <> expected_fen and not planned
union all
select
    '4.4(3)' as clause,
    'promoter' as subject_kind,
    p.promoter_id as subject_id,
    p.payout_id,
    'no_statement' as reason,
    natural_day(p.paid_at, $zone) as seen_on,
    cast(to_json({'month': p.month, 'gross_fen': p.gross_fen}) as varchar) as evidence
from payouts as p
anti join issued_statement as s on p.promoter_id = s.promoter_id and p.month = s.month
where p.status = 'paid'
union all
select
    '4.4(3)' as clause,
    'promoter' as subject_kind,
    promoter_id as subject_id,
    payout_id,
    verdict as reason,
    paid_on as seen_on,
    cast(to_json({'month': month, 'gross_fen': gross_fen}) as varchar) as evidence
from payout_check
where verdict in ('above_payable', 'gone')
