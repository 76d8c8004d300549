"""What the simulator received and what became of its webhooks: the evidence that tests and demos look at.

It never holds a token or a secret: tokens appear by name, headers and parameters without them. Bounded: the oldest
entries go first, the totals stay. Filled by ``Upstream`` and the webhook sender, read by anybody.
"""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Literal

import msgspec

from .case import Place

DEFAULT_LIMIT = 100_000


class Request(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A request as it came, and how it was answered.

    ``hop`` is lookup, download, upload, other or malformed. ``headers`` have lower-case names and no authorization;
    ``parameters`` are those of the body, without the token. ``token`` is the token's name, ``unknown``, or None when
    none came. ``server`` answered; ``fault`` is what it did wrong. ``connection`` counts connections, ``nth`` the
    requests on this one. ``status`` is 0 when no status line went out. ``at`` is simulated Unix time.
    """

    number: int
    at: float
    hop: Place | Literal["malformed"]
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    body_bytes: int
    token: str | None
    media_id: str
    server: str
    server_index: int
    connection: int
    address: str
    nth: int
    fault: str | None
    status: int

    def header(self, name: str) -> str | None:
        """The first header of this lower-case name."""
        return next((value for key, value in self.headers if key == name), None)


class Attempt(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One try to deliver a webhook: the status that came back, or what went wrong. ``at`` is simulated Unix time."""

    at: float
    took_s: float
    status: int | None = None
    error: str | None = None


class Delivery(msgspec.Struct, kw_only=True):
    """One webhook body and what became of it. ``message_ids`` and ``media_ids`` are those inside."""

    number: int
    callback: str
    phone_number_ids: tuple[str, ...]
    message_ids: tuple[str, ...]
    media_ids: tuple[str, ...]
    size_bytes: int
    sha256: str
    created_at: float
    state: Literal["waiting", "delivered", "given-up"] = "waiting"
    attempts: list[Attempt] = []


class Record:
    """The last requests and deliveries, and totals of everything since the start."""

    def __init__(self, *, limit: int = DEFAULT_LIMIT, enabled: bool = True) -> None:
        self.enabled = enabled
        self.requests: deque[Request] = deque(maxlen=limit)
        self.deliveries: deque[Delivery] = deque(maxlen=limit)
        self.totals: Counter[tuple[str, int]] = Counter()
        self.faults: Counter[str] = Counter()
        self.connections = 0
        self.seen = 0

    def clear(self) -> None:
        """Forget everything but deliveries that are still under way; totals begin at nothing."""
        under_way = [delivery for delivery in self.deliveries if delivery.state == "waiting"]
        self.requests.clear()
        self.deliveries.clear()
        self.deliveries.extend(under_way)
        self.totals.clear()
        self.faults.clear()

    def lookups(self, media_id: str | None = None) -> list[Request]:
        """The recorded look-ups, of one media when it is named."""
        return self._of("lookup", media_id)

    def downloads(self, media_id: str | None = None) -> list[Request]:
        """The recorded downloads, of one media when it is named."""
        return self._of("download", media_id)

    def wrong_methods(self) -> list[Request]:
        """Every recorded request to the two hops that was not a plain GET."""
        return [
            request
            for request in self.requests
            if request.hop in {"lookup", "download", "malformed"} and request.method != "GET"
        ]

    def acknowledged(self) -> list[str]:
        """The ids of all messages whose webhook was answered 200, in the order in which they were made."""
        return list(_ids(delivery for delivery in self.deliveries if delivery.state == "delivered"))

    def unacknowledged(self) -> list[str]:
        """The ids of all messages whose webhook was not answered 200 so far, or never will be."""
        return list(_ids(delivery for delivery in self.deliveries if delivery.state != "delivered"))

    def _of(self, hop: str, media_id: str | None) -> list[Request]:
        return [request for request in self.requests if request.hop == hop and media_id in {None, request.media_id}]


def _ids(deliveries: Iterable[Delivery]) -> dict[str, None]:
    return {message_id: None for delivery in deliveries for message_id in delivery.message_ids}
