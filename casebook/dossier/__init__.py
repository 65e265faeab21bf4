"""The evidence report: one per promoter with a decision or an open finding.

A run writes HTML for all (`write_all`); HTML, PDF, JSON or CSV of one promoter (`write_one`) or of all (`batch.write`) on
demand; `verify` finds any altered report by making it again. Reads the run's work tables; the same run gives the same bytes to everybody.
"""

from __future__ import annotations

from casebook.dossier.batch import write_all
from casebook.dossier.check import verify
from casebook.dossier.press import write_one

__all__ = ["verify", "write_all", "write_one"]
