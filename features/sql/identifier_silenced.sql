-- One row per kind and token that the analysts' register of shared infrastructure silences on the as-of day.
create or replace table identifier_silenced as
select
    kind,
    token,
    min(from_on) as from_on
from books_shared
where from_on <= $as_of and (to_on is null or to_on >= $as_of)
group by all
