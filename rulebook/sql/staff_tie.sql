-- One row per promoter, member of staff and kind of identifier that the two have in common, within the staff interval.
-- By id document: any sighting of the promoter's own by the cut-off. By phone: a sighting of the number by the promoter.
-- By group: an account of the promoter's same-user group holds the document or the phone. Placeholders tie nobody.
create or replace table staff_tie as
with paper as (
    select staff_id, kind, valid_from, valid_to, 'id_doc' as identifier, id_doc_token as token from staff
    where id_doc_token is not null
    union all
    select staff_id, kind, valid_from, valid_to, 'phone' as identifier, phone_token as token from staff
    where phone_token is not null
),

sighting as (
    select distinct
        account_id,
        kind,
        token
    from identifiers
    where kind in ('id_doc', 'phone') and links
),

matched as (
    select
        s.account_id,
        p.staff_id,
        p.kind as staff_kind,
        p.valid_from,
        p.valid_to,
        p.identifier,
        p.token
    from paper as p
    inner join sighting as s on p.identifier = s.kind and p.token = s.token
),

promoter as (
    select distinct promoter_id from promoters
),

tie as (
    select promoter.promoter_id, matched.*, matched.identifier as tied_by, cast(null as varchar) as group_id
    from promoter
    inner join matched on promoter.promoter_id = matched.account_id
    union all
    select promoter.promoter_id, matched.*, 'group' as tied_by, own.group_id
    from promoter
    inner join group_member as own on promoter.promoter_id = own.account_id and own.status = 'linked'
    inner join group_member as other on own.group_id = other.group_id and other.account_id <> promoter.promoter_id
    inner join matched on other.account_id = matched.account_id
)

select
    promoter_id,
    staff_id,
    staff_kind,
    valid_from,
    valid_to,
    tied_by,
    min(token) as token,
    min(group_id) as group_id
from tie
where valid_from < $cutoff_at
group by all
