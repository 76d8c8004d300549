"""Conversations go on when a customer's phone or id changes, whatever comes first."""

from typing import Any

from penstock.core.updates import IdentityChange, Reading
from penstock.ledger.threads import _MOST_KNOWN, Known

NUMBER = "100000000000002"


def named(webhooks: Any, wamid: str, *, phone: str | None, user_id: str | None, said: str = "hello") -> bytes:
    message = webhooks.text(wamid, said)
    del message["from"]
    if phone:
        message["from"] = phone
    if user_id:
        message["from_user_id"] = user_id
    return webhooks.body(message)  # type: ignore[no-any-return]


async def conversation(desk: Any, wamid: str) -> int:
    return int((await desk.message(wamid)).conversation_id)


async def test_a_customer_has_one_conversation_at_a_number(desk: Any, webhooks: Any) -> None:
    for n in range(3):
        await desk.receive(webhooks.body(webhooks.text(f"wamid.{n}", f"said {n}")))

    (found,) = (await desk.ledger.shelf.conversations(workspace_id=None)).items
    assert (found.contact, found.last_text, found.last_direction) == ("15550001234", "said 2", "in")
    assert [event.seq for event in await desk.events()] == [1, 2, 3]


async def test_a_group_is_one_conversation_whoever_writes(desk: Any, webhooks: Any) -> None:
    for n, sender in enumerate(("15550001111", "15550002222")):
        await desk.receive(webhooks.body(webhooks.text(f"wamid.{n}", sender=sender, group_id="GROUP")))
    await desk.receive(webhooks.body(webhooks.text("wamid.P", sender="15550001111")))

    found = (await desk.ledger.shelf.conversations(workspace_id=None)).items
    assert {(each.is_group, each.contact) for each in found} == {(True, "GROUP"), (False, "15550001111")}


async def test_a_phone_and_an_id_that_come_together_are_one_customer_from_then_on(desk: Any, webhooks: Any) -> None:
    await desk.receive(named(webhooks, "wamid.A", phone="15550001234", user_id=None))
    await desk.receive(named(webhooks, "wamid.B", phone="15550001234", user_id="US.1"))
    await desk.receive(named(webhooks, "wamid.C", phone=None, user_id="US.1"))

    assert len({await conversation(desk, f"wamid.{x}") for x in "ABC"}) == 1


async def test_two_conversations_that_turn_out_to_be_one_customers_are_merged(desk: Any, webhooks: Any) -> None:
    await desk.receive(named(webhooks, "wamid.A", phone="15550001234", user_id=None, said="by phone"))
    for n in range(3):
        await desk.receive(named(webhooks, f"wamid.B{n}", phone=None, user_id="US.1", said=f"by id {n}"))
    assert await conversation(desk, "wamid.A") != await conversation(desk, "wamid.B0")
    await desk.receive(named(webhooks, "wamid.C", phone="15550001234", user_id="US.1", said="both"))

    kept = await conversation(desk, "wamid.A")
    assert {await conversation(desk, f"wamid.{x}") for x in ("A", "B0", "B1", "B2", "C")} == {kept}
    page = await desk.ledger.shelf.messages(kept, workspace_id=None)
    assert len(page.items) == 5
    (only,) = (await desk.ledger.shelf.conversations(workspace_id=None)).items
    assert only.last_text == "both"
    events = await desk.events()
    assert events[-1].conversation_id == kept
    assert (events[-1].seq or 0) > max(event.seq or 0 for event in events[:-1])  # of both conversations


async def test_a_changed_business_scoped_id_continues_the_conversation(desk: Any, webhooks: Any) -> None:
    await desk.receive(named(webhooks, "wamid.A", phone=None, user_id="US.1"))
    await desk.receive(webhooks.rotation("US.1", "US.2"))
    await desk.receive(named(webhooks, "wamid.B", phone=None, user_id="US.2"))

    assert await conversation(desk, "wamid.A") == await conversation(desk, "wamid.B")
    found = await desk.ledger.shelf.conversation(await conversation(desk, "wamid.A"), workspace_id=None)
    assert found is not None
    assert found.contact == "US.2"


async def test_a_changed_phone_number_continues_the_conversation(desk: Any, webhooks: Any) -> None:
    change = {**webhooks.text("wamid.S", sender="15550001234"), "type": "system"}
    del change["text"]
    change["system"] = {"wa_id": "15550005678", "type": "user_changed_number", "body": "changed"}
    await desk.receive(named(webhooks, "wamid.A", phone="15550001234", user_id=None))
    await desk.receive(webhooks.body(change))
    await desk.receive(named(webhooks, "wamid.B", phone="15550005678", user_id=None))

    assert await conversation(desk, "wamid.A") == await conversation(desk, "wamid.B")
    (found,) = (await desk.ledger.shelf.conversations(workspace_id=None)).items
    assert found.contact == "15550005678"


async def test_a_change_that_comes_after_the_new_name_merges(desk: Any, webhooks: Any) -> None:
    await desk.receive(named(webhooks, "wamid.A", phone=None, user_id="US.1", said="older"))
    await desk.receive(named(webhooks, "wamid.B", phone=None, user_id="US.2", said="newer"))
    await desk.receive(webhooks.rotation("US.1", "US.2"))
    await desk.receive(webhooks.rotation("US.1", "US.2"))

    assert await conversation(desk, "wamid.A") == await conversation(desk, "wamid.B")
    (found,) = (await desk.ledger.shelf.conversations(workspace_id=None)).items
    assert found.last_text in ("older", "newer")
    await desk.receive(named(webhooks, "wamid.C", phone=None, user_id="US.1"))
    assert await conversation(desk, "wamid.C") == await conversation(desk, "wamid.A")


async def test_a_change_that_comes_before_everything_holds_the_place(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.rotation("US.1", "US.2"))
    assert (await desk.ledger.shelf.conversations(workspace_id=None)).items == ()
    await desk.receive(named(webhooks, "wamid.B", phone=None, user_id="US.2"))
    await desk.receive(named(webhooks, "wamid.A", phone=None, user_id="US.1"))

    assert await conversation(desk, "wamid.A") == await conversation(desk, "wamid.B")


async def test_the_merged_conversation_shows_the_later_last_line(desk: Any, webhooks: Any) -> None:
    old = {**webhooks.text("wamid.A", "older", sender="15550001111"), "timestamp": "1795000000"}
    new = {**webhooks.text("wamid.B", "newer", sender="15550002222"), "timestamp": "1795000900"}
    for message in (old, new):
        await desk.receive(webhooks.body(message), now=1_795_001_000.0)
    change = Reading((IdentityChange(NUMBER, ("p:15550002222",), ("p:15550001111",), 1.0),), frozenset({NUMBER}))
    snapshot = await desk.ledger.provisioning.snapshot()
    await desk.ledger.journal.receive(
        app_id=1,
        body=b"",
        signature="",
        reading=change,
        routes={route.phone_number_id: route for route in snapshot.routes},
        version=snapshot.version,
        now=1.0,
    )

    (found,) = (await desk.ledger.shelf.conversations(workspace_id=None)).items
    assert (found.last_text, found.last_at) == ("newer", 1_795_000_900.0)


async def test_customers_of_two_numbers_do_not_mix(desk: Any, webhooks: Any) -> None:
    other = "100000000000003"
    await desk.ledger.provisioning.add_number(other, workspace="acme", app="main", credential="token-a", now=1.0)
    await desk.receive(webhooks.body(webhooks.text("wamid.A")))
    await desk.receive(webhooks.body(webhooks.text("wamid.B"), number=other))

    assert await conversation(desk, "wamid.A") != await conversation(desk, "wamid.B")


async def test_updates_that_name_nobody_still_belong_somewhere(desk: Any, webhooks: Any) -> None:
    for wamid in ("wamid.A", "wamid.B"):
        await desk.receive(named(webhooks, wamid, phone=None, user_id=None))

    assert await conversation(desk, "wamid.A") == await conversation(desk, "wamid.B")


async def test_an_older_message_does_not_become_the_last_line(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.text("wamid.A", "new")))
    await desk.receive(webhooks.body({**webhooks.text("wamid.B", "old"), "timestamp": "1700000000"}))

    (found,) = (await desk.ledger.shelf.conversations(workspace_id=None)).items
    assert found.last_text == "new"


def test_what_is_known_is_bounded() -> None:
    known = Known()
    for n in range(_MOST_KNOWN + 100):
        known.learn({(1, (f"p:{n}",)): n + 1})

    assert known.get((1, ("p:0",))) is None
    assert known.get((1, (f"p:{_MOST_KNOWN + 99}",))) == _MOST_KNOWN + 100
