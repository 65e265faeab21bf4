-- One row per token that two or more accounts hold: every other token is pruned here, exactly. Tokens of different kinds
-- differ, since their keys do. All kinds but ip have one row per account and token, so that counting rows is enough.
create or replace table identifier_repeated as
select token
from identifier_use
where kind <> 'ip'
group by token
having count(*) > 1
union all
select token
from identifier_use
where kind = 'ip'
group by token
having min(account_id) <> max(account_id)
