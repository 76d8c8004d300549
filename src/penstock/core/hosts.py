"""Which addresses may be asked: a URL taken apart strictly, and the allow-list of media hosts.

A URL that could be read in two ways (credentials, a backslash, another alphabet, a trailing dot, dot segments) is not
read at all, so that what is checked here is what the client will use. The address that a name stands for is checked
where the socket is made, not here. Used by the contract and the Graph adapter.
"""

import ipaddress
import re
from collections.abc import Iterable

import msgspec

DEFAULT_PORTS = {"https": 443, "http": 80}
LONGEST_URL = 4_096

_LABEL = r"[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?"
_URL = re.compile(
    rf"(?P<scheme>[A-Za-z]+)://(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>{_LABEL}(?:\.{_LABEL})*))(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<path>(?:/(?:[0-9A-Za-z._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?)"
    r"(?P<query>(?:\?(?:[0-9A-Za-z._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?)"
)
_DOTS = re.compile(r"/(?:\.|%2[eE]){1,2}(?:/|$)")


class Web(msgspec.Struct, frozen=True, gc=False):
    """A URL taken apart. Scheme and host are lower case; a host has no brackets."""

    scheme: str
    host: str
    port: int
    path: str  # as it was written, "/" when there is none
    query: str  # as it was written, with its question mark; "" when there is none

    @property
    def target(self) -> str:
        """What stands in the request line."""
        return self.path + self.query

    @property
    def authority(self) -> str:
        """What stands in the Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if DEFAULT_PORTS[self.scheme] == self.port else f"{host}:{self.port}"


def read(url: str) -> Web | None:
    """The parts of a plain http(s) URL; None for anything that could be read in more than one way."""
    found = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if found is None:
        return None
    scheme = found["scheme"].lower()
    host = found["six"] or found["host"]
    if scheme not in DEFAULT_PORTS or len(host) > 253 or _DOTS.search(found["path"]) or not _one_way(found["six"]):
        return None
    port = int(found["port"]) if found["port"] else DEFAULT_PORTS[scheme]
    if not 0 < port <= 65_535:
        return None
    query = found["query"] if len(found["query"]) > 1 else ""  # a bare question mark is dropped by clients, too
    return Web(scheme, host.lower(), port, found["path"] or "/", query)


def _one_way(address: str | None) -> bool:
    """Whether an IPv6 address, where there is one, is written in the one way in which clients write it."""
    try:
        return address is None or str(ipaddress.IPv6Address(address)) == address.lower()
    except ValueError:
        return False


def allowed(web: Web, hosts: Iterable[str], *, insecure: bool) -> bool:
    """Whether a file may be fetched from there: a host named whole, or below a suffix that begins with a dot.

    ``insecure`` permits http and any port; otherwise it is https on its own port.
    """
    if not insecure and (web.scheme != "https" or web.port != DEFAULT_PORTS["https"]):
        return False
    return any(web.host.endswith(host) if host.startswith(".") else web.host == host for host in hosts)
