"""Names for a simulated fleet: one name that stands for several addresses of this machine, without any DNS.

So a connection that is made anew may end at another server, as with Meta. Given to the Graph client by the stage.
"""

import socket
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver, ResolveResult

GRAPH = "graph.simulated"
FILES = "files.simulated"


class FleetNames(AbstractResolver):
    """Knows these names and no others."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = tuple(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Every address of the fleet. Raises OSError for another name."""
        del family
        if host not in {GRAPH, FILES}:
            raise OSError(f"{host} is not a name of the simulated fleet")
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""
