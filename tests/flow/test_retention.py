"""What nobody wishes to keep goes, a few rows at a time; what somebody wishes, or what is still to come, stays."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flow.conftest import ENDINGS, NOBODYS, OURS, THEIRS, Place

from penstock.core import blobkey
from penstock.core.keeping import DAY_S
from penstock.core.trace import Trace
from penstock.core.work import Attempt, Outcome
from penstock.flow.erasing import Wish, erase
from penstock.flow.registry import Registry
from penstock.flow.rereading import read_strays
from penstock.flow.retention import Retention, Thrown
from penstock.ledger.imports import ImportRow
from penstock.ledger.traces import Fresh

HIM, HER, THEM = "15550001234", "15550009999", "15550007777"


def retention(place: Place) -> Retention:
    """Rounds that leave nobody any time."""
    return Retention(place.ledger, place.blobs, owner="me", breath_s=0.0)


async def keep(place: Place, workspace: str = "acme", **days: int | None) -> None:
    """Wish something."""
    await place.ledger.provisioning.set_workspace(workspace, keep=days)


async def attempted(place: Place, *days_ago: float) -> int:
    """Claim a file, make requests for it so many days ago, and attach it; its row."""
    now = await place.ledger.now()
    (claim,) = await place.claim()
    request: dict[str, Any] = dict.fromkeys(Attempt.__struct_fields__)
    request |= {"operation": "media.look_up", "declared_method": "GET", "recipe": "standard/1"}
    request |= {"outcome": Outcome.DELIVERED, "duration_s": 0.1}
    made = [Attempt(**request | {"at": now - days * DAY_S}) for days in days_ago]
    assert await place.ledger.queue.settle(claim, ENDINGS["attached"], made, now=now)
    return claim.id


# -- each kind of thing -------------------------------------------------------------------------------------------


async def test_everything_is_kept_for_good_unless_somebody_wishes_otherwise(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1")), days_ago=4_000)
    await place.attach_all()

    assert await retention(place).round() == Thrown()
    assert await place.counts() == {"acme": {"received": 1, "attached": 1}, "globex": {}}


async def test_old_bodies_go_and_stay_counted(place: Place, webhooks: Any) -> None:
    for days in (40, 20, 10):
        await place.receive(webhooks.body(webhooks.file(f"wamid.{days}", f"m{days}")), days_ago=days)
    await place.attach_all()
    await keep(place, bodies=15)

    assert (await retention(place).round()).bodies == 2
    assert [body.body.count(b"wamid.10") for body in await place.ledger.journal.bodies()] == [1]
    assert await place.counts() == {"acme": {"received": 3, "attached": 3}, "globex": {}}


async def test_a_body_stays_as_long_as_the_longest_of_its_workspaces_wishes(place: Place, webhooks: Any) -> None:
    ours, theirs = webhooks.change(webhooks.text("wamid.1")), webhooks.change(webhooks.text("wamid.2"), number=THEIRS)
    await place.receive(webhooks.batch(ours, theirs), days_ago=20)
    await place.receive(webhooks.body(webhooks.text("wamid.3")), days_ago=1)
    await keep(place, bodies=10)
    rounds = retention(place)
    assert (await rounds.round()).bodies == 0
    await keep(place, "globex", bodies=30)
    assert (await rounds.round()).bodies == 0
    await keep(place, "globex", bodies=15)
    assert (await rounds.round()).bodies == 1


async def test_a_body_in_quarantine_waits_for_its_number(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1"), number=NOBODYS), days_ago=20)
    await place.receive(webhooks.body(webhooks.text("wamid.2")))
    await keep(place, bodies=10)
    await keep(place, "globex", bodies=10)
    assert (await retention(place).round()).bodies == 0

    await place.ledger.provisioning.add_number(
        NOBODYS, workspace="acme", app="main", credential="token-a", now=await place.ledger.now()
    )
    await read_strays(place.ledger, Registry(place.ledger), NOBODYS)
    assert (await retention(place).round()).bodies == 1
    assert await place.counts() == {"acme": {"received": 1, "waiting": 1}, "globex": {}}


async def test_the_newest_body_is_emptied_and_goes_later(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.text("wamid.1", sender=HIM)), days_ago=20)
    await keep(place, bodies=10, messages=10, files=10)
    assert (await retention(place).round()).bodies == 1
    (body,) = await place.ledger.journal.bodies()
    assert body.body == b""
    assert body.redacted_why is not None

    later = await place.receive(webhooks.body(webhooks.text("wamid.2")))
    assert later.webhook_id > body.id
    await retention(place).round()
    assert [each.id for each in await place.ledger.journal.bodies()] == [later.webhook_id]


async def test_old_files_go_with_their_bytes_and_their_messages_stay(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1")), days_ago=20)
    await place.receive(webhooks.body(webhooks.file("wamid.2", "m2")), days_ago=5)
    await place.attach_all()
    await keep(place, files=10)
    thrown = await retention(place).round()

    assert (thrown.files, thrown.bytes_of, thrown.messages) == (1, 1, 0)
    message = await place.message("wamid.1")
    assert message is not None
    (gone,) = message.media
    assert (gone.state, gone.media_id, gone.filename, gone.sha256) == ("erased", "m1", None, None)
    assert place.keys() == {blobkey.key(gone.id + 1)}
    assert await place.counts() == {"acme": {"received": 2, "attached": 1, "erased": 1}, "globex": {}}
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1")))
    assert await place.counts() == {"acme": {"received": 2, "attached": 1, "erased": 1}, "globex": {}}


async def test_a_file_that_is_still_to_come_is_never_thrown_away(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1")), days_ago=20)
    await place.receive(webhooks.body(webhooks.file("wamid.2", "m2")), days_ago=20)
    await place.ledger.feed.stamp() if place.dialect == "postgres" else None
    await keep(place, files=10, messages=10)
    rounds = retention(place)
    assert await rounds.round() == Thrown(events=1)  # only what told of it long ago

    claims = await place.claim()
    assert await rounds.round() == Thrown()
    assert await place.end(claims) == 2
    thrown = await retention(place).round()
    assert (thrown.files, thrown.messages) == (2, 2)
    assert await place.counts() == {"acme": {"received": 2, "erased": 2}, "globex": {}}


async def test_old_messages_go_with_their_statuses_events_and_conversation(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.text("wamid.1", sender=HIM)), days_ago=20)
    await place.receive(webhooks.body(webhooks.file("wamid.2", "m2", sender=HIM)), days_ago=19)
    old = webhooks.status("wamid.out", recipient=HIM) | {"timestamp": "1"}
    await place.receive(webhooks.body(statuses=[old]), days_ago=18)
    await place.receive(webhooks.body(webhooks.text("wamid.3", sender=HER)), days_ago=1)
    await place.ledger.feed.stamp() if place.dialect == "postgres" else None
    await place.attach_all()
    await keep(place, messages=10, files=10, bodies=10)
    thrown = await retention(place).round()

    assert (thrown.messages, thrown.files, thrown.bodies, thrown.statuses) == (2, 1, 3, 1)
    assert HIM not in await place.everything()
    (left,) = (await place.ledger.shelf.conversations(workspace_id=None)).items
    assert left.contact == HER
    assert await place.counts() == {"acme": {"received": 1, "erased": 1}, "globex": {}}


async def test_old_attempts_go(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1")))
    row = await attempted(place, 40, 20, 1)
    await place.receive(webhooks.body(webhooks.file("wamid.2", "m2"), number=THEIRS))
    await attempted(place, 40, 20, 1)
    await keep(place, attempts=10)
    assert (await retention(place).round()).attempts == 2
    assert len(await place.ledger.shelf.attempts(row)) == 1
    assert len(await place.rows("SELECT id FROM attempts")) == 4


async def test_what_was_kept_is_looked_at_again_when_it_is_due(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.text("wamid.1")), days_ago=9.99999)
    await place.receive(webhooks.body(webhooks.text("wamid.2")), days_ago=1)
    await keep(place, bodies=10)
    rounds = retention(place)
    assert (await rounds.round()).bodies == 0
    async with asyncio.timeout(60):
        while (await rounds.round()).bodies == 0:
            await asyncio.sleep(0.1)


# -- as a part of a process ---------------------------------------------------------------------------------------


async def test_bytes_of_an_erased_file_go_once_its_fetcher_must_have_let_go(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1", sender=HIM)))
    claims = await place.claim()
    await erase(place.ledger, place.blobs, Wish(HIM, None, "cli:anna", "a letter"))
    assert await place.end(claims) == 0  # it had written its bytes by then
    assert len(place.keys()) == 1
    assert (await retention(place).round()).bytes_of == 0
    await place.rows("UPDATE doomed SET due_at = 0")
    assert (await retention(place).round()).bytes_of == 1
    assert place.keys() == set()


async def test_it_works_while_it_leads_and_leaves_the_lead(place: Place, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.text("wamid.1")), days_ago=20)
    await place.receive(webhooks.body(webhooks.text("wamid.2")))
    await keep(place, bodies=10)
    part = Retention(place.ledger, place.blobs, owner="me", first_s=0.0, every_s=0.05, breath_s=0.0)
    await part.start()
    async with asyncio.timeout(60):
        while len(await place.ledger.journal.bodies()) > 1:
            await asyncio.sleep(0.05)
    assert (await place.ledger.leaders.leader("retention") or ("",))[0] == "me"
    await part.stop()
    assert await place.ledger.leaders.leader("retention") is None


# -- everything adds up -------------------------------------------------------------------------------------------

CUSTOMERS = (HIM, HER, THEM)
STEPS = st.one_of(
    st.tuples(st.just("deliver"), st.integers(0, 19), st.sampled_from((0, 3, 12, 40))),
    st.tuples(st.just("end"), st.sampled_from(("attached", "expired", "failed"))),
    st.tuples(st.just("claim")),
    st.tuples(st.just("import"), st.integers(0, 5)),
    st.tuples(st.just("keep"), st.sampled_from(("acme", "globex")), st.sampled_from((5, 20)), st.sampled_from((5, 20))),
    st.tuples(st.just("round")),
    st.tuples(st.just("erase"), st.sampled_from(CUSTOMERS), st.sampled_from((None, "acme", "globex"))),
    st.tuples(st.just("register")),
)


def deliveries(webhooks: Any) -> list[bytes]:
    """Bodies of every sort; some name the same messages, several customers, or several numbers."""

    def sorts() -> Iterator[bytes]:
        for nth, who in enumerate(CUSTOMERS):
            yield webhooks.body(webhooks.file(f"wamid.{nth}", f"m{nth}", sender=who))
            yield webhooks.body(webhooks.file(f"wamid.gap{nth}", None, sender=who))
            yield webhooks.body(webhooks.edit(f"wamid.edit{nth}", f"wamid.gap{nth}", f"e{nth}", sender=who))
            yield webhooks.body(webhooks.edit(f"wamid.again{nth}", f"wamid.{nth}", f"m{nth}", sender=who))
            yield webhooks.body(webhooks.text(f"wamid.text{nth}", sender=who), number=THEIRS)
        both = [webhooks.file(f"wamid.{nth}", f"m{nth}", sender=who) for nth, who in enumerate((HIM, HER))]
        yield webhooks.body(*both)
        yield webhooks.batch(webhooks.change(both[0]), webhooks.change(both[1], number=THEIRS))
        yield webhooks.body(webhooks.file("wamid.G", "mG", sender=HIM, group_id="G1"), number=THEIRS)
        yield webhooks.batch(webhooks.change(both[0], number=NOBODYS), webhooks.change(both[1]))
        yield webhooks.body(webhooks.refused("wamid.R", sender=HER))

    return list(sorts())


class History:
    """What happens to one installation, step by step; after each step everything must add up."""

    def __init__(self, place: Place, webhooks: Any) -> None:
        self.place = place
        self.bodies = deliveries(webhooks)
        self.claims: list[Any] = []
        self.rounds = retention(place)

    async def step(self, what: str, *values: Any) -> None:
        """One thing happens."""
        place, now = self.place, await self.place.ledger.now()
        if what == "deliver":
            await place.receive(self.bodies[values[0]], days_ago=values[1])
        elif what == "claim":
            self.claims += await place.claim()
        elif what == "end":
            await place.end(self.claims or await place.claim(), values[0])
            self.claims = []
        elif what == "import":
            rows = [ImportRow("m0", OURS), ImportRow("i1", OURS, wamid="wamid.1"), ImportRow("i2", THEIRS)]
            row = rows[values[0] % len(rows)]
            workspace = "acme" if row.phone_number_id == OURS else "globex"
            await place.ledger.imports.add([row], workspace=workspace, now=now - values[0] * 7 * DAY_S)
        elif what == "keep":
            workspace, bodies, messages = values
            await keep(place, workspace, bodies=bodies, messages=messages, files=min(5, messages), attempts=5)
        elif what == "round":
            await self.rounds.round()
        elif what == "erase":
            await erase(place.ledger, place.blobs, Wish(values[0], values[1], "cli:anna", "a letter"))
        elif not any(row["phone_number_id"] == NOBODYS for row in await place.ledger.provisioning.numbers()):
            await place.ledger.provisioning.add_number(
                NOBODYS, workspace="globex", app="main", credential="token-a", now=now
            )
            await read_strays(place.ledger, Registry(place.ledger), NOBODYS)


async def whole(place: Place, webhooks: Any, steps: list[tuple[Any, ...]]) -> None:
    """A history from its beginning; at its end everybody is erased, and nobody is named."""
    await place.start()
    try:
        history = History(place, webhooks)
        for step in steps:
            await history.step(*step)
            report = await place.audit(deep=False)
            assert report.ok, (step, report.problems)
        for who in CUSTOMERS:
            await history.step("erase", who, None)
        assert (await place.audit()).ok
        left = await place.everything()
        assert not [who for who in CUSTOMERS if who in left]
    finally:
        await place.stop()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
def test_any_mix_of_arrivals_rounds_and_erasures_adds_up(webhooks: Any, steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place("sqlite", f"{folder}/penstock.db", Path(folder))
        asyncio.run(whole(place, webhooks, steps))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
def test_any_mix_adds_up_on_postgresql(webhooks: Any, postgres: Any, steps: list[tuple[Any, ...]]) -> None:
    async def run(folder: Path) -> None:
        await whole(Place("postgres", await postgres.emptied(), folder), webhooks, steps)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


# -- what traces have kept ----------------------------------------------------------------------------------------


async def test_what_traces_have_kept_goes_after_a_week_or_with_the_attempts(place: Place, webhooks: Any) -> None:
    for number, name in ((OURS, "a"), (THEIRS, "b")):
        await place.receive(webhooks.body(webhooks.file(f"wamid.{name}", f"m-{name}"), number=number))
    claims = {claim.workspace: claim for claim in await place.claim()}
    now, traces = await place.ledger.now(), place.ledger.traces
    made = await traces.put_on(Trace(0, {}, "cli:anna", "a look", now - 9 * DAY_S, now + 60, 99, 99_999), now=now)
    told = '{"at":1.0,"operation":"o","outcome":"x","duration_s":0.1,"media":"m","workspace":"acme","number":"1",'
    told += '"declared_method":"GET"}'
    for claim in claims.values():
        for days in (8.0, 3.0, 0.5):
            fresh = Fresh(claim.id, now - days * DAY_S, told)
            assert await traces.keep(made.id, [fresh], dropped=0, now=now)
    assert (await retention(place).round()).exchanges == 2
    await keep(place, "acme", attempts=1)
    assert (await retention(place).round()).exchanges == 1
    assert len(await traces.all_exchanges(made.id)) == 3
    assert (await traces.get(made.id)).id == made.id
