-- One row per finding of this run with the facts that a proposal on it rests on, in one canonical text and its hash.
-- `against`: what must not go away (that it is met, how sure the pair and the group are, the orders, accounts, reports and
-- kinds of identifier that it names, the months of its window). `touched`: whom a measure on a group or ring would reach,
-- which must not grow. `amount_band`: doublings of 100 yuan at stake. Scores, q-values, counts and single reasons that
-- cross a threshold are no part of it: they move every day while the case stays what it was.
create or replace table finding_fact as
with told as (
    select
        *,
        case when json_valid(evidence) then evidence else '{}' end as shown
    from open_finding
),

named as (
    select
        finding_id,
        unnest(list_concat(
            list_transform(json_extract(shown, '$[*].ids[*]'), lambda j: j ->> '$'),
            list_transform(json_extract(shown, '$.report_ids[*]'), lambda j: j ->> '$'),
            list_transform(
                list_filter(json_extract(shown, '$.path[*]'), lambda p: cast(p ->> '$.weight' as double) > 0),
                lambda p: 'by ' || (p ->> '$.kind')
            ),
            [shown ->> '$.account_id', shown ->> '$.order_id', shown ->> '$.staff_id'],
            case when status = 'met' then ['met'] end,
            case when flagged then ['flagged'] end,
            case when outcome is not null then ['possibly'] end,
            case when outcome in ('same_controller', 'same_person') then ['same_controller'] end,
            case when outcome = 'same_person' then ['same_person'] end,
            case when group_status is not null then ['needs_review'] end,
            case when group_status = 'linked' then ['linked'] end
        )) as item
    from told
    union all
    select
        m.finding_id,
        'in ' || m.month as item
    from finding_month as m
    inner join told as t on m.finding_id = t.finding_id
    where t.window_start is not null
),

reached as (
    select
        f.finding_id,
        m.account_id as item
    from open_finding as f
    inner join group_member as m on f.subject_id = m.group_id
    where f.subject_kind = 'group'
    union all
    select
        f.finding_id,
        l.promoter_id as item
    from open_finding as f
    inner join finding_line as l on f.finding_id = l.finding_id
    where f.subject_kind in ('group', 'ring')
),

against as (
    select
        finding_id,
        list(distinct item order by item) as items
    from named
    where item is not null
    group by all
),

touched as (
    select
        finding_id,
        list(distinct item order by item) as items
    from reached
    group by all
),

fact as (
    select
        f.finding_id,
        cast(to_json(struct_pack(
            against := coalesce(a.items, []),
            amount_band := case
                when f.amount_at_stake_fen < 10000 then 0 else length(bin(f.amount_at_stake_fen // 10000))
            end,
            clause := f.clause,
            promoter_id := f.promoter_id,
            subject_id := f.subject_id,
            subject_kind := f.subject_kind,
            touched := coalesce(t.items, [])
        )) as varchar) as facts
    from finding as f
    left join against as a on f.finding_id = a.finding_id
    left join touched as t on f.finding_id = t.finding_id
)

select
    finding_id,
    sha256(facts) as sha256,
    facts
from fact
