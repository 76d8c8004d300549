"""The short way and the long way come to the same rows, however webhooks are grouped."""

import asyncio
from pathlib import Path
from typing import Any

import apsw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.reading import read
from penstock.ledger import usual
from penstock.ledger.book import Ledger
from penstock.ledger.journal import Delivery
from penstock.ledger.threads import Known

NUMBER = "100000000000002"
TABLES = {
    "messages": "wamid, conversation_id, kind, sent_at, received_at, sender, text, payload",
    "media": "media_id, kind, received_at, deadline, stage, outcome",
    "fetches": "kind, turn, due_at, received_at, deadline, fence, url",
    "conversations": "id, title, contact, last_at, last_text, last_kind, last_direction, seq",
    "aliases": "alias, conversation_id",
    "statuses": "wamid, status, recipient",
    "webhooks": "id, numbers, problems",
}


async def test_the_second_webhook_of_a_customer_is_usual(desk: Any, webhooks: Any) -> None:
    known = desk.ledger.journal._known
    snapshot = await desk.ledger.provisioning.snapshot()
    routes = {route.phone_number_id: route for route in snapshot.routes}
    reading = read(webhooks.body(webhooks.file("wamid.A", "m1"), statuses=[webhooks.status("wamid.Z")]))
    assert usual.plan(reading, routes, known) is None
    await desk.receive(webhooks.body(webhooks.text("wamid.0")))

    plan = usual.plan(reading, routes, known)

    assert plan is not None
    assert [each.message.wamid for each in plan.messages] == ["wamid.A"]
    assert len(plan.statuses) == 1


async def test_whatever_needs_a_look_is_not_usual(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.text("wamid.0")))
    known = desk.ledger.journal._known
    snapshot = await desk.ledger.provisioning.snapshot()
    routes = {route.phone_number_id: route for route in snapshot.routes}
    for body in (
        webhooks.body(webhooks.edit("wamid.E", "wamid.0", "m1")),
        webhooks.body(webhooks.refused("wamid.A")),
        webhooks.body(webhooks.text("wamid.A", sender="15559999999")),
        webhooks.body(webhooks.text("wamid.A"), number="100000000000009"),
        webhooks.batch(webhooks.change(webhooks.text("wamid.A")), webhooks.change(number="100000000000009")),
        webhooks.rotation("US.1", "US.2"),
    ):
        reading = read(body)
        assert usual.plan(reading, routes, known) is None or not reading.updates


async def test_a_wrong_hint_does_no_harm(desk: Any, webhooks: Any, tmp_path: Path) -> None:
    """Another process may have merged the conversation that we remember."""
    await desk.receive(webhooks.body(webhooks.text("wamid.A", sender="15550001111")))
    await desk.receive(webhooks.body(webhooks.text("wamid.B", sender="15550002222")))
    beside = Ledger(SqliteDatabase(tmp_path / "penstock.db"), FernetSealer(["a key of the tests"]))
    await beside.start()
    change = {**webhooks.text("wamid.S", sender="15550002222"), "type": "system"}
    del change["text"]
    change["system"] = {"wa_id": "15550001111", "type": "user_changed_number", "body": "changed"}
    await type(desk)(beside).receive(webhooks.body(change))
    await beside.stop()

    receipt = await desk.receive(webhooks.body(webhooks.file("wamid.C", "m1", sender="15550002222")))

    assert (receipt.messages, receipt.media) == (1, 1)
    together = {(await desk.message(wamid)).conversation_id for wamid in ("wamid.A", "wamid.B", "wamid.C")}
    assert len(together) == 1
    events = await desk.events()
    assert events[-1].conversation_id == together.pop()
    assert [event.seq for event in events if event.conversation_id == events[-1].conversation_id] == sorted(
        event.seq or 0 for event in events if event.conversation_id == events[-1].conversation_id
    )


def message(webhooks: Any, kind: str, n: int, sender: int) -> dict[str, Any]:
    person = f"1555000000{sender}"
    match kind:
        case "text":
            return webhooks.text(f"wamid.{n}", f"said {n}", sender=person)  # type: ignore[no-any-return]
        case "file":
            return webhooks.file(f"wamid.{n}", f"m{n}", sender=person)  # type: ignore[no-any-return]
        case "no file":
            return webhooks.file(f"wamid.{n}", None, sender=person)  # type: ignore[no-any-return]
        case "refused":
            return webhooks.refused(f"wamid.{n}", sender=person)  # type: ignore[no-any-return]
        case _:
            return webhooks.edit(f"wamid.e{n}", f"wamid.{n}", f"e{n}", sender=person)  # type: ignore[no-any-return]


kinds = st.sampled_from(["text", "file", "file", "no file", "refused", "edit"])
bodies = st.lists(
    st.tuples(st.lists(st.tuples(kinds, st.integers(0, 5), st.integers(0, 2)), max_size=3), st.booleans()),
    min_size=1,
    max_size=12,
)


@given(sent=bodies, cuts=st.lists(st.integers(1, 4), min_size=12, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_ways_come_to_the_same_rows(sent: Any, cuts: Any, webhooks: Any, tmp_path_factory: Any) -> None:
    made = [
        webhooks.body(
            *(message(webhooks, *each) for each in messages),
            statuses=[webhooks.status("wamid.Z", str(index))] if with_status else [],
        )
        for index, (messages, with_status) in enumerate(sent)
    ]
    groups, start = [], 0
    for cut in cuts:
        groups.append(made[start : start + cut])
        start += cut
    folder = tmp_path_factory.mktemp("ways")

    short = asyncio.run(stored(folder / "short.db", groups, short_way=True))
    long = asyncio.run(stored(folder / "long.db", [[body] for body in made], short_way=False))

    assert short == long


async def stored(path: Path, groups: list[list[bytes]], *, short_way: bool) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that bodies leave behind. Within a group nobody knows anybody yet whom the group before did not bring."""
    ledger = Ledger(SqliteDatabase(path), FernetSealer(["key"]))
    await ledger.start()
    await ledger.provisioning.add_workspace("acme", now=1.0)
    await ledger.provisioning.add_app("main", secret="s", verify_token="v", now=1.0)
    await ledger.provisioning.add_credential("token-a", token="t", now=1.0)
    await ledger.provisioning.add_number(NUMBER, workspace="acme", app="main", credential="token-a", now=1.0)
    snapshot = await ledger.provisioning.snapshot()
    routes = {route.phone_number_id: route for route in snapshot.routes}
    at = 1_795_000_000.0
    for group in groups:
        deliveries = []
        for body in group:
            at += 1
            reading = read(body)
            plan = usual.plan(reading, routes, ledger.journal._known if short_way else Known())
            deliveries.append(Delivery(1, body, "", reading, routes, snapshot.version, at, plan))
        await ledger.journal._receive(deliveries)
    await ledger.stop()
    connection = apsw.Connection(str(path))
    found = {
        table: sorted(connection.execute(f"SELECT {columns} FROM {table}"), key=repr)
        for table, columns in TABLES.items()
    }
    found["events"] = sorted(
        connection.execute(
            "SELECT e.kind, e.at, g.wamid, m.media_id FROM events e LEFT JOIN messages g ON g.id = e.message_row "
            "LEFT JOIN media m ON m.id = e.media_row"
        ),
        key=repr,
    )
    connection.close()
    return found
