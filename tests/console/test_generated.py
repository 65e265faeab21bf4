"""Requests generated from the console's own description: none is answered with a fault of ours."""

from __future__ import annotations

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.console.conftest import SignIn
from tests.counts import SOAK, SoakCount

EXAMPLES = 1500 if SOAK else 60
SLOW = ("/groups/", "/pairs", "/reports/", "/evidence/", "/audit/check")


def test_no_generated_request_is_answered_with_a_fault_of_ours(
    app: FastAPI, sign_in: SignIn, soak_count: SoakCount
) -> None:
    """Well-formed and malformed, with the right CSRF token, by somebody with every role but the one that locks people out."""
    soak_count("http_requests", EXAMPLES)
    client = sign_in("analyst", "approver", "compliance", "finance", "auditor", "rules_admin")
    token = client.headers["x-csrf"]
    schema = schemathesis.openapi.from_dict(app.openapi())
    operations = [o.ok() for o in schema.get_all_operations()]
    quick = [o for o in operations if not o.path.startswith(SLOW)]
    cases = st.one_of([o.as_strategy() for o in quick])
    asked = []

    @given(cases)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    def ask(case: schemathesis.Case) -> None:
        form = {**case.body, "csrf": token} if isinstance(case.body, dict) else None
        path = case.formatted_path
        answer = client.request(case.method, path, params=case.query or None, data=form)
        asked.append(answer.status_code)
        assert answer.status_code < 500, (case.method, path, form)

    ask()
    assert len(asked) >= EXAMPLES and {200, 422} <= set(asked)
