"""Delivers webhook bodies to one callback: several at a time, again with rising delays until 200, for seven days.

A body that was handed over is never forgotten: it is waiting, delivered or given up, and the record says which. Times
of redelivery are simulated. The sender has one courier for each callback, so that a dead one holds up no other.
"""

import asyncio
import hashlib
import heapq
import itertools
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from .clock import SimClock
from .envelope import Body, legacy_signature, signature
from .http_client import HttpClient, Reply
from .record import Attempt, Delivery, Record
from .scenario import Webhooks

_AGENT = "facebookexternalua"


class Office(Protocol):
    """What a courier needs of the sender that employs it."""

    @property
    def rules(self) -> Webhooks:
        """How webhooks are sent at this moment."""

    def settled(self) -> None:
        """A body was delivered or given up."""

    def renewed(self, data: bytes) -> bytes:
        """The body as it is sent again."""


@dataclass(slots=True)
class _Job:
    body: Body
    delivery: Delivery
    first_at: float | None = None


class Courier:
    """The deliveries to one callback."""

    def __init__(self, callback: str, office: Office, clock: SimClock, record: Record) -> None:
        parts = urlsplit(callback)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._client = HttpClient(callback)
        self._office = office
        self._clock = clock
        self._record = record
        self._due: list[tuple[float, int, _Job]] = []
        self._order = itertools.count()
        self._busy: set[asyncio.Task[None]] = set()
        self._alarm: tuple[float, asyncio.Task[None]] | None = None

    def take(self, body: Body, number: int) -> Delivery:
        """Begin to deliver this body."""
        delivery = Delivery(
            number=number,
            callback=body.callback,
            phone_number_ids=body.phone_number_ids,
            message_ids=body.message_ids,
            media_ids=body.media_ids,
            size_bytes=len(body.data),
            sha256=hashlib.sha256(body.data).hexdigest(),
            created_at=self._clock.now(),
        )
        self._record.deliveries.append(delivery)
        self._put(self._clock.now(), _Job(body, delivery))
        self._go()
        return delivery

    async def post(self, data: bytes, signed: str | None, more: dict[str, str], timeout_s: float) -> Reply:
        """One POST of raw bytes, outside of all bookkeeping."""
        headers = {"User-Agent": _AGENT, "Accept": "*/*", "Content-Type": "application/json"}
        if signed is not None:
            headers["X-Hub-Signature-256"] = signed
        return await self._client.request("POST", self._target, {**headers, **more}, data, timeout_s=timeout_s)

    async def get(self, query: str, timeout_s: float) -> Reply:
        """One GET of the callback, as when it is verified."""
        target = f"{self._target}{'&' if '?' in self._target else '?'}{query}"
        return await self._client.request("GET", target, {"User-Agent": _AGENT}, b"", timeout_s=timeout_s)

    def hurry(self) -> None:
        """Everything that waits to be sent again is due now."""
        now = self._clock.now()
        self._due = [(min(due, now), order, job) for due, order, job in self._due]
        heapq.heapify(self._due)
        self._go()

    async def close(self) -> None:
        """Stop; what was not delivered stays undelivered."""
        self._due.clear()
        tasks = {*self._busy, *([self._alarm[1]] if self._alarm else ())}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._client.close()

    def _put(self, due: float, job: _Job) -> None:
        heapq.heappush(self._due, (due, next(self._order), job))

    def _go(self) -> None:
        """Start what is due, as far as there are connections; set the alarm for what is due next."""
        now = self._clock.now()
        while self._due and self._due[0][0] <= now and len(self._busy) < self._office.rules.concurrency:
            _, _, job = heapq.heappop(self._due)
            task = asyncio.get_running_loop().create_task(self._deliver(job))
            self._busy.add(task)
            task.add_done_callback(self._done)
        if self._due and self._due[0][0] > now:
            self._set_alarm(self._due[0][0])

    def _done(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if not task.cancelled():
            task.result()
            self._go()

    def _set_alarm(self, due: float) -> None:
        if self._alarm is not None:
            if self._alarm[0] == due:
                return
            self._alarm[1].cancel()
        self._alarm = (due, asyncio.get_running_loop().create_task(self._wake_at(due)))

    async def _wake_at(self, due: float) -> None:
        await self._clock.sleep_until(due)
        self._alarm = None
        self._go()

    async def _deliver(self, job: _Job) -> None:
        rules = self._office.rules
        started_at, started_s = self._clock.now(), asyncio.get_running_loop().time()
        job.first_at = job.first_at or started_at
        if job.delivery.attempts:
            job.body = replace(job.body, data=self._office.renewed(job.body.data))
        body = job.body
        more = {"X-Hub-Signature": legacy_signature(body.secret, body.data)} if rules.legacy_signature else {}
        reply = await self.post(body.data, signature(body.secret, body.data), more, rules.answer_timeout_s)
        took_s = asyncio.get_running_loop().time() - started_s
        job.delivery.attempts.append(Attempt(at=started_at, took_s=took_s, status=reply.status, error=reply.error))
        if reply.status == 200:
            job.delivery.state = "delivered"
        elif self._clock.now() - job.first_at >= rules.give_up_after_s:
            job.delivery.state = "given-up"
        else:
            delays = rules.retry_delays_s or (0.0,)
            delay_s = delays[min(len(job.delivery.attempts), len(delays)) - 1]
            self._put(self._clock.now() + delay_s, job)
            return
        self._office.settled()
