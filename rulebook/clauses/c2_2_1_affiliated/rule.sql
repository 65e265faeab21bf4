-- One row per referral: was the invitee tied to sales, a partner or an authorised centre when it registered (2.2(1))?
-- An affiliation holds from valid_from up to but not including valid_to; one that ends before it begins tells nothing.
with tie as (
    select
        r.invitee_id,
        r.promoter_id,
        f.kind,
        f.valid_from,
        case
            when f.account_id is null then 'not_met'
            when f.valid_to < f.valid_from then 'unknown'
            when f.valid_from <= a.registered_at and (f.valid_to is null or a.registered_at < f.valid_to) then 'met'
            else 'not_met'
        end as status
    from referrals as r
    inner join accounts as a on r.invitee_id = a.account_id
    left join affiliations as f on r.invitee_id = f.account_id
)

select
    'referral' as subject_kind,
    invitee_id as subject_id,
    promoter_id,
    status,
    case status
        when 'met' then concat('tied to ', kind, ' when registering')
        when 'unknown' then concat('a tie to ', kind, ' ends before it begins')
        else 'no tie when registering'
    end as reason,
    json_object('kind', kind, 'valid_from', strftime(natural_day(valid_from, $zone), '%Y-%m-%d')) as evidence
from tie
qualify row_number() over (
    partition by invitee_id
    order by case status when 'met' then 0 when 'unknown' then 1 else 2 end, valid_from, kind
) = 1
