-- One row is one promoter with, as JSON, what speaks for it in figures.
with wanted as (select unnest($keys) as key),
mine as (select 'P' || promoter_id as key, * from relations semi join wanted on 'P' || promoter_id = wanted.key),
invited as (
    select
        m.key, count(*) as invitees, count(*) filter (where m.established) as established,
        count(*) filter (where s.invitee_id is null) as not_the_same
    from mine as m
    left join referral_same as s on m.invitee_id = s.invitee_id
    group by m.key
),
lines as (
    select 'P' || promoter_id as key, order_id, qualifies
    from statement_lines semi join wanted on 'P' || promoter_id = wanted.key
    where line_kind = 'order'
),
back as (select distinct order_id from refunds),
bought as (
    select
        l.key, count(*) as orders, count(*) filter (where l.qualifies) as qualifying,
        count(distinct b.order_id) as refunded
    from lines as l
    left join back as b on l.order_id = b.order_id
    group by l.key
),
joined as (select 'P' || promoter_id as key, min(joined_at) as joined_at from promoters group by promoter_id)
select
    w.key,
    to_json({
        'invitees': coalesce(i.invitees, 0), 'established': coalesce(i.established, 0), 'not_the_same': coalesce(i.not_the_same, 0),
        'orders': coalesce(b.orders, 0), 'qualifying': coalesce(b.qualifying, 0), 'refunded': coalesce(b.refunded, 0),
        'joined_at': strftime(timezone('UTC', j.joined_at), '%Y-%m-%dT%H:%M:%S+00:00')
    }) as body
from wanted as w
left join invited as i on w.key = i.key
left join bought as b on w.key = b.key
left join joined as j on w.key = j.key
where w.key like 'P%'
