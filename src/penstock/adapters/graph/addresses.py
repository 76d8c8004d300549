"""The address really connected to: only public ones, decided where the socket is made.

A name may stand for a private address, and for another one a moment later; so the name is not asked, the address is.
Addresses that carry another one inside (IPv4-mapped, NAT64, 6to4, IPv4-compatible) are judged by what they carry. Used
as the connector's socket factory.
"""

import errno
import ipaddress
import socket
from typing import Any

REFUSED = "address refused"  # by this text the refusal is found again in what the client raises

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def socket_for(addr_info: tuple[Any, ...]) -> socket.socket:
    """A socket for a public address. Raises OSError for any other."""
    family, kind, protocol, _, address = addr_info
    if not is_public(str(address[0])):
        raise OSError(errno.EACCES, REFUSED)
    return socket.socket(family, kind, protocol)


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet's, by what it carries inside."""
    try:
        address: _Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    while (inside := _carried(address)) is not None:
        address = inside
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False  # what is not yet given out, site-local, and NAT64 prefixes of a site's own
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _carried(address: _Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
