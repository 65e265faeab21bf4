-- One row per token seen more than once: every other token is pruned here, exactly. Keys differ by kind, so tokens do.
create or replace table identifier_repeated as
select token
from identifier_use
group by token
having count(*) > 1
