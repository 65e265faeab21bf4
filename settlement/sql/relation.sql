-- One row per referral, by the groups of today: when it began and ends, and the clause that prevented or ended it.
create or replace table relation as
select
    invitee_id,
    promoter_id,
    established,
    case when established then starts_at end as starts_at,
    case when established then ends_at end as ends_at,
    case
        when not established then refused
        when ends_at > $cutoff_at then null
        else coalesce(cut_clause, '2.3(1)')
    end as reason
from relation_judged
where standpoint = 0 and context_no in (0, $run_seq)
