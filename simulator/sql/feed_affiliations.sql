-- one row per account, kind and start of a tie to a sales channel
select
    account_id(account, $salt) as account_id,
    ($affiliations)[1 + kind] as kind,
    instant("from") as valid_from,
    instant("to") as valid_to
from sim_affiliation
order by account_id, kind, valid_from
