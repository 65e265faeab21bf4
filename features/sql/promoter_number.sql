-- One row per promoter that anybody was referred by, with a number from 1 for grouping; 0 is '': nobody referred the account.
create table promoter_number as
with named as (
    select distinct promoter_id
    from referrals
)

select
    promoter_id,
    cast(row_number() over (order by promoter_id) as integer) as promoter_no
from named
union all
select
    '' as promoter_id,
    0 as promoter_no
