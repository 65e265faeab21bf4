"""IP addresses in canonical text; of IPv6 the /64, which one household holds. Private and reserved ones never link."""

from __future__ import annotations

import ipaddress
import socket

from data_contracts.identifier import Fault, Normal
from features.kinds.text import half_width

_SHARED = ipaddress.ip_network("100.64.0.0/10")
_MAPPED = bytes(10) + b"\xff\xff"
_SPECIAL = (b"\x20\x01", b"\x20\x02", b"\x3f\xff")


def normalise(value: str) -> Normal | Fault:
    """`203.0.114.7` or `2400:da00:1:2::/64`; an IPv4 address written in IPv6 is the IPv4 address."""
    text = half_width(value)
    if ":" not in text:
        return _version_4(text)
    try:
        packed = socket.inet_pton(socket.AF_INET6, text.strip("[]").split("%")[0])
    except (OSError, ValueError):
        return Fault("ip.syntax", "not an IP address")
    if packed.startswith(_MAPPED):
        return _version_4(socket.inet_ntop(socket.AF_INET, packed[12:]))
    return _version_6(packed[:8])


def _version_4(text: str) -> Normal | Fault:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return Fault("ip.syntax", "not an IP address")
    first, second, *_ = str(address).split(".")
    links = address.is_global and not address.is_multicast and not address.is_reserved and address not in _SHARED
    return Normal(str(address), f"{first}.{second}.*.*", "ipv4" if links else "reserved", links)


def _version_6(prefix: bytes) -> Normal:
    text = socket.inet_ntop(socket.AF_INET6, prefix + bytes(8)) + "/64"
    # 2000::/3 is global unicast, but for a few special ranges at these beginnings.
    plain = prefix[0] >> 5 == 1 and prefix[:2] not in _SPECIAL
    links = plain or _global(ipaddress.IPv6Address(prefix + bytes(8)))
    return Normal(text, f"{prefix[:2].hex()}:{prefix[2:4].hex()}:****", "ipv6" if links else "reserved", links)


def _global(address: ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved
