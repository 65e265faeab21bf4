-- One row per finding whose facts the books do not know as they are now.
create or replace table new_finding_evidence as
with known as (
    select
        finding_id,
        arg_max(sha256, run_seq) as sha256
    from books_finding_evidence
    group by all
)

select
    f.finding_id,
    f.sha256,
    f.facts
from finding_fact as f
left join known as k on f.finding_id = k.finding_id
where k.sha256 is distinct from f.sha256
