-- One row per finding of a detector with a verdict: the latest verdict, and the q of its detection if it is still raised.
create or replace table verdict_row as
with latest as (
    select
        finding_id,
        arg_max(verdict, entry_no) as verdict
    from books_verdict
    group by all
)

select
    books_finding.finding_id,
    books_finding.detector,
    latest.verdict,
    min(detection.q_value) as q_value
from latest
inner join books_finding on latest.finding_id = books_finding.finding_id
left join detection
    on
        books_finding.detector = detection.detector
        and books_finding.subject_kind = detection.subject_kind
        and books_finding.subject_id = detection.subject_id
        and coalesce(books_finding.window_end, date '9999-12-31') >= detection.window_start
        and coalesce(books_finding.window_start, date '0001-01-01') <= coalesce(detection.window_end, date '9999-12-31')
group by all
