"""The addresses on which a platform listens: one, or several in a row with the same port, as a fleet has them.

Behind one name several addresses are several servers, so a client that connects anew may meet another one. Opened and
closed by the Platform.
"""

import asyncio
import errno
import ipaddress
import ssl
from collections.abc import Callable
from contextlib import suppress

MOST = 100
_TRIES = 20  # ports that may be free on the first address and not on the others


def addresses(host: str, count: int) -> tuple[str, ...]:
    """``count`` addresses from ``host`` on. Raises ValueError unless it is one, or a loopback address that has room."""
    if count == 1:
        return (host,)
    try:
        first = ipaddress.IPv4Address(host)
    except ValueError:
        raise ValueError(f"several addresses begin with one such as 127.0.0.1, not with {host!r}") from None
    if not 1 <= count <= MOST or not first.is_loopback or int(first) % 256 + count > 255:
        raise ValueError(f"there are 1 to {MOST} addresses from a loopback address on that has room for them")
    return tuple(str(first + place) for place in range(count))


class Doors:
    """The sockets on which a platform listens."""

    def __init__(self, hosts: tuple[str, ...], port: int, tls: ssl.SSLContext | None) -> None:
        self.hosts = hosts
        self.port = port
        self._tls = tls
        self._servers: list[asyncio.Server] = []

    async def open(self, connect: Callable[[], asyncio.Protocol]) -> None:
        """Listen on all of them. Raises OSError when an address cannot be had."""
        loop, wanted = asyncio.get_running_loop(), self.port
        for left in reversed(range(_TRIES)):
            try:
                for host in self.hosts:
                    self._servers.append(await loop.create_server(connect, host, self.port, ssl=self._tls))
                    self.port = self._servers[0].sockets[0].getsockname()[1]
            except OSError as error:
                self.close()
                await self.wait_closed()
                if wanted or not left or error.errno != errno.EADDRINUSE:
                    raise
                self.port = 0
            else:
                return

    def close(self) -> None:
        """Take no more connections."""
        for server in self._servers:
            server.close()

    async def wait_closed(self) -> None:
        """Until all of them are closed."""
        servers, self._servers = self._servers, []
        for server in servers:
            with suppress(OSError):
                await server.wait_closed()

    def number(self, address: str) -> int:
        """Which door an address is, counted from 0; 0 for one that is not known."""
        return self.hosts.index(address) if address in self.hosts else 0
