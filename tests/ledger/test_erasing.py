"""Where a customer is found, by whatever name, and nowhere else."""

from typing import Any

from penstock.core.redaction import Who
from penstock.ledger.erasing import Standing, first_status

HIM, HER, USER = "15550001234", "15550009999", "US.13491208655302741918"


async def test_one_name_leads_to_all_of_them(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.text("wamid.A", sender=HIM, from_user_id=USER)))
    await desk.receive(webhooks.rotation(USER, "US.2"))
    await desk.receive(webhooks.body(webhooks.text("wamid.B", sender=HER)))
    scope = await desk.ledger.erasing.scope(None, 0)
    for alias in (f"p:{HIM}", f"u:{USER}", "u:US.2"):
        found = await desk.ledger.erasing.subject((alias,), scope)
        assert found.person.names == {HIM, USER, "US.2"}
        assert len(found.conversations) == 1
    stranger = await desk.ledger.erasing.subject(("p:1",), scope)
    assert (stranger.person.names, stranger.conversations) == ({"1"}, ())


async def test_a_conversation_of_another_workspace_is_not_looked_at(desk: Any, webhooks: Any) -> None:
    await desk.ledger.provisioning.add_workspace("globex", now=0.0)
    await desk.receive(webhooks.body(webhooks.text("wamid.A", sender=HIM)))
    mine, theirs = await desk.ledger.erasing.scope("acme", 1), await desk.ledger.erasing.scope("globex", 2)

    assert (await desk.ledger.erasing.subject((f"p:{HIM}",), mine)).conversations != ()
    assert (await desk.ledger.erasing.subject((f"p:{HIM}",), theirs)).conversations == ()
    assert (theirs.registrations, theirs.numbers) == ({}, frozenset())


async def test_what_a_conversation_has_in_it_is_counted(desk: Any, webhooks: Any, attached: Any) -> None:
    await desk.receive(
        webhooks.body(webhooks.text("wamid.A"), webhooks.file("wamid.B", "m1"), webhooks.file("wamid.C", "m2"))
    )
    (claim,) = await desk.claim(1)
    await desk.settle(claim, attached)

    assert await desk.ledger.erasing.standing(1) == Standing(messages=3, files=2, bytes=3, to_come=1)
    assert await desk.ledger.erasing.standing(9) == Standing()


async def test_bodies_are_looked_through_stretch_by_stretch(desk: Any, webhooks: Any) -> None:
    for number in range(5):
        await desk.receive(webhooks.body(webhooks.text(f"wamid.{number}", sender=HIM if number % 2 else HER)))
    scope, person = await desk.ledger.erasing.scope(None, 0), Who(frozenset({HIM}))

    assert await desk.ledger.erasing.stretch(after=0, limit=3) == (3, 3)
    assert await desk.ledger.erasing.stretch(after=3, limit=3) == (5, 2)
    assert await desk.ledger.erasing.stretch(after=5, limit=3) == (0, 0)
    assert await desk.ledger.erasing.bodies(person, scope, after=0, last=3) == [2]
    assert await desk.ledger.erasing.redact(2, person, scope, why="a letter", now=5.0)
    assert not await desk.ledger.erasing.redact(2, person, scope, why="a letter", now=5.0)
    assert not await desk.ledger.erasing.redact(99, person, scope, why="a letter", now=5.0)
    assert await desk.ledger.erasing.bodies(person, scope, after=0, last=5) == [4]


async def test_statuses_are_looked_through_page_by_page(desk: Any, webhooks: Any) -> None:
    told = [webhooks.status(f"wamid.{n}", recipient=HIM if n % 2 else HER) for n in range(7)]
    await desk.receive(webhooks.body(statuses=told))
    person, place, found = Who(frozenset({HIM})), first_status(1), []
    while place is not None:
        page, place = await desk.ledger.erasing.statuses(person, place, limit=3)
        found += page
    assert [each.wamid for each in found] == ["wamid.1", "wamid.3", "wamid.5"]
    assert await desk.ledger.erasing.forget_statuses(found) == 3
    assert await desk.ledger.erasing.forget_statuses(found) == 0
