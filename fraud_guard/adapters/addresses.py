"""Addresses a webhook may connect to: a name is resolved once, and private networks are refused."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

from fraud_guard.adapters.senders import NotDelivered

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) -> its addresses as text. Raises OSError."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, in the system's order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def choose(host: str, port: int, resolver: Resolve, *, allow_private: bool) -> str:
    """The address to connect to. Raises NotDelivered when there is none, or one that is not public."""
    try:
        found = await resolver(host, port)
    except OSError as error:
        raise NotDelivered(f"{host} cannot be resolved: {error.strerror or error}") from None
    if not found:
        raise NotDelivered(f"{host} has no address")
    if not allow_private and not all(is_public(ipaddress.ip_address(one.partition("%")[0])) for one in found):
        raise NotDelivered(f"{host} leads into a private network; allow that by FG_WEBHOOK_ALLOW_PRIVATE if it is meant")
    return found[0]


def is_public(address: Address) -> bool:
    """Whether an address lies in the public internet, also when it wraps an IPv4 address."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
