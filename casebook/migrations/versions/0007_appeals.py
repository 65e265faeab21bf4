"""Appeals stand in a case: a view that tells how each stands, and the way from a finding or an appeal to its case."""

from casebook.migrations import ddl

revision = "0007"
down_revision = "0006"

APPEAL_STATE = """
create view appeal_state as
select
    a.appeal_id, a.decision_id, e.case_id, a.filed_by, a.reason, a.at, a.deadline_on,
    o.outcome, o.by_whom as answered_by, o.reason as answer, o.at as answered_at
from appeal as a
left join case_event as e on e.kind = 'appeal' and e.item = a.appeal_id and e.before is null
left join appeal_outcome as o on o.appeal_id = a.appeal_id
"""


def upgrade() -> None:
    """Add the view and the index."""
    ddl.run("create index case_event_by_item on case_event (item, kind) where item <> ''")
    ddl.run(APPEAL_STATE)


def downgrade() -> None:
    """The books only grow: there is no way back."""
    raise RuntimeError("the books only grow; restore a backup instead")
