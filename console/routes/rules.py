"""The agreement clause by clause, and the programme's dated documents with their parameters."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from console.desk import asked, desk, page
from console.tables import cards

router = APIRouter()
CLAUSES = """
select c.position, c.clause, c.title_zh, c.title_en, c.text_zh, c.text_en, c.mode, c.measures,
    (select count(*) from findings as f where f.clause = c.clause) as findings
from clause_register as c order by c.position
"""
DOCUMENTS = """
select d.document_id, d.level, d.effective_from, d.effective_to, d.announced_on
from programme_document as d order by d.level_rank, d.effective_from, d.document_id
"""
PARAMETERS = "select document_id, path, value from programme_parameter order by document_id, path"
POLICY = """
select effective_from, clause, measure, "do", days, when_json, two_people, notice_days
from policy_rule order by policy_no, rule_no
"""


@page(router, "/rules", "read_rules", "rules/rules.html")
def rules(request: Request) -> dict[str, Any]:
    """Clause texts with their measures and findings, the programme's versions, and the decision policy."""
    reading = desk(request).reading
    search = asked(request, "search")
    found = [
        c for c in reading.rows(CLAUSES)
        if not search or search in c["clause"] or search.casefold() in f"{c['title_zh']}{c['title_en']}{c['text_zh']}".casefold()
    ]  # fmt: skip
    of_clause: dict[str, list[dict[str, str]]] = {}
    for card in cards():
        of_clause.setdefault(str(card.about["clause"]), []).append({"name": card.name, "version": card.version})
    versions = {k: reading.manifest.get(k) for k in ("programme_name", "programme", "policy", "code")}
    return {
        "rows": [{**c, "rules": of_clause.get(c["clause"], [])} for c in found], "search": search, "versions": versions,
        "documents": reading.rows(DOCUMENTS), "parameters": reading.rows(PARAMETERS), "policy": reading.rows(POLICY),
    }  # fmt: skip
