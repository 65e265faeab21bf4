"""Sign-in with the company account (OpenID Connect), behind a setting. It says who somebody is, and never what they may do.

`oidc.yaml` in the state folder, or the file that TONGREN_OIDC names:

    issuer: https://login.example.com/realms/staff
    client_id: tongren
    client_secret_file: /run/secrets/tongren-oidc     # left out for a public client; PKCE is used with both
    redirect_uri: https://console.example.com/oidc/return
    claim: preferred_username                          # which claim names the user of the books

A person signs in when that user is in the books and enabled; the roles are those of the books.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from casebook import refusals
from casebook.outward import connection, is_local
from data_contracts import strict_yaml
from data_contracts.errors import NotAllowed, UsageError

ALGORITHMS = ["RS256", "ES256", "PS256"]
FIELDS = ("issuer", "client_id", "redirect_uri")
GOOD_SECONDS = 300
"""How long a sign-in may take at the provider, and how long its description is kept."""
LEEWAY_SECONDS = 60
ANSWER_LIMIT = 200_000


@dataclass(frozen=True)
class Settings:
    """Which provider, and who we are to it."""

    issuer: str
    client_id: str
    redirect_uri: str
    claim: str = "preferred_username"
    client_secret: str | None = None


@dataclass(frozen=True)
class Start:
    """Where to send the browser, and the signed note that it brings back."""

    address: str
    note: str


def settings(state: Path, environ: Mapping[str, str] = os.environ) -> Settings | None:
    """The settings, None when there are none. Raises UsageError for ones that cannot be right."""
    named = environ.get("TONGREN_OIDC")
    path = Path(named) if named else state / "oidc.yaml"
    if not named and not path.exists():
        return None
    given = strict_yaml.load(path)
    if not isinstance(given, dict) or not all(isinstance(given.get(f), str) for f in FIELDS):
        raise UsageError(f"{path} must name {', '.join(FIELDS)}")
    unknown = sorted(set(given) - {*FIELDS, "claim", "client_secret_file"})
    if unknown:
        raise UsageError(f"{path} knows no {', '.join(unknown)}")
    for field in ("issuer", "redirect_uri"):
        _safe(given[field], f"{field} in {path}")
    secret = given.get("client_secret_file")
    return Settings(
        given["issuer"].rstrip("/"), given["client_id"], given["redirect_uri"], str(given.get("claim", "preferred_username")),
        Path(secret).read_text(encoding="utf-8").strip() if secret else None,
    )  # fmt: skip


class Provider:
    """One provider; what it says of itself is asked for once in a while. `key` signs the note that the browser keeps meanwhile."""

    def __init__(self, told: Settings, key: str) -> None:
        self.told = told
        self._lock = threading.Lock()
        self._about: tuple[float, dict[str, Any], KeySet] | None = None
        self._notes = URLSafeTimedSerializer(key, salt="oidc")

    def start(self, going_to: str) -> Start:
        """Begin a sign-in; a random state, nonce and PKCE verifier go into the signed note."""
        about, _ = self._known()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        asked = {
            "response_type": "code", "client_id": self.told.client_id, "redirect_uri": self.told.redirect_uri,
            "scope": "openid profile", "state": state, "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        where = str(about["authorization_endpoint"])
        note = {"state": state, "nonce": nonce, "verifier": verifier, "next": going_to}
        return Start(f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}", str(self._notes.dumps(note)))

    def finish(self, note: str, state: str, code: str) -> tuple[str, str]:
        """The name that the provider vouches for, and where the person wanted to go. Raises NotAllowed for anything amiss."""
        try:
            kept = self._notes.loads(note, max_age=GOOD_SECONDS)
        except BadSignature as fault:
            raise NotAllowed(refusals.of("company_refused")) from fault
        if not state or not secrets.compare_digest(state.encode(), kept["state"].encode()):
            raise NotAllowed(refusals.of("company_refused"))
        about, _ = self._known()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.told.redirect_uri,
                "code_verifier": kept["verifier"], "client_id": self.told.client_id}  # fmt: skip
        answer = _asked(str(about["token_endpoint"]), form, self._credentials())
        claims = self._claims(answer.get("id_token"), kept["nonce"])
        name = claims.get(self.told.claim)
        if not isinstance(name, str) or not name:
            raise NotAllowed(refusals.of("company_refused"))
        return name, str(kept["next"])

    def _signed(self, token: str) -> jwt.Token:
        """The token, signed by a key of the provider; one that it has only since we asked is asked for once more."""
        try:
            return jwt.decode(token, self._known()[1], algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            return jwt.decode(token, self._known(anew=True)[1], algorithms=ALGORITHMS)

    def _claims(self, token: Any, nonce: str) -> Mapping[str, Any]:
        wanted = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS, iss={"essential": True, "value": self.told.issuer}, exp={"essential": True},
            iat={"essential": True}, aud={"essential": True, "value": self.told.client_id},
            nonce={"essential": True, "value": nonce},
        )  # fmt: skip
        try:
            read = self._signed(str(token))
            wanted.validate(read.claims)
        except (JoseError, ValueError) as fault:
            raise NotAllowed(refusals.of("company_refused")) from fault
        several = isinstance(read.claims["aud"], list) and len(read.claims["aud"]) > 1
        if several and read.claims.get("azp") != self.told.client_id:
            raise NotAllowed(refusals.of("company_refused"))
        return dict(read.claims)

    def _credentials(self) -> Mapping[str, str]:
        if self.told.client_secret is None:
            return {}
        pair = f"{quote(self.told.client_id, safe='')}:{quote(self.told.client_secret, safe='')}"
        return {"Authorization": "Basic " + b64encode(pair.encode()).decode()}

    def _known(self, *, anew: bool = False) -> tuple[dict[str, Any], KeySet]:
        with self._lock:
            if anew or self._about is None or time.monotonic() - self._about[0] > GOOD_SECONDS:
                about = _asked(f"{self.told.issuer}/.well-known/openid-configuration")
                if str(about.get("issuer", "")).rstrip("/") != self.told.issuer:
                    raise NotAllowed(refusals.of("company_refused"))
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _safe(str(about.get(name, "")), name)
                keys = KeySet.import_key_set(_asked(str(about["jwks_uri"])))  # type: ignore[arg-type] # checked by it
                self._about = (time.monotonic(), about, keys)
            return self._about[1], self._about[2]


def _safe(address: str, what: str) -> None:
    """Raises UsageError unless an address is https, or http to this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not is_local(parts.hostname or ""):
        raise UsageError(f"{what} must be an https address")


def _asked(
    address: str, form: Mapping[str, str] | None = None, more: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """GET, or POST of a form; the JSON object that came back. Follows no redirect. Raises NotAllowed when there is none."""
    con, path = connection(address)
    sent = {"Accept": "application/json", **(more or {})}
    try:
        if form is None:
            con.request("GET", path, headers=sent)
        else:
            con.request("POST", path, urlencode(form), {**sent, "Content-Type": "application/x-www-form-urlencoded"})
        answer = con.getresponse()
        body = answer.read(ANSWER_LIMIT)
        read = json.loads(body) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError) as fault:
        raise NotAllowed(refusals.of("company_refused")) from fault
    finally:
        con.close()
    if not isinstance(read, dict):
        raise NotAllowed(refusals.of("company_refused"))
    return read
