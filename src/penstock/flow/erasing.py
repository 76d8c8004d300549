"""Erases one customer: looks everywhere for what is kept of them, says how much it is, and takes it away step by step.

Safe beside a running instance: each step is short, and a customer who writes meanwhile is looked for again. It may be
cut off anywhere and begun again: the names that lead to everything else are given up last. For ``penstock erase``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

import msgspec

from penstock.adapters.blobs.port import Attic
from penstock.core import redaction
from penstock.core.errors import NotFound, WrongUse
from penstock.core.redaction import Who
from penstock.flow.discarding import discard
from penstock.ledger.audit_log import Entry
from penstock.ledger.book import Ledger
from penstock.ledger.burying import Buried
from penstock.ledger.erasing import Scope, Status, Subject, first_status
from penstock.ledger.journal import UNDER_WAY

_BODIES = 1_000  # looked through at once
_REDACTED = 20  # bodies of one breath
_MESSAGES = 50  # of one transaction: webhooks wait for so long at most
_STATUSES = 1_000
_EVENTS = 2_000
_ROUNDS = 5  # a customer who goes on writing is looked for so often

Tell = Callable[[str, int], None]  # what is done, and how much of it


class Wish(NamedTuple):
    """What is to be erased, who wishes it and why."""

    contact: str
    workspace: str | None
    who: str
    why: str


class Found(msgspec.Struct, frozen=True):
    """How much of a customer there is, or was taken away. Nothing in it tells who it is."""

    conversations: int = 0
    messages: int = 0
    files: int = 0
    bytes: int = 0
    statuses: int = 0
    imports: int = 0
    bodies: int = 0  # that are redacted
    events: int = 0

    def plus(self, **more: int) -> "Found":
        """With some counts raised."""
        return msgspec.structs.replace(self, **{name: getattr(self, name) + count for name, count in more.items()})


class Erased(NamedTuple):
    """What an erasure did."""

    found: Found
    bytes_later: int  # files whose bytes go when whoever was fetching them has let go
    writes_on: bool  # the customer went on writing: there is something again


async def look(ledger: Ledger, wish: Wish, *, tell: Tell = lambda _what, _done: None) -> Found:
    """Count what an erasure would take away; nothing is changed. Raises WrongUse or NotFound."""
    return await _Search(ledger, await _scope(ledger, wish), tell).look(_aliases(wish))


async def erase(
    ledger: Ledger,
    blobs: Attic,
    wish: Wish,
    *,
    breath_s: float = 0.0,
    tell: Tell = lambda _what, _done: None,
) -> Erased:
    """Take away everything that is kept of a customer. ``breath_s`` is left to others between two steps.

    That it is begun is in the audit log before anything else happens, and what it did once it is done.
    Raises WrongUse, NotFound, OSError or Unreachable.
    """
    scope, aliases = await _scope(ledger, wish), _aliases(wish)
    subject: dict[str, object] = {"workspace": wish.workspace or "all of them"}
    begun = await ledger.audit_log.append(
        Entry(wish.who, "customer.erasing", subject, wish.why), now=await ledger.now()
    )
    erasure = _Erasure(ledger, scope, tell, why=wish.why, breath_s=breath_s)
    found = await erasure.run(aliases)
    await discard(ledger, blobs)
    after = {**msgspec.structs.asdict(found), "begun_by": begun}
    await ledger.audit_log.append(
        Entry(wish.who, "customer.erased", subject, wish.why, None, after), now=await ledger.now()
    )
    return Erased(found, await ledger.keeping.count_doomed(), erasure.writes_on)


def _aliases(wish: Wish) -> tuple[str, ...]:
    """The names to begin with. Raises WrongUse; no message repeats them."""
    aliases = redaction.who(wish.contact)
    if not aliases:
        raise WrongUse("a contact is a phone number with its country code, or the id that Meta gives a user")
    names = frozenset(alias.partition(":")[2] for alias in aliases)
    written = "".join(each for each in wish.why if each.isdigit())
    if wish.contact.strip() in wish.why or any(name in wish.why or name in written for name in names):
        raise WrongUse("leave the contact out of the reason: the reason is kept, and the contact is to be erased")
    return aliases


async def _scope(ledger: Ledger, wish: Wish) -> Scope:
    row = 0
    if wish.workspace is not None:
        known = {facts["name"]: facts["id"] for facts in await ledger.provisioning.workspaces()}
        if wish.workspace not in known:
            raise NotFound(f"there is no workspace {wish.workspace[:80]!r}; `penstock workspace list` shows them")
        row = int(str(known[wish.workspace]))
    return await ledger.erasing.scope(wish.workspace, row)


class _Search:
    """Goes everywhere where something of a customer may be."""

    def __init__(self, ledger: Ledger, scope: Scope, tell: Tell) -> None:
        self._ledger = ledger
        self._store = ledger.erasing
        self._scope = scope
        self._tell = tell
        self.found = Found()

    async def look(self, aliases: Iterable[str]) -> Found:
        """Count, and change nothing."""
        subject = await self._store.subject(tuple(aliases), self._scope)
        for conversation_id in subject.conversations:
            standing = await self._store.standing(conversation_id)
            self._count(conversations=1, messages=standing.messages, files=standing.files, bytes=standing.bytes)
        await self._in_groups(subject.person, self._count_messages)
        await self._statuses(subject.person, self._count_statuses)
        imported = await self._store.imported(subject.person, self._scope)
        self._count(imports=len(imported))
        await self._bodies(subject.person, 0, self._count_bodies)
        return self.found

    def _count(self, **more: int) -> None:
        self.found = self.found.plus(**more)

    async def _count_messages(self, rows: list[int]) -> None:
        self._count(messages=len(rows))

    async def _count_statuses(self, statuses: list[Status]) -> None:
        self._count(statuses=len(statuses))

    async def _count_bodies(self, ids: list[int]) -> None:
        self._count(bodies=len(ids))

    # -- the ways through it ----------------------------------------------------------------

    async def _in_groups(self, person: Who, take: Callable[[list[int]], Awaitable[None]]) -> None:
        """What the customer wrote in groups."""
        after = 0
        while groups := await self._store.groups(self._scope, after=after):
            for group in groups:
                after = group
                place: tuple[float, int] | None = (float("-inf"), 0)
                while place is not None:
                    theirs, place = await self._store.in_group(group, person, place=place, limit=_MESSAGES)
                    await take(theirs)

    async def _statuses(self, person: Who, take: Callable[[list[Status]], Awaitable[None]]) -> None:
        """What became of messages to the customer, number by number."""
        for number_id in sorted(self._scope.registrations):
            place = first_status(number_id)
            while True:
                theirs, further = await self._store.statuses(person, place, limit=_STATUSES)
                await take(theirs)
                if further is None:
                    break
                place = further

    async def _bodies(self, person: Who, after: int, take: Callable[[list[int]], Awaitable[None]]) -> int:
        """The journal behind a place, up to its end; where that is."""
        looked = 0
        while True:
            last, count = await self._store.stretch(after=after, limit=_BODIES)
            if not count:
                return after
            await take(await self._store.bodies(person, self._scope, after=after, last=last))
            after, looked = last, looked + count
            self._tell("webhooks looked through", looked)


class _Erasure(_Search):
    """Takes away what it finds, in an order in which nothing is forgotten when it is cut off.

    The journal and the statuses first, for only the names lead there; then the messages, with which the conversation
    and its names go; then the end of the journal once more, for what came meanwhile.
    """

    def __init__(self, ledger: Ledger, scope: Scope, tell: Tell, *, why: str, breath_s: float) -> None:
        super().__init__(ledger, scope, tell)
        self._why = why
        self._breath_s = breath_s
        self._person = Who()
        self.writes_on = True

    async def run(self, aliases: Iterable[str]) -> Found:
        """Until nothing is found any more."""
        known, end = tuple(aliases), 0
        for _ in range(_ROUNDS):
            subject = await self._store.subject(known, self._scope)
            self._person = Who(self._person.names | subject.person.names)
            end = await self._journal(end)
            await self._statuses(self._person, self._forget_statuses)
            end = await self._journal(end)
            await self._messages(subject)
            end = await self._journal(end)
            self.writes_on = bool((await self._store.subject(known, self._scope)).conversations)
            if not self.writes_on:
                break
        await self._events()
        return self.found

    async def _journal(self, end: int) -> int:
        """Redact what is behind a place, and what was under way when it was reached."""
        return await self._bodies(self._person, max(0, end - UNDER_WAY), self._redact)

    async def _redact(self, ids: list[int]) -> None:
        for number, id_ in enumerate(ids):
            now = await self._ledger.now()
            done = await self._store.redact(id_, self._person, self._scope, why=self._why, now=now)
            self._count(bodies=int(done))
            if number % _REDACTED == _REDACTED - 1:
                await self._breathe()

    async def _forget_statuses(self, statuses: list[Status]) -> None:
        if statuses:
            self._count(statuses=await self._store.forget_statuses(statuses))
            await self._breathe()

    async def _messages(self, subject: Subject) -> None:
        for conversation_id in subject.conversations:
            self._count(conversations=1, bytes=(await self._store.standing(conversation_id)).bytes)
            while rows := await self._store.messages(conversation_id, limit=_MESSAGES):
                await self._erase(rows)
            await self._store.close(conversation_id)
        await self._in_groups(self._person, self._erase)
        imported = await self._store.imported(self._person, self._scope)
        for start in range(0, len(imported), _MESSAGES):
            await self._erase(imported[start : start + _MESSAGES])

    async def _erase(self, rows: list[int]) -> None:
        if not rows:
            return
        buried: Buried = await self._store.erase(rows, now=await self._ledger.now())
        self._count(messages=buried.messages, files=buried.files, imports=buried.imports)
        self._tell("messages erased", self.found.messages)
        await self._breathe()

    async def _events(self) -> None:
        after: int | None = 0
        while after is not None:
            gone, after = await self._store.sweep_events(after=after, limit=_EVENTS)
            self._count(events=gone)
            if gone:
                await self._breathe()

    async def _breathe(self) -> None:
        await asyncio.sleep(self._breath_s)
