"""IP addresses in canonical text; of IPv6 the /64, which one household holds. Private and reserved ones never link."""

from __future__ import annotations

import ipaddress

from data_contracts.identifier import Fault, Normal
from features.kinds.text import half_width

_SHARED = ipaddress.ip_network("100.64.0.0/10")


def normalise(value: str) -> Normal | Fault:
    """`203.0.114.7` or `2400:da00:1:2::/64`; an IPv4 address written in IPv6 is the IPv4 address."""
    text = half_width(value).strip("[]").split("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return Fault("ip.syntax", "not an IP address")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    links = address.is_global and not address.is_multicast and not address.is_reserved
    if isinstance(address, ipaddress.IPv4Address):
        first, second, *_ = str(address).split(".")
        links = links and address not in _SHARED
        return Normal(str(address), f"{first}.{second}.*.*", "ipv4" if links else "reserved", links)
    prefix = ipaddress.ip_network((address, 64), strict=False)
    groups = address.exploded.split(":")
    return Normal(str(prefix), f"{groups[0]}:{groups[1]}:****", "ipv6" if links else "reserved", links)
