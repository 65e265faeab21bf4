"""A company account on loopback: discovery, keys and token endpoint of OpenID Connect, as a provider gives them."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, OctKey, RSAKey

CLIENT, SECRET = "tongren", "not a real secret"


class CompanyAccount:
    """Whom it vouches for is set by a test; `change` alters claims, `sign_with` the key and algorithm of the next token."""

    def __init__(self) -> None:
        self.issuer = self.said_issuer = ""
        self.keys: list[Key] = [RSAKey.generate_key(2048, parameters={"kid": "one"})]
        self.sign_with: tuple[Key, str] = (self.keys[0], "RS256")
        self.change: dict[str, Any] = {}
        self.status = 200
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def consent(self, address: str, name: str) -> tuple[str, str]:
        """What the person's sign-in at the provider gives back to the browser: the code and the state."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code" and query["client_id"] == CLIENT and "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256" and len(query["nonce"]) >= 22 and len(query["state"]) >= 22
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**query, "name": name}
        return code, query["state"]

    def token(self, form: dict[str, str], credentials: str) -> dict[str, Any] | None:
        """The answer of the token endpoint; None when code, PKCE verifier, address or credentials are not right. A code works once."""
        asked = self.codes.pop(form.get("code", ""), None)
        right = (
            asked is not None
            and credentials == f"{CLIENT}:{SECRET.replace(' ', '%20')}"
            and form["grant_type"] == "authorization_code"
            and form["redirect_uri"] == asked["redirect_uri"]
            and create_s256_code_challenge(form["code_verifier"]) == asked["code_challenge"]
        )
        if asked is None or not right:
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "0815", "exp": now + 60, "iat": now, "nonce": asked["nonce"],
                  "preferred_username": asked["name"], "roles": ["system_admin"], **self.change}  # fmt: skip
        key, algorithm = self.sign_with
        header = {"alg": algorithm, **({"kid": key.kid} if key.kid else {})}
        kept = {k: v for k, v in claims.items() if v is not None}
        return {
            "access_token": "x",
            "token_type": "Bearer",
            "id_token": jwt.encode(header, kept, key, algorithms=[algorithm]),
        }

    def page(self, path: str) -> dict[str, Any] | None:
        """Discovery and keys."""
        if path == "/realm/.well-known/openid-configuration":
            return {"issuer": self.said_issuer, "authorization_endpoint": f"{self.issuer}/auth", "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys"}  # fmt: skip
        if path == "/realm/keys":
            return dict(KeySet(self.keys).as_dict(private=False))
        return None


@contextmanager
def running() -> Iterator[CompanyAccount]:
    """The provider on a free port."""
    account = CompanyAccount()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, body: dict[str, Any] | None) -> None:
            account.asked.append(self.path)
            text = json.dumps(body if body is not None else {"error": "invalid_grant"}).encode()
            self.send_response(account.status if body is not None else 400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            self._answer(account.page(self.path))

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {k: v[0] for k, v in parse_qs(sent).items()}
            basic = b64decode(self.headers.get("authorization", "Basic ").removeprefix("Basic ")).decode()
            self._answer(account.token(form, basic))

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        account.issuer = account.said_issuer = f"http://127.0.0.1:{server.server_port}/realm"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield account
        finally:
            server.shutdown()
            thread.join()


OTHER = RSAKey.generate_key(2048, parameters={"kid": "one"})
"""A key that the provider never showed, under the name of one that it did."""
SHARED = OctKey.import_key(SECRET.encode().ljust(32, b"."))
SECOND = ECKey.generate_key("P-256", parameters={"kid": "two"})
