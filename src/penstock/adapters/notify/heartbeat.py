"""The sign of life for a dead man's switch: an address outside that is asked again and again, and notices silence.

What it stands for is decided by ``controls.watch.heartbeat``. The address is a secret: whoever has it can give the sign
in our place. Made by ``wiring``.
"""

from penstock.adapters.notify import http
from penstock.adapters.notify.port import Reply


class HttpBeats:
    """One address, asked by GET."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def beat(self) -> Reply:
        """Ask it."""
        return await http.get(self._url, secrets=http.hidden(self._url))
