-- One row per referral met and step of its path: its own link, or the pairs through others.
create or replace table same_user_step as
with step as (
    select
        promoter_no,
        invitee_no,
        step_no,
        a,
        b
    from same_user_route
    union all
    select
        promoter_no,
        invitee_no,
        1 as step_no,
        least(promoter_no, invitee_no) as a,
        greatest(promoter_no, invitee_no) as b
    from same_user_met
    where not by_path
),
spoken as (
    select
        step.invitee_no,
        step.step_no,
        same_user_counted.kind,
        same_user_token.token,
        same_user_token.mask,
        same_user_counted.entities as shared_by,
        same_user_counted.first_seen,
        same_user_counted.last_seen,
        same_user_counted.counted_ubits as ubits
    from step
    inner join same_user_counted
        on step.a = same_user_counted.a and step.b = same_user_counted.b
    inner join same_user_token
        on same_user_counted.token_no = same_user_token.token_no
    union all
    select
        step.invitee_no,
        step.step_no,
        same_user_against.kind,
        null as token,
        null as mask,
        null as shared_by,
        null as first_seen,
        null as last_seen,
        same_user_against.absent_ubits as ubits
    from step
    inner join same_user_against
        on step.a = same_user_against.a and step.b = same_user_against.b
),
evidence as (
    select
        spoken.invitee_no,
        to_json(list({
            'step': spoken.step_no, 'kind': spoken.kind, 'token': spoken.token, 'mask': spoken.mask,
            'shared_by': spoken.shared_by, 'first_seen': spoken.first_seen, 'last_seen': spoken.last_seen,
            'weight': spoken.ubits / 1e6
        } order by spoken.step_no, spoken.ubits desc, spoken.kind)) as evidence
    from spoken
    group by all
)
select
    step.promoter_no,
    step.invitee_no,
    max(step.step_no) as hops,
    min(same_user_link.match_ubits) as match_ubits,
    min(same_user_probability.probability) as probability,
    case
        when bool_or(same_user_link.outcome = 'possibly') then 'possibly'
        when bool_or(same_user_link.outcome = 'same_controller') then 'same_controller'
        else 'same_person'
    end as outcome,
    any_value(evidence.evidence) as evidence
from step
inner join same_user_link
    on step.a = same_user_link.a and step.b = same_user_link.b
inner join same_user_probability
    on step.a = same_user_probability.a and step.b = same_user_probability.b
left join evidence
    on step.invitee_no = evidence.invitee_no
group by all
