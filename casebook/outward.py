"""Calls to other systems: over TLS, or in clear text to this machine alone; no redirect is ever followed."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10


def is_local(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def connection(address: str) -> tuple[http.client.HTTPConnection, str]:
    """A connection to the host of an http or https address, not yet opened, and the path to ask it for."""
    parts = urlsplit(address)
    host, path = parts.hostname or "", (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_SECONDS, context=context), path
    return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_SECONDS), path
