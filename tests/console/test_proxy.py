"""Behind a proxy with HTTPS: what browsers are told, and what the proxy must pass on."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from console.app import create_app


def test_behind_https_a_browser_is_told_to_stay_with_it(state: Path, app: FastAPI) -> None:
    said = "strict-transport-security"
    assert said not in TestClient(app).get("/sign-in").headers
    secure = create_app(state, secure=True)
    try:
        answers = [TestClient(secure).get(path) for path in ("/sign-in", "/nowhere", "/static/style.css")]
    finally:
        secure.state.desk.books.close()
    assert [a.headers.get(said) for a in answers] == ["max-age=31536000"] * 3


def test_a_proxy_that_passes_host_and_scheme_lets_changes_through_and_another_does_not(app: FastAPI) -> None:
    client = TestClient(ProxyHeadersMiddleware(app, trusted_hosts="testclient"), follow_redirects=False)  # type: ignore[arg-type] # ASGI typed twice
    said = {"origin": "https://console.example", "host": "console.example", "x-forwarded-proto": "https"}
    form = {"name": "nobody", "password": "wrong horse battery"}
    assert client.post("/sign-in", data=form, headers=said).status_code == 401
    for lost in ({"host": "127.0.0.1:8765"}, {"x-forwarded-proto": "http"}):
        assert client.post("/sign-in", data=form, headers={**said, **lost}).status_code == 403
