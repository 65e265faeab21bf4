-- One row per pair that an analyst joined or parted and whose word is in force: parting wins.
create or replace table same_user_override as
select
    least(one.account_no, other.account_no) as a,
    greatest(one.account_no, other.account_no) as b,
    case when bool_or(books_override.kind = 'cannot_link') then 'cannot_link' else 'must_link' end as kind,
    min(books_override.from_at) as from_at
from books_override
inner join same_user_account as one
    on books_override.account_a = one.account_id
inner join same_user_account as other
    on books_override.account_b = other.account_id
where books_override.from_at < $cutoff_at
    and (books_override.to_at is null or books_override.to_at >= $cutoff_at)
    and one.account_no <> other.account_no
group by all
