-- One row per identifier that two accounts concerned by a report share, with what it weighs between them.
create or replace table report_share as
with concerned as (
    select promoter_id, promoter_id as account_id from report_promoter
    union
    select promoter_id, invitee_id from report_subject
    union
    select promoter_id, account_id from report_member
),
linked as (
    select
        a.promoter_id, link.account_a, link.account_b, link.outcome, link.match_weight, unnest(link.evidence) as piece
    from link
    inner join concerned as a on link.account_a = a.account_id
    inner join concerned as b on link.account_b = b.account_id and a.promoter_id = b.promoter_id
)
select
    linked.promoter_id,
    linked.account_a,
    linked.account_b,
    linked.outcome,
    linked.match_weight,
    linked.piece.kind as kind,
    linked.piece.token as token,
    coalesce(identifier_value.mask, '') as mask,
    linked.piece.shared_by as shared_by,
    natural_day(linked.piece.first_seen, $zone) as first_seen_on,
    natural_day(linked.piece.last_seen, $zone) as last_seen_on,
    linked.piece.weight as weight
from linked
left join identifier_value on linked.piece.kind = identifier_value.kind and linked.piece.token = identifier_value.token
order by linked.promoter_id asc, linked.account_a asc, linked.account_b asc, weight desc, kind asc, token asc
