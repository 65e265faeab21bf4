"""Requests generated from the console's own description: none is answered with a fault of ours."""

from __future__ import annotations

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from console.roles import ROLES
from tests.console.conftest import SignIn
from tests.counts import SOAK, SoakCount

EXAMPLES = 1500 if SOAK else 60
SLOW_EXAMPLES = 150 if SOAK else 12
SLOW = ("/groups/", "/pairs", "/reports/", "/evidence/", "/audit/check")
THERE = {"promoter_id": "P", "group_id": "G1"}
"""What is there, for addresses of which a generated id would only ever be unknown."""


@pytest.mark.parametrize(("slow", "examples"), [(False, EXAMPLES), (True, SLOW_EXAMPLES)])
def test_no_generated_request_is_answered_with_a_fault_of_ours(
    app: FastAPI, sign_in: SignIn, soak_count: SoakCount, slow: bool, examples: int
) -> None:
    """Well-formed and malformed, with the right CSRF token, by somebody with every role, signed in anew when put out."""
    soak_count("http_requests", examples)
    client = sign_in(*ROLES)
    schema = schemathesis.openapi.from_dict(app.openapi())
    operations = [o.ok() for o in schema.get_all_operations()]
    chosen = [o for o in operations if o.path.startswith(SLOW) is slow]
    cases = st.one_of([o.as_strategy() for o in chosen])
    asked = []

    @given(cases, st.booleans())
    @settings(max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    def ask(case: schemathesis.Case, there: bool) -> None:
        nonlocal client
        if app.state.desk.sessions.find(client.cookies["tongren"]) is None:
            client = sign_in(*ROLES)
        if slow and there:
            case.path_parameters = {k: THERE.get(k, v) for k, v in case.path_parameters.items()}
        form = {**case.body, "csrf": client.headers["x-csrf"]} if isinstance(case.body, dict) else None
        path = case.formatted_path
        answer = client.request(case.method, path, params=case.query or None, data=form)
        asked.append(answer.status_code)
        assert answer.status_code < 500, (case.method, path, form)

    ask()
    assert len(asked) >= examples and {200, 422} <= set(asked)
