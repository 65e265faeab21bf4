-- One row per known finding whose windows reach further than the books have seen.
create or replace table new_finding_window as
select
    f.finding_id,
    least(f.window_start, b.window_start) as window_start,
    greatest(f.window_end, b.window_end) as window_end
from finding as f
inner join books_finding as b on f.finding_id = b.finding_id
where f.window_start < b.window_start or f.window_end > b.window_end
