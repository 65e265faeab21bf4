-- One row per promoter and maximal interval of good standing by the feeds (1.1, 1.2(1) to 1.2(3), 7.1).
-- A membership is cut at every instant at which a bar begins or ends; the pieces under no bar are joined up again.
create or replace table standing as
with member as (
    select promoter_id, joined_at, coalesce(left_at, $cutoff_at) as end_at
    from membership
    where admissible and joined_at < coalesce(left_at, $cutoff_at)
),

cut as (
    select promoter_id, joined_at, end_at, joined_at as from_at from member
    union
    select m.promoter_id, m.joined_at, m.end_at, unnest([b.from_at, b.to_at]) as from_at
    from member as m
    inner join standing_bar as b using (promoter_id)
),

piece as (
    select
        promoter_id,
        from_at,
        lead(from_at, 1, end_at) over (partition by promoter_id, joined_at order by from_at) as to_at
    from cut
    where from_at >= joined_at and from_at < end_at
),

good as (
    select p.promoter_id, p.from_at, p.to_at
    from piece as p
    anti join standing_bar as b
        on p.promoter_id = b.promoter_id and b.from_at <= p.from_at and (b.to_at is null or p.from_at < b.to_at)
),

island as (
    select
        *,
        from_at > max(to_at) over (
            partition by promoter_id order by from_at, to_at rows between unbounded preceding and 1 preceding
        ) as begins
    from good
),

numbered as (
    select
        *,
        sum(case when begins then 1 else 0 end) over (partition by promoter_id order by from_at, to_at rows unbounded preceding) as island_no
    from island
),

whole as (
    select promoter_id, island_no, min(from_at) as from_at, max(to_at) as to_at
    from numbered
    group by all
)

select
    w.promoter_id,
    w.from_at,
    case when w.to_at < $cutoff_at then w.to_at end as to_at,
    case when w.to_at < $cutoff_at then coalesce(min(b.clause), '1.2(1)') end as ended_by
from whole as w
left join standing_bar as b
    on w.promoter_id = b.promoter_id and b.from_at <= w.to_at and (b.to_at is null or w.to_at < b.to_at)
group by w.promoter_id, w.from_at, w.to_at
