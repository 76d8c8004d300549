"""The simulated platform as one object: start it, tell it who there is, have customers send, and read what it saw.

The front of this annexe for tests, demos and benchmarks in the same process; ``control`` offers the same to others. It
joins the parts and decides nothing itself.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import msgspec

from . import accounts
from .accounts import Number
from .clock import SimClock
from .control import PREFIX, Control
from .doors import Doors, addresses
from .draft import Draft, Update
from .envelope import signature
from .http_client import Reply
from .incoming import Incoming
from .kinds import KINDS
from .media import Media, MediaShelf, file_of, kind_of
from .plans import Plan
from .record import DEFAULT_LIMIT, Record
from .scenario import NumberEntry, Scenario
from .traffic import Traffic
from .upstream import Upstream
from .webhook_sender import WebhookSender
from .wire import Connection
from .world import World

_CUSTOMERS = 50
_OPTIONS = frozenset(
    {"wamid", "bsuid_only", "group", "reply_to", "forwarded", "data", "mime_type", "filename"},
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What ``send`` made: the id of its (first) message, "" when it has none, and its (first) media, if any."""

    wamid: str
    media: Media | None
    update: Update


class Platform:
    """Meta's platform on a loopback port: Graph, the file server, the webhook sender and a control endpoint.

    ``seed`` makes every choice repeatable. ``tls`` is a context, or certificate and key files. ``start`` is the Unix
    time at which the simulated clock begins. ``record`` off keeps totals only; ``record_limit`` bounds the rest.
    ``media_host`` stands in urls to files in place of the host that was bound, ``graph_host`` in Graph's. It listens on
    ``doors`` addresses from ``host`` on, each of which is servers of its own; urls to files without a host have them in
    turn.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        record: bool = True,
        record_limit: int = DEFAULT_LIMIT,
        tls: ssl.SSLContext | tuple[str, str] | None = None,
        start: float | None = None,
        media_host: str | None = None,
        graph_host: str | None = None,
        doors: int = 1,
    ) -> None:
        self.scenario = scenario or Scenario()
        self.seed = seed
        self.clock = SimClock(self.scenario.speed, start)
        self.record = Record(limit=record_limit, enabled=record)
        self.world = World(seed, self.clock, self.scenario.rules, MediaShelf(seed))
        self._tls = _context(tls)
        self._doors = Doors(addresses(host, doors), port, self._tls)
        self._media_host = media_host
        self._graph_host = graph_host
        self._upstream = Upstream(self.world, self.record, self.scenario.servers, doors=doors)
        self._sender = WebhookSender(self.world, self.record, self.scenario.webhooks)
        self._control = Control(self)
        self._random = Random(f"{seed} customers")
        self._serial = 0
        self._connections = 0

    # --- life ---

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        await self._doors.open(self._connect)
        self.port = self._doors.port
        host, *others = self._doors.hosts
        reachable = "127.0.0.1" if host in {"", "0.0.0.0"} else "::1" if host == "::" else host  # noqa: S104
        self._own_url = self._origin(reachable)
        self.world.base_url = self._origin(self._graph_host or reachable)
        self.world.media_url = self._origin(self._media_host or reachable)
        if others and self._media_host is None:
            self.world.media_urls = tuple(map(self._origin, self._doors.hosts))
        self._enlist(self.scenario)

    async def stop(self) -> None:
        """Cut all connections and stop sending."""
        await self._sender.close()
        self._doors.close()
        for connection in tuple(self._upstream.open):
            await connection.cut()
        await self._doors.wait_closed()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    @property
    def graph_url(self) -> str:
        """Scheme, host and port of Graph."""
        return self.world.base_url

    @property
    def media_hosts(self) -> list[str]:
        """The hosts that urls to files name."""
        urls = self.world.media_urls or (self.world.media_url,)
        return [url.partition("://")[2].rpartition(":")[0].strip("[]") for url in urls]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it listens."""
        return self._doors.hosts

    @property
    def control_url(self) -> str:
        """Where other processes steer this platform."""
        return self._own_url + PREFIX

    # --- who there is ---

    def add_token(self, name: str, text: str) -> None:
        """Accept this token from now on, and call it so."""
        self.world.tokens.add(name, text)

    def revoke_token(self, name: str) -> None:
        """Answer this token with code 190 from now on. Raises KeyError."""
        self.world.tokens.revoke(name)

    def restore_token(self, name: str) -> None:
        """Accept this token again."""
        self.world.tokens.restore(name)

    def add_number(
        self,
        phone_number_id: str,
        *,
        app_secret: bytes,
        callback: str,
        token: str,
        waba: str = "100000000000001",
        display: str = "15550009876",
        no_storage: bool = False,
    ) -> Number:
        """Register a business number, or change it; ``token`` is the name of the one that may read its media."""
        number = Number(phone_number_id, waba, display, callback, app_secret, no_storage)
        self._sender.courier(callback)  # a callback that is no address is refused here
        self.world.numbers[phone_number_id] = number
        self.world.tokens.grant(token, phone_number_id)
        return number

    def enlist(self, entry: NumberEntry) -> Number:
        """Register a number as a scenario names it."""
        fields = msgspec.structs.asdict(entry)
        return self.add_number(**{**fields, "app_secret": entry.app_secret.encode()})

    # --- files and messages ---

    def upload(
        self,
        data: bytes,
        mime_type: str,
        *,
        number: str | None = None,
        filename: str | None = None,
        inbound: bool = True,
    ) -> Media:
        """Put a file on the platform without telling anybody. Not ``inbound``: as if the business had uploaded it."""
        owner = self.world.numbers[number] if number is not None else None
        file = file_of(data, mime_type, filename)
        return self.world.shelf.add(file, kind=kind_of(mime_type), number=owner, now=self.clock.now(), inbound=inbound)

    def make(self, number_id: str, kind: str, *, customer: int = 0, at: float | None = None, **extra: Any) -> Sent:
        """Make an update of this kind without sending it: its files are there, its webhook is not.

        ``extra``: ``data``, ``mime_type``, ``filename``, ``wamid``, ``bsuid_only``, ``group``, ``reply_to``,
        ``forwarded``, and the keywords of the kind itself (see ``KINDS``). Raises KeyError for an unknown number or
        kind, TypeError for an unknown keyword.
        """
        maker, number = KINDS[kind], self.world.numbers[number_id]
        self._serial += 1
        draft = Draft(
            world=self.world,
            webhooks=self._sender.rules,
            number=number,
            customer=accounts.customer(customer),
            at=self.clock.now() if at is None else at,
            random=self._random,
            serial=self._serial,
            **{name: extra.pop(name) for name in tuple(extra) if name in _OPTIONS},
        )
        update = maker(draft, **extra)
        return Sent(next(iter(update.message_ids), ""), next(iter(update.media), None), update)

    async def send(self, number_id: str, kind: str = "text", *, customer: int = 0, **extra: Any) -> Sent:
        """Make an update and queue its webhook, which is sent until it was answered 200; see ``make``."""
        sent = self.make(number_id, kind, customer=customer, **extra)
        self._sender.submit(sent.update)
        return sent

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[None]:
        """Everything that is sent inside goes out in one body for each app."""
        with self._sender.together():
            yield

    def resend(self, *sent: Sent) -> None:
        """Queue the webhook of what was made or sent once more, as one body for each app."""
        self._sender.submit_together([one.update for one in sent])

    async def drain(self, timeout_s: float = 10.0, *, hurry: bool = False) -> None:
        """Wait until every webhook was answered 200 (or given up after seven days). Raises TimeoutError.

        ``hurry`` does not wait for the delays of redelivery.
        """
        await self._sender.drain(timeout_s, hurry=hurry)

    @property
    def outstanding(self) -> int:
        """Webhook bodies that were not answered 200 yet."""
        return self._sender.outstanding

    async def deliver_body(
        self,
        number_id: str,
        body: bytes,
        *,
        secret: bytes | None = None,
        signed: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> Reply:
        """POST these bytes to a number's callback, once, outside the record.

        Signed with the app's secret, with another ``secret``, or with ``signed`` as the header ("" for none).
        """
        number = self.world.numbers[number_id]
        value = signature(secret or number.app_secret, body) if signed is None else signed or None
        courier = self._sender.courier(number.callback)
        return await courier.post(body, value, dict(headers or {}), timeout_s)

    async def verify(self, number_id: str, verify_token: str, *, challenge: str = "1158201444") -> bool:
        """Shake hands with a number's callback as when it is subscribed: whether it echoes the challenge."""
        query = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token})
        reply = await self._sender.courier(self.world.numbers[number_id].callback).get(query, 10.0)
        return reply.status == 200 and reply.body == challenge.encode()

    async def traffic(
        self,
        messages: int,
        rate_per_s: float,
        mix: Mapping[str, float] | None = None,
        *,
        numbers: list[str] | None = None,
        customers: int = _CUSTOMERS,
    ) -> list[Sent]:
        """Many messages at so many per real second (0 messages: without end), of kinds by share; all that were sent."""
        return await Traffic(self, mix, numbers=numbers, customers=customers).run(messages, rate_per_s)

    def own_traffic(self) -> Coroutine[Any, Any, list[Sent]] | None:
        """The traffic that the scenario asks for, ready to be run; None when it asks for none. Raises ValueError."""
        told = self.scenario.traffic
        if told is None:
            return None
        return Traffic(self, told.mix, numbers=None, customers=_CUSTOMERS).run(told.messages, told.rate_per_s)

    # --- steering ---

    def set_scenario(self, scenario: Scenario) -> None:
        """From now on another fleet, other rules and webhooks; tokens and numbers that it names are added."""
        if scenario.speed != self.clock.speed:
            self.clock.set_speed(scenario.speed)
        self.scenario = scenario
        self.world.rules = scenario.rules
        self._sender.rules = scenario.webhooks
        self._upstream.use(scenario.servers)
        self._enlist(scenario)

    def hang_up(self) -> None:
        """End every connection on which nothing is under way: whoever comes back connects anew."""
        for connection in tuple(self._upstream.open):
            connection.leave()

    # --- the site of every connection ---

    def connected(self, connection: Connection) -> None:
        """See ``wire.Site``."""
        connection.door = self._doors.number(connection.address)
        self._upstream.connected(connection)

    def disconnected(self, connection: Connection) -> None:
        """See ``wire.Site``."""
        self._upstream.disconnected(connection)

    def malformed(self, why: str, connection: Connection) -> None:
        """See ``wire.Site``."""
        self._upstream.malformed(why, connection)

    def answer(self, request: Incoming, connection: Connection) -> Plan | Awaitable[Plan]:
        """See ``wire.Site``: the control endpoint, or the fleet."""
        if request.target.startswith(PREFIX):
            return self._control.answer(request, connection.client)
        return self._upstream.answer(request, connection)

    def _connect(self) -> Connection:
        self._connections += 1
        return Connection(self, self._connections)

    def _origin(self, host: str) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def _enlist(self, scenario: Scenario) -> None:
        for token in scenario.tokens:
            self.add_token(token.name, token.value)
        for entry in scenario.numbers:
            self.enlist(entry)


def _context(tls: ssl.SSLContext | tuple[str, str] | None) -> ssl.SSLContext | None:
    if tls is None or isinstance(tls, ssl.SSLContext):
        return tls
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls)
    return context
