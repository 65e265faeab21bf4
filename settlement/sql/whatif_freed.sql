-- One row per statement with money held today that no hold would cover: what would be free, in fen.
create or replace table whatif_freed as
select
    h.promoter_id,
    h.month,
    h.held_fen
from whatif_held as h
semi join whatif_hold as w on h.promoter_id = w.promoter_id and coalesce(w.month, h.month) = h.month
anti join hold_cover as c on h.promoter_id = c.promoter_id and coalesce(c.month, h.month) = h.month
where h.held_fen > 0
