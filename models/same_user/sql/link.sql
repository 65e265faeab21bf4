-- One row per pair of accounts, a < b, that is the same, possibly the same or related, with its evidence.
-- match_weight = prior_bits + the evidence's weights + against_bits, unless an analyst joined the pair.
create or replace table link as
with evidence as (
    select
        same_user_counted.a,
        same_user_counted.b,
        list_sort(list(same_user_counted.kind)) as kinds,
        list({
            'kind': same_user_counted.kind,
            'token': same_user_token.token,
            'shared_by': same_user_counted.entities,
            'first_seen': same_user_counted.first_seen,
            'last_seen': same_user_counted.last_seen,
            'weight': same_user_counted.counted_ubits / 1e6
        } order by same_user_counted.counted_ubits desc, same_user_counted.kind) as evidence
    from same_user_counted
    semi join same_user_link
        on same_user_counted.a = same_user_link.a and same_user_counted.b = same_user_link.b
    inner join same_user_token
        on same_user_counted.token_no = same_user_token.token_no
    group by all
)
select
    one.account_id as account_a,
    other.account_id as account_b,
    same_user_link.match_ubits / 1e6 as match_weight,
    same_user_probability.probability as match_probability,
    same_user_link.outcome,
    coalesce(evidence.kinds, []) as kinds,
    coalesce(evidence.evidence, []) as evidence,
    same_user_link.referral,
    same_user_link.prior_ubits / 1e6 as prior_bits,
    same_user_link.against_ubits / 1e6 as against_bits,
    same_user_link.papers_differ,
    same_user_link.override_kind as override
from same_user_link
inner join same_user_account as one
    on same_user_link.a = one.account_no
inner join same_user_account as other
    on same_user_link.b = other.account_no
inner join same_user_probability
    on same_user_link.a = same_user_probability.a and same_user_link.b = same_user_probability.b
left join evidence
    on same_user_link.a = evidence.a and same_user_link.b = evidence.b
