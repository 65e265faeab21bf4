-- One row is one promoter with its strongest sixty ties to invitees as JSON.
with wanted as (select unnest($keys) as key),
ranked as (
    select
        'P' || promoter_id as key, *,
        row_number() over (partition by promoter_id order by match_weight desc, invitee_id) as place
    from referral_same
)
select
    key,
    to_json(list({
        'invitee_id': invitee_id, 'outcome': outcome, 'match_weight': match_weight, 'group_id': group_id,
        'group_status': group_status, 'hops': hops, 'evidence': evidence
    } order by place)) as body
from ranked
semi join wanted using (key)
where place <= 60
group by key
