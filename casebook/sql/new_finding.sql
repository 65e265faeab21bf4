-- One row per finding that the books do not know yet.
create or replace table new_finding as
select
    f.finding_id,
    f.clause,
    f.detector,
    f.subject_kind,
    f.subject_id,
    f.promoter_id,
    f.first_seen,
    f.window_start,
    f.window_end
from finding as f
anti join books_finding as b on f.finding_id = b.finding_id
