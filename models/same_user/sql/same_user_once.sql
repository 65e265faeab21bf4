-- One row per account of a pair and token, over all its spans.
create or replace table same_user_once as
select
    account_no,
    kind,
    token,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen,
    max(class) as class
from same_user_use
where kind = 'ip'
group by all
union all
select
    account_no,
    kind,
    token,
    first_seen,
    last_seen,
    class
from same_user_use
where kind <> 'ip'
