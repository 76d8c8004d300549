"""The fleet at work: takes a request, finds its server, its case and its fault, and says what goes on the wire.

It is the ``Site`` of every connection to Graph and to the file server, and writes the record. What an honest answer
is, the two hops decide; what a fault makes of it, ``misbehave`` does. Owned by the Platform.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from . import graph_errors
from .block import Block
from .case import Case, case_of
from .download import download
from .fleet import Fleet, Machine
from .graph_errors import coded
from .incoming import Incoming, Override, without_token
from .lookup import look_up
from .misbehave import FORMS, Facts, instead, late, spoilt, striking
from .plans import Answer, Plan, plainly
from .record import Record, Request
from .scenario import FaultRule, Server
from .uploading import upload
from .wire import Connection
from .world import World

_SECRETS = frozenset({"authorization", "proxy-authorization", "cookie"})
_TOKEN_PARAMETERS = frozenset({"access_token", "appsecret_proof"})
_SERVED_BY = "X-Served-By"  # fleets name the server in one header or another
_UNKNOWN_PATH = ("Unknown path components", "OAuthException", 2500)


class Upstream:
    """Graph and the file server, behind a fleet."""

    def __init__(self, world: World, record: Record, servers: tuple[Server, ...], *, doors: int = 1) -> None:
        self._world = world
        self._record = record
        self._doors = doors
        self._fleet = Fleet(servers, world.seed, doors=doors)
        self._block = Block()
        self.open: set[Connection] = set()

    def use(self, servers: tuple[Server, ...]) -> None:
        """Another fleet from now on; open connections move to one of its servers."""
        self._fleet = Fleet(servers, self._world.seed, doors=self._doors)
        for connection in self.open:
            connection.server = None

    def connected(self, connection: Connection) -> None:
        """A client has connected: it ends at one of the servers."""
        self.open.add(connection)
        self._record.connections += 1

    def disconnected(self, connection: Connection) -> None:
        """It has gone."""
        self.open.discard(connection)

    def malformed(self, why: str, connection: Connection) -> None:
        """Put on record what is not HTTP."""
        machine = self._machine(connection)
        case = Case(Incoming("", why, []), "other", "", None, None, stranger=False, override=Override(None), trace="")
        self._write_down(case, connection, machine, None, 400, hop="malformed")

    def answer(self, request: Incoming, connection: Connection) -> Plan:
        """What goes on the wire for a request to Graph or the file server."""
        if self._world.rules.balance == "request":
            connection.server = None
        machine = self._machine(connection)
        case = case_of(request, self._world)
        rule, wait_s = None, 0.0
        if case.place in {"lookup", "download"}:
            nth = self._count(case)
            if machine.faults:
                facts = self._facts(case, nth)
                rule, wait_s = striking(machine.faults, facts, self._draw(facts))
        plan = self._plan(case, machine, rule)
        if case.place == "lookup" and plan.status >= 400:
            self._block.error(self._payer(case), self._world.clock.now(), self._world.rules)
        self._write_down(case, connection, machine, rule.fault if rule else None, plan.status)
        return late(plan, wait_s)

    def _machine(self, connection: Connection) -> Machine:
        if connection.server is None:
            connection.server = self._fleet.choose(connection.door)
        assert isinstance(connection.server, Machine)
        return connection.server

    def _plan(self, case: Case, machine: Machine, rule: FaultRule | None) -> Plan:
        if rule is None or rule.fault in FORMS:
            return plainly(self._honest(case, rule), f"{_SERVED_BY}: {machine.name}")
        ready = instead(rule, self._facts(case, 0))
        if isinstance(ready, Plan):
            return ready
        if ready is not None:
            return plainly(ready, f"{_SERVED_BY}: {machine.name}")
        answer = self._honest(case, None)
        return spoilt(rule, replace(answer, headers={**answer.headers, _SERVED_BY: machine.name}))

    def _honest(self, case: Case, form: FaultRule | None) -> Answer:
        """The answer that the rules of the platform ask for."""
        world = self._world
        if case.request.method == "HEAD":  # whatever the answer, it may have no body
            return Answer(400, b"")
        match case.place:
            case "lookup":
                left_s = self._block.left_s(self._payer(case), world.clock.now())
                if left_s:
                    return coded(429, 4, case.trace, {"Retry-After": str(int(left_s) + 1)})
                way = FORMS[form.fault] if form else None
                return look_up(case, world, override=way, status=form.status if form else None)
            case "download":
                return download(case, world)
            case "upload":
                return upload(case, world)
            case "other":
                return graph_errors.error(400, *_UNKNOWN_PATH, case.trace)

    def _payer(self, case: Case) -> str:
        """Whose errors these are: the media's number, or the token when no such media is known."""
        if case.media is not None and case.media.number is not None:
            return case.media.number.phone_number_id
        return f"token {case.token_label}"

    def _count(self, case: Case) -> int:
        if case.media is None:
            return 1
        nth = case.media.asked.get(case.place, 0) + 1
        case.media.asked[case.place] = nth
        return nth

    def _facts(self, case: Case, nth: int) -> Facts:
        number = case.media.number if case.media else None
        return Facts(
            hop=case.place,
            kind=case.media.kind if case.media else None,
            number=number.phone_number_id if number else None,
            token=case.token,
            tunnelled=case.tunnelled,
            nth=nth,
            since_start_s=self._world.clock.since_start_s(),
            trace=case.trace,
            waba=number.waba if number else "0",
            object_id=case.object_id,
            target=without_token(case.request.target, "hidden"),
        )

    def _draw(self, facts: Facts) -> Callable[[int], float]:
        """Chance that depends on seed, media, hop, number of the request and place of the rule, and on nothing else."""

        def draw(place: int) -> float:
            what = f"{self._world.seed} {facts.object_id} {facts.hop} {facts.nth} {place}"
            return int.from_bytes(hashlib.blake2s(what.encode(), digest_size=7).digest(), "big") / 2**56

        return draw

    def _write_down(
        self, case: Case, connection: Connection, machine: Machine, fault: str | None, status: int, hop: str = ""
    ) -> None:
        record = self._record
        record.seen += 1
        record.totals[hop or case.place, status] += 1
        if fault is not None:
            record.faults[fault] += 1
        if not record.enabled:
            return
        request = case.request
        record.requests.append(
            Request(
                number=record.seen,
                at=self._world.clock.now(),
                hop="malformed" if hop else case.place,
                method=request.method,
                target=without_token(request.target, case.token_label or "none"),
                headers=tuple(header for header in request.headers if header[0] not in _SECRETS),
                parameters=_without_secrets(request) if request.body else (),
                body_bytes=len(request.body),
                token=case.token_label,
                media_id=case.object_id,
                server=machine.name,
                server_index=machine.index,
                connection=connection.number,
                address=connection.address,
                nth=connection.requests,
                fault=fault,
                status=status,
            )
        )


def _without_secrets(request: Incoming) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in request.form() if pair[0] not in _TOKEN_PARAMETERS)
