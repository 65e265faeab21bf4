-- One row per referral: are promoter and invitee the same user (2.2(3))? Linkage judges; an account that refers itself
-- needs no judge. A pair that says same while the group was parted goes to people.
select
    'referral' as subject_kind,
    r.invitee_id as subject_id,
    r.promoter_id,
    case
        when r.invitee_id = r.promoter_id then 'met'
        when s.invitee_id is null then 'not_met'
        when s.outcome <> 'possibly' and s.group_id is null then 'unknown'
        else 'met'
    end as status,
    case
        when r.invitee_id = r.promoter_id then 'an account that refers itself'
        when s.invitee_id is null then 'not linked'
        when s.outcome <> 'possibly' and s.group_id is null then 'the pair says same, their group was parted'
        when s.outcome = 'possibly' then 'possibly the same user'
        else concat('the same user: ', s.outcome, case when s.hops > 1 then concat(', over ', s.hops, ' steps') else '' end)
    end as reason,
    case when r.invitee_id = r.promoter_id then 'same_person' else s.outcome end as outcome,
    case when r.invitee_id = r.promoter_id then 'linked' else s.group_status end as group_status,
    case when r.invitee_id = r.promoter_id then 1.0 else coalesce(s.match_probability, 0.0) end as confidence,
    case
        when r.invitee_id = r.promoter_id then json_object('account_id', r.invitee_id)
        when s.invitee_id is null then json_object()
        else json_object(
            'group_id', s.group_id, 'match_weight', s.match_weight, 'hops', s.hops, 'path', cast(s.evidence as json)
        )
    end as evidence
from referrals as r
left join referral_same as s on r.invitee_id = s.invitee_id
