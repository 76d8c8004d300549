"""Drives a platform in another process, over its control endpoint: the same orders as methods, answers as plain JSON.

Used by tests, demos and benchmarks that run ``penstock simulate`` as a process of its own. Needs nothing but asyncio.
"""

import base64
import json
from typing import Any, Self
from urllib.parse import urlsplit

from .http_client import HttpClient

Json = dict[str, Any]


class RemoteError(RuntimeError):
    """The platform refused an order or did not answer; the message says why."""


class Remote:
    """A platform elsewhere. ``url`` is its ``control_url``; ``timeout_s`` counts for each order."""

    def __init__(self, url: str, *, timeout_s: float = 60.0) -> None:
        self._client = HttpClient(url)
        self._path = urlsplit(url).path.rstrip("/")
        self._timeout_s = timeout_s

    async def __aenter__(self) -> Self:
        """Nothing is opened before the first order."""
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """End the connections."""
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    async def order(self, name: str, timeout_s: float | None = None, /, **arguments: Any) -> Json:
        """Give any order. Raises RemoteError."""
        body = json.dumps({key: value for key, value in arguments.items() if value is not None}).encode()
        headers = {"Content-Type": "application/json"}
        return await self._ask("POST", f"{self._path}/{name}", headers, body, timeout_s or self._timeout_s)

    async def facts(self) -> Json:
        """Where the platform is, what time it is there, totals."""
        return await self._ask("GET", self._path, {}, b"", self._timeout_s)

    async def requests(self, *, after: int = 0, limit: int = 1000) -> list[Json]:
        """The recorded requests after that number."""
        answer = await self._ask("GET", f"{self._path}/requests?after={after}&limit={limit}", {}, b"", self._timeout_s)
        return list(answer["requests"])

    async def deliveries(self, *, after: int = 0, limit: int = 1000) -> list[Json]:
        """The webhook bodies after that number, and what became of them."""
        target = f"{self._path}/deliveries?after={after}&limit={limit}"
        return list((await self._ask("GET", target, {}, b"", self._timeout_s))["deliveries"])

    async def add_token(self, name: str, text: str) -> None:
        """See ``Platform``."""
        await self.order("add_token", name=name, text=text)

    async def revoke_token(self, name: str) -> None:
        """See ``Platform``."""
        await self.order("revoke_token", name=name)

    async def add_number(self, phone_number_id: str, *, app_secret: bytes, **more: Any) -> None:
        """See ``Platform``."""
        await self.order("add_number", phone_number_id=phone_number_id, app_secret=app_secret.decode(), **more)

    async def upload(self, data: bytes, mime_type: str, *, count: int = 1, **more: Any) -> list[Json]:
        """See ``Platform``; ``count`` media ids of the same bytes."""
        text = base64.b64encode(data).decode()
        return list((await self.order("upload", data=text, mime_type=mime_type, count=count, **more))["media"])

    async def send(
        self, number_id: str, kind: str = "text", *, customer: int = 0, count: int = 1, **extra: Any
    ) -> list[Json]:
        """See ``Platform``; ``count`` messages of this kind."""
        if isinstance(extra.get("data"), bytes):
            extra["data"] = base64.b64encode(extra["data"]).decode()
        told = await self.order("send", number_id=number_id, kind=kind, customer=customer, count=count, extra=extra)
        return list(told["sent"])

    async def set_scenario(self, scenario: Json) -> None:
        """See ``Platform``; the scenario as a tree, as it would stand in a file."""
        await self.order("set_scenario", scenario=scenario)

    async def advance(self, seconds: float) -> None:
        """Let the simulated clock jump ahead."""
        await self.order("clock", advance_s=seconds)

    async def traffic(
        self, messages: int, rate_per_s: float, mix: dict[str, float] | None = None, **more: Any
    ) -> list[Json]:
        """See ``Platform``."""
        patience_s = self._timeout_s + messages / rate_per_s
        told = await self.order("traffic", patience_s, messages=messages, rate_per_s=rate_per_s, mix=mix, **more)
        return list(told["sent"])

    async def drain(self, timeout_s: float = 10.0, *, hurry: bool = False) -> None:
        """See ``Platform``; raises RemoteError when it took too long."""
        await self.order("drain", timeout_s + self._timeout_s, timeout_s=timeout_s, hurry=hurry)

    async def _ask(self, method: str, target: str, headers: dict[str, str], body: bytes, timeout_s: float) -> Json:
        reply = await self._client.request(method, target, headers, body, timeout_s=timeout_s)
        if reply.status is None:
            raise RemoteError(reply.error)
        answer: Json = json.loads(reply.body)
        if reply.status != 200:
            raise RemoteError(answer.get("error", f"status {reply.status}"))
        return answer
