-- One row per reply to a notice about a decision on a reported promoter, in the order in which they were recorded.
create or replace table report_reply as
select
    report_notice.promoter_id,
    report_notice.instruction_id,
    report_notice.decision_id,
    report_notice.created_on as notice_on,
    row_number() over (partition by report_notice.instruction_id order by books_notice_reply.seq) as reply_no,
    books_notice_reply.at as replied_at,
    books_notice_reply.filed_by,
    books_notice_reply.reply
from books_notice_reply
inner join report_notice on books_notice_reply.decision_id = report_notice.decision_id
where report_notice.kind = 'notice'
order by report_notice.promoter_id, report_notice.created_on, report_notice.instruction_id, reply_no
