-- One row per pair of accounts, a < b, as published.
create or replace table links as
select
    account_a,
    account_b,
    match_weight,
    match_probability,
    outcome,
    kinds,
    evidence
from link
