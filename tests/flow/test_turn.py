"""One claim's way: which hop comes next, what is kept for a retry, and what a turn never does."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.core import blobkey
from penstock.core.budget import Limit
from penstock.core.exchange import Exchange, Found, Received, Trouble
from penstock.core.wire import Wire
from penstock.core.work import Attached, Attempt, Claim, Outcome, PutBack, RetryLater
from penstock.flow.sockets import Chosen, NoGates, Permit, Wait
from penstock.flow.turn import Turn

NOW = 1_795_600_000.0
CLAIM = Claim(
    id=7,
    fence=1,
    workspace_id=1,
    workspace="acme",
    number_id=1,
    phone_number_id="100000000000002",
    app="main",
    credential_id=1,
    credential="token-a",
    kind="image",
    media_id="1000000000000101",
    wamid="wamid.X",
    received_at=NOW - 60,
    deadline=NOW + 604_000,
    attempts=0,
    declared_mime_type="image/jpeg",
    declared_sha256=b"\x01" * 32,
    declared_size=4,
)
FOUND = Found("https://lookaside.fbsbx.com/x", NOW + 300, "image/jpeg", b"\x02" * 32, 4)


def exchange(operation: str, **facts: Any) -> Exchange:
    return Exchange(operation=operation, declared_method="GET", wire_method="GET", at=NOW, duration_s=0.1, **facts)


LOOKED_UP = (exchange("media.look_up", status=200), FOUND)
BROUGHT = (exchange("media.download", status=200), Received(4, b"\x02" * 32, b"\xff\xd8\xff\xe0"))
UNAVAILABLE = (exchange("media.look_up", status=503), None)
NO_SUCH_URL = (exchange("media.download", status=404), None)
CUT_SHORT = (exchange("media.download", status=200, trouble=Trouble.CUT_SHORT), None)


@dataclasses.dataclass
class Script:
    """A Graph whose answers are written down beforehand: a turn is about their order, not about HTTP."""

    look_ups: list[Any]
    downloads: list[Any]
    asked: list[Any] = dataclasses.field(default_factory=list)
    allowed: bool = True
    probes: list[bool] = dataclasses.field(default_factory=list)
    wires: list[Any] = dataclasses.field(default_factory=list)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def look_up(
        self, media_id: str, *, token: str, probe: bool = False, wire: Wire | None = None
    ) -> tuple[Exchange, Found | None]:
        self.wires.append(wire)
        self.asked.append(("look_up", media_id, token))
        self.probes.append(probe)
        answer: tuple[Exchange, Found | None] = self.look_ups.pop(0)
        return answer

    async def download(
        self,
        url: str,
        *,
        token: str,
        write: Callable[[bytes], Awaitable[None]],
        sha256: bytes | None,
        size: int | None,
        probe: bool = False,
        wire: Wire | None = None,
    ) -> tuple[Exchange, Received | None]:
        self.wires.append(wire)
        self.probes.append(probe)
        self.asked.append(("download", url, sha256, size))
        await write(b"data")
        answer: tuple[Exchange, Received | None] = self.downloads.pop(0)
        return answer

    def may_download(self, url: str) -> bool:
        return self.allowed


@pytest.fixture
async def take(tmp_path: Path) -> Any:
    blobs = DiskBlobs(tmp_path / "blobs")
    await blobs.start()

    async def run(
        graph: Script,
        claim: Claim = CLAIM,
        *,
        token: str | None = "EAAG",
        gates: Any = None,
        recipes: Any = None,
        tracer: Any = None,
    ) -> Any:
        async def clock() -> float:
            return NOW

        turn = Turn(graph, blobs, gates or NoGates(), jitter=lambda: 0.5, recipes=recipes, tracer=tracer)
        return await turn.take(claim, token, clock=clock)

    run.blobs = blobs  # type: ignore[attr-defined]
    yield run
    await blobs.stop()


async def test_a_good_day_is_a_look_up_a_download_and_a_file(take: Any) -> None:
    graph = Script([LOOKED_UP], [BROUGHT])
    outcomes = await take(graph)
    assert outcomes.ending == Attached(4, b"\x02" * 32, "image/jpeg")
    assert [attempt.outcome for attempt in outcomes.attempts] == [Outcome.DELIVERED, Outcome.DELIVERED]
    assert await take.blobs.size(blobkey.key(7)) == 4
    assert graph.asked == [
        ("look_up", "1000000000000101", "EAAG"),
        ("download", FOUND.url, FOUND.sha256, FOUND.size),
    ]


async def test_what_the_look_up_does_not_say_the_webhook_declared(take: Any) -> None:
    graph = Script([(LOOKED_UP[0], Found(FOUND.url, FOUND.url_expires_at))], [BROUGHT])
    await take(graph)
    assert graph.asked[-1] == ("download", FOUND.url, CLAIM.declared_sha256, CLAIM.declared_size)


async def test_a_living_url_saves_the_look_up_and_a_dying_one_does_not(take: Any) -> None:
    living = msgspec.structs.replace(CLAIM, url="https://lookaside.fbsbx.com/h", url_expires_at=NOW + 100)
    graph = Script([], [BROUGHT])
    assert isinstance((await take(graph, living)).ending, Attached)
    dying = msgspec.structs.replace(living, url_expires_at=NOW + 5)
    graph = Script([LOOKED_UP], [BROUGHT])
    await take(graph, dying)
    assert [asked[0] for asked in graph.asked] == ["look_up", "download"]


async def test_a_url_on_a_host_that_is_not_allowed_is_not_used(take: Any) -> None:
    hinted = msgspec.structs.replace(CLAIM, url="https://evil.example/h", url_expires_at=NOW + 100)
    graph = Script([LOOKED_UP], [BROUGHT], allowed=False)
    await take(graph, hinted)
    assert graph.asked[1][1] == FOUND.url


async def test_a_dead_hint_is_followed_by_one_look_up_and_no_second_one(take: Any) -> None:
    hinted = msgspec.structs.replace(CLAIM, url="https://lookaside.fbsbx.com/h", url_expires_at=NOW + 100)
    graph = Script([LOOKED_UP], [NO_SUCH_URL, NO_SUCH_URL])
    outcomes = await take(graph, hinted)
    assert [asked[0] for asked in graph.asked] == ["download", "look_up", "download"]
    assert isinstance(outcomes.ending, RetryLater)
    assert outcomes.ending.url is None


async def test_a_failed_look_up_is_tried_again_later_and_nothing_is_downloaded(take: Any) -> None:
    graph = Script([UNAVAILABLE], [])
    outcomes = await take(graph)
    assert isinstance(outcomes.ending, RetryLater)
    assert outcomes.ending.outcome is Outcome.UPSTREAM
    assert len(outcomes.attempts) == 1


async def test_a_failed_download_keeps_the_url_and_leaves_no_file(take: Any) -> None:
    graph = Script([LOOKED_UP], [CUT_SHORT])
    outcomes = await take(graph)
    assert isinstance(outcomes.ending, RetryLater)
    assert (outcomes.ending.url, outcomes.ending.url_expires_at) == (FOUND.url, FOUND.url_expires_at)
    assert await take.blobs.size(blobkey.key(7)) is None


class Gates(NoGates):
    """What a test says of each hop: go on, or wait."""

    def __init__(self, **said: Permit | Wait) -> None:
        self.said = said
        self.asked: list[tuple[str, str | None]] = []

    def admit(self, claim: Claim, operation: str, now: float, *, host: str | None = None) -> Permit | Wait:
        self.asked.append((operation, host))
        return self.said.get(operation.removeprefix("media."), Permit())


async def test_before_each_hop_the_gates_are_asked_and_told_where_it_goes_once_that_is_known(take: Any) -> None:
    gates = Gates()
    await take(Script([LOOKED_UP], [BROUGHT]), gates=gates)
    assert gates.asked == [("media.look_up", None), ("media.download", "lookaside.fbsbx.com")]


async def test_a_shut_gate_before_the_look_up_spares_upstream_and_spends_no_budget(take: Any) -> None:
    graph = Script([], [])
    outcomes = await take(graph, gates=Gates(look_up=Wait(NOW + 1)))
    assert outcomes.ending == PutBack(NOW + 1)
    assert (outcomes.attempts, graph.asked) == ((), [])


async def test_a_gate_that_shuts_between_the_hops_leaves_the_look_up_on_record_and_the_attempt_unspent(
    take: Any,
) -> None:
    outcomes = await take(Script([LOOKED_UP], []), gates=Gates(download=Wait(NOW + 1)))
    assert outcomes.ending == PutBack(NOW + 1)
    assert [attempt.operation for attempt in outcomes.attempts] == ["media.look_up"]


async def test_a_probe_is_made_as_one(take: Any) -> None:
    graph = Script([LOOKED_UP], [BROUGHT])
    await take(graph, gates=Gates(download=Permit(probe=True)))
    assert graph.probes == [False, True]
    graph = Script([LOOKED_UP], [BROUGHT])
    await take(graph, gates=Gates(look_up=Permit(probe=True)))
    assert graph.probes == [True, False]


async def test_without_a_token_nothing_is_asked_and_nothing_is_spent(take: Any) -> None:
    graph = Script([], [])
    outcomes = await take(graph, token=None)
    assert isinstance(outcomes.ending, PutBack)
    assert graph.asked == []


async def test_a_disk_that_fails_at_the_end_is_our_own_trouble(take: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("penstock.adapters.blobs.disk.DiskUpload.commit", full)
    outcomes = await take(Script([LOOKED_UP], [BROUGHT]))
    assert isinstance(outcomes.ending, RetryLater)
    assert outcomes.ending.outcome is Outcome.LOCAL
    assert "No space left" in (outcomes.attempts[-1].detail or "")


# -- recipes --------------------------------------------------------------------------------------------------------

REFUSED = (exchange("media.look_up", trouble=Trouble.CONTRACT), None)
NOT_SENT = (exchange("media.download", trouble=Trouble.CONTRACT), None)


class InTurn:
    """Recipes that are chosen one after the other, each for one request; the last one goes on."""

    def __init__(self, *chosen: Chosen) -> None:
        self.left = list(chosen)
        self.asked = 0

    def choose(self, claim: Claim, now: float) -> Chosen:
        self.asked += 1
        return self.left[0]

    def taken_back(self) -> None:
        """The next one from now on."""
        self.left.pop(0)


class TakenBack(NoGates):
    """Gates before which the recipe is taken back, at the nth question."""

    def __init__(self, recipes: InTurn, nth: int) -> None:
        self.recipes, self.nth = recipes, nth

    def admit(self, claim: Claim, operation: str, now: float, *, host: str | None = None) -> Permit | Wait:
        self.nth -= 1
        if self.nth == 0:
            self.recipes.taken_back()
        return Permit()


def labels(outcomes: Any) -> list[tuple[str, str]]:
    return [(attempt.operation, attempt.recipe) for attempt in outcomes.attempts]


async def test_the_recipe_is_kept_with_every_attempt(take: Any) -> None:
    graph = Script([LOOKED_UP], [BROUGHT])
    recipes = InTurn(Chosen("fast/2", graph))
    outcomes = await take(graph, recipes=recipes)
    assert labels(outcomes) == [("media.look_up", "fast/2"), ("media.download", "fast/2")]
    assert recipes.asked == 4  # at the claim, before each of two requests, and when there is room for the file
    assert labels(await take(Script([LOOKED_UP], [BROUGHT])))[0][1] == "standard/1"


async def test_a_recipe_that_is_taken_back_between_the_hops_leaves_the_next_hop_to_the_one_before(take: Any) -> None:
    canary, usual = Script([LOOKED_UP], []), Script([], [BROUGHT])
    recipes = InTurn(Chosen("fast/2", canary), Chosen("standard/1", usual))
    outcomes = await take(canary, recipes=recipes, gates=TakenBack(recipes, 1))
    assert labels(outcomes) == [("media.look_up", "fast/2"), ("media.download", "standard/1")]
    assert outcomes.ending == Attached(4, b"\x02" * 32, "image/jpeg")


async def test_a_recipe_that_is_taken_back_just_before_a_download_sends_nothing_more(take: Any) -> None:
    canary, usual = Script([LOOKED_UP], []), Script([], [BROUGHT])
    recipes = InTurn(Chosen("fast/2", canary), Chosen("standard/1", usual))
    outcomes = await take(canary, recipes=recipes, gates=TakenBack(recipes, 2))  # as the download asks
    assert labels(outcomes) == [("media.look_up", "fast/2"), ("media.download", "standard/1")]
    assert [asked[0] for asked in canary.asked] == ["look_up"]


async def test_an_item_that_waits_for_a_place_goes_on_by_the_recipe_that_is_in_use_then(take: Any) -> None:
    canary, usual = Script([], []), Script([LOOKED_UP], [BROUGHT])
    places = asyncio.Semaphore(1)
    recipes = InTurn(Chosen("fast/2", canary, places=places), Chosen("standard/1", usual))
    async with places:
        waiting = asyncio.create_task(take(canary, recipes=recipes))
        while not places._waiters:
            await asyncio.sleep(0)
        recipes.taken_back()
    outcomes = await waiting
    assert labels(outcomes) == [("media.look_up", "standard/1"), ("media.download", "standard/1")]
    assert canary.asked == []


@pytest.mark.parametrize("hop", ["media.look_up", "media.download"])
async def test_an_item_whose_request_a_recipe_would_send_wrongly_goes_on_by_the_one_before(take: Any, hop: str) -> None:
    at_once = hop == "media.look_up"
    canary = Script([REFUSED] if at_once else [LOOKED_UP], [] if at_once else [NOT_SENT])
    usual = Script([LOOKED_UP] if at_once else [], [BROUGHT])
    before = Chosen("standard/1", usual)
    outcomes = await take(canary, recipes=InTurn(Chosen("fast/2", canary, instead=before)))

    assert isinstance(outcomes.ending, Attached)
    assert (hop, "fast/2") in labels(outcomes)
    assert [each.outcome for each in outcomes.attempts].count(Outcome.CONTRACT) == 1
    assert labels(outcomes)[-1] == ("media.download", "standard/1")
    assert len(usual.asked) == (2 if at_once else 1)


async def test_where_there_is_none_before_it_a_refused_request_waits(take: Any) -> None:
    graph = Script([REFUSED], [])
    outcomes = await take(graph, recipes=InTurn(Chosen("fast/2", graph)))
    assert isinstance(outcomes.ending, RetryLater)
    assert outcomes.ending.outcome is Outcome.CONTRACT


async def test_a_recipe_may_leave_the_webhooks_url_alone_but_not_that_of_a_look_up(take: Any) -> None:
    hinted = msgspec.structs.replace(CLAIM, url="https://lookaside.fbsbx.com/h", url_expires_at=NOW + 100)
    graph = Script([LOOKED_UP], [BROUGHT, BROUGHT])
    recipes = InTurn(Chosen("fast/2", graph, use_url_hint=False))
    await take(graph, hinted, recipes=recipes)
    assert [asked[0] for asked in graph.asked] == ["look_up", "download"]
    await take(graph, msgspec.structs.replace(hinted, attempts=1), recipes=recipes)
    assert graph.asked[2][:2] == ("download", hinted.url)


async def test_the_error_budget_is_the_recipes(take: Any) -> None:
    failing = (exchange("media.look_up", status=503, peer_address="192.0.2.1"), None)
    graph = Script([failing], [])
    recipes = InTurn(Chosen("fast/2", graph, limit=Limit(1)))

    async def clock() -> float:
        return NOW

    turn = Turn(graph, take.blobs, NoGates(), jitter=lambda: 0.5, recipes=recipes)
    assert isinstance((await turn.take(CLAIM, "EAAG", clock=clock)).ending, RetryLater)
    held = (await turn.take(CLAIM, "EAAG", clock=clock)).ending
    assert isinstance(held, PutBack)
    assert held.due_at > NOW + 3_000
    assert len(graph.asked) == 1


async def test_gates_are_asked_about_the_host_that_the_recipe_asks(take: Any) -> None:
    hosts: list[Any] = []

    class Noting(NoGates):
        def admit(self, claim: Claim, operation: str, now: float, *, host: str | None = None) -> Permit | Wait:
            hosts.append(host)
            return Permit()

    graph = Script([LOOKED_UP], [BROUGHT])
    await take(graph, recipes=InTurn(Chosen("fast/2", graph, host="other.example")), gates=Noting())
    assert hosts == ["other.example", "lookaside.fbsbx.com"]


class Tracing:
    """A tracer that wants to know of one operation."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.given = Wire()
        self.told: list[Any] = []

    def wire(self, claim: Claim, operation: str) -> Wire | None:
        assert claim == CLAIM
        return self.given if operation == self.wanted else None

    def exchanged(self, claim: Claim, exchange: Exchange, attempt: Attempt, wire: Wire) -> None:
        self.told.append((claim, exchange, attempt.outcome, wire))


async def test_a_tracer_gets_what_it_wants_to_know_of_and_nothing_else(take: Any) -> None:
    tracing = Tracing("media.download")
    graph = Script([LOOKED_UP], [CUT_SHORT])
    outcomes = await take(graph, tracer=tracing)
    assert graph.wires == [None, tracing.given]
    assert tracing.told == [(CLAIM, CUT_SHORT[0], outcomes.attempts[1].outcome, tracing.given)]
    assert tracing.told[0][3] is tracing.given


async def test_without_a_tracer_nothing_is_noted(take: Any) -> None:
    graph = Script([LOOKED_UP], [BROUGHT])
    await take(graph)
    assert graph.wires == [None, None]
