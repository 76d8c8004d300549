"""One customer goes, whole, and everybody else stays; whatever happens meanwhile, everything still adds up."""

import json
from typing import Any

import pytest

from penstock.core import blobkey
from penstock.core.errors import NotFound, WrongUse
from penstock.core.trace import Trace
from penstock.flow.erasing import Found, Wish, erase, look
from penstock.ledger.imports import ImportRow
from penstock.ledger.traces import Fresh

OURS, THEIRS, NOBODYS = "100000000000002", "100000000000003", "100000000000004"
HIM, HER = "15550001234", "15550009999"
USER = "US.13491208655302741918"


def wish(contact: str = HIM, *, workspace: str | None = None) -> Wish:
    """To erase somebody."""
    return Wish(contact, workspace, "cli:anna", "a letter of May 3")


async def erased(place: Any, contact: str = HIM, *, workspace: str | None = None) -> Found:
    """Erase somebody; what was found."""
    return (await erase(place.ledger, place.blobs, wish(contact, workspace=workspace))).found


def both(webhooks: Any, his: str = "wamid.his", hers: str = "wamid.hers") -> bytes:
    """A body that names two customers."""
    contacts = [
        {"wa_id": HIM, "user_id": USER, "profile": {"name": "Carl Himself"}},
        {"wa_id": HER, "profile": {"name": "Dora Herself"}},
    ]
    messages = (webhooks.file(his, "m-his", sender=HIM), webhooks.file(hers, "m-hers", sender=HER))
    body: bytes = webhooks.body(*messages, contacts=contacts)
    return body


async def test_messages_files_and_bytes_go_and_everybody_elses_stay(place: Any, webhooks: Any) -> None:
    await place.receive(both(webhooks))
    await place.attach_all()
    gone = (await place.message("wamid.his")).media[0].id
    kept = (await place.message("wamid.hers")).media[0].id
    assert await place.counts() == {"acme": {"received": 2, "attached": 2}, "globex": {}}
    found = await erased(place)

    assert (found.conversations, found.messages, found.files, found.bytes, found.bodies) == (1, 1, 1, 3, 1)
    assert await place.message("wamid.his") is None
    assert (await place.message("wamid.hers")).media[0].state == "attached"
    assert place.keys() == {blobkey.key(kept)}
    assert await place.ledger.shelf.media(gone, workspace_id=None) is None
    assert [each.contact for each in (await place.ledger.shelf.conversations(workspace_id=None)).items] == [HER]
    assert await place.counts() == {"acme": {"received": 2, "attached": 1, "erased": 1}, "globex": {}}


async def test_nothing_that_is_kept_names_the_customer_any_more(place: Any, webhooks: Any) -> None:
    await place.receive(both(webhooks))
    await place.receive(webhooks.body(statuses=[webhooks.status("wamid.out", recipient=HIM)]))
    await place.receive(webhooks.body(webhooks.file("wamid.Q", "m-q", sender=HIM), number=NOBODYS))
    await place.ledger.imports.add([ImportRow("m-old", OURS, wamid="wamid.his")], workspace="acme", now=0.0)
    await place.attach_all()
    assert HIM in await place.everything()
    found = await erased(place)
    left = await place.everything()

    assert (found.statuses, found.imports) == (1, 1)
    for name in (HIM, USER, "Carl", "wamid.his", "wamid.out", "wamid.Q", "m-his", "m-old"):
        assert name not in left, name
    assert HER in left
    assert "m-hers" in left


async def test_a_body_says_that_it_was_redacted_when_and_why(place: Any, webhooks: Any) -> None:
    await place.receive(both(webhooks))
    await place.receive(webhooks.body(webhooks.text("wamid.other", sender=HER)))
    await erased(place)
    first, second = await place.ledger.journal.bodies()

    assert first.redacted_at is not None
    assert first.redacted_why == "a letter of May 3"
    assert (second.redacted_at, second.redacted_why) == (None, None)
    assert "wamid.hers" in first.body.decode()


async def test_every_name_of_the_customer_leads_to_all_of_it(place: Any, webhooks: Any) -> None:
    await place.receive(both(webhooks))
    await place.receive(
        webhooks.body(webhooks.text("wamid.2", from_user_id=USER, sender=USER)),
    )
    found = await erased(place, USER)

    assert (found.conversations, found.messages) == (1, 2)
    assert HIM not in await place.everything()


async def test_one_workspace_is_erased_alone(place: Any, webhooks: Any) -> None:
    ours = webhooks.change(webhooks.file("wamid.A", "m1", sender=HIM))
    theirs = webhooks.change(webhooks.file("wamid.B", "m2", sender=HIM), number=THEIRS)
    await place.receive(webhooks.batch(ours, theirs))
    await erased(place, workspace="acme")

    assert await place.message("wamid.A") is None
    assert await place.message("wamid.B") is not None
    assert await place.counts() == {"acme": {"received": 1, "erased": 1}, "globex": {"received": 1, "waiting": 1}}
    (body,) = await place.ledger.journal.bodies()
    assert b"wamid.A" not in body.body
    assert b"wamid.B" in body.body


async def test_what_was_erased_does_not_come_back_when_meta_sends_it_again(place: Any, webhooks: Any) -> None:
    await place.receive(both(webhooks))
    await erased(place)
    receipt = await place.receive(both(webhooks))

    assert (receipt.messages, receipt.media) == (0, 0)
    assert await place.message("wamid.his") is None
    assert HIM not in await place.everything()
    assert await place.counts() == {"acme": {"received": 2, "waiting": 1, "erased": 1}, "globex": {}}


async def test_a_customer_who_writes_again_begins_anew(place: Any, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1", sender=HIM)))
    await erased(place)
    await place.receive(webhooks.body(webhooks.file("wamid.2", "m2", sender=HIM)))
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1", sender=HIM)))

    (again,) = (await place.ledger.shelf.conversations(workspace_id=None)).items
    assert [each.wamid for each in (await place.ledger.shelf.messages(again.id, workspace_id=None)).items] == [
        "wamid.2"
    ]
    assert await place.counts() == {"acme": {"received": 2, "waiting": 1, "erased": 1}, "globex": {}}


async def test_a_file_that_is_being_fetched_does_not_come_back(place: Any, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1", sender=HIM)))
    claims = await place.claim()
    outcome = await erase(place.ledger, place.blobs, wish())

    assert outcome.bytes_later == 1  # whoever has it may still be writing
    assert await place.end(claims) == 0
    assert await place.counts() == {"acme": {"received": 1, "erased": 1}, "globex": {}}
    ((row, due_at),) = await place.rows("SELECT media_row, due_at FROM doomed")
    assert row == claims[0].id
    assert due_at > await place.ledger.now() + 60


async def test_an_edit_of_what_was_erased_brings_no_file_back(place: Any, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1", sender=HIM)))
    await erased(place)
    for _ in range(2):
        await place.receive(webhooks.body(webhooks.edit("wamid.2", "wamid.1", "m2", sender=HIM)))
        assert await place.counts() == {"acme": {"received": 2, "erased": 2}, "globex": {}}
    await place.receive(webhooks.body(webhooks.edit("wamid.3", "wamid.1", "m1", sender=HIM)))
    assert await place.counts() == {"acme": {"received": 2, "erased": 2}, "globex": {}}


async def test_a_gap_that_is_filled_after_the_erasure_counts_once(place: Any, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", None, sender=HIM)))
    await erased(place)
    await place.receive(webhooks.body(webhooks.edit("wamid.2", "wamid.1", "m2", sender=HIM)))

    assert await place.counts() == {"acme": {"received": 1, "erased": 1}, "globex": {}}


async def test_what_was_erased_is_not_imported_either(place: Any, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1", sender=HIM)))
    await erased(place)
    rows = [ImportRow("m1", OURS, wamid="wamid.1"), ImportRow("m9", OURS, wamid="wamid.1")]

    assert await place.ledger.imports.add(rows, workspace="acme", now=0.0) == (0, 2)
    assert await place.counts() == {"acme": {"received": 1, "erased": 1}, "globex": {}}


async def test_an_import_of_the_same_file_goes_with_it(place: Any, webhooks: Any) -> None:
    await place.ledger.imports.add([ImportRow("m1", OURS)], workspace="acme", now=0.0)
    await place.receive(webhooks.body(webhooks.file("wamid.1", "m1", sender=HIM)))
    await place.attach_all()
    assert await place.counts() == {"acme": {"received": 2, "attached": 2}, "globex": {}}
    await erased(place)

    assert await place.counts() == {"acme": {"received": 2, "erased": 2}, "globex": {}}
    assert place.keys() == set()


async def test_what_the_customer_wrote_in_a_group_goes_and_the_group_stays(place: Any, webhooks: Any) -> None:
    said = webhooks.text("wamid.1", "the last word", sender=HIM, group_id="G1", timestamp="1795000001")
    await place.receive(webhooks.body(webhooks.text("wamid.2", "the first", sender=HER, group_id="G1")))
    await place.receive(webhooks.body(said, contacts=[{"wa_id": HIM, "profile": {"name": "Carl"}}]))
    answer = {"context": {"from": HIM, "id": "wamid.1"}}
    await place.receive(webhooks.body(webhooks.text("wamid.3", "no", sender=HER, group_id="G1", **answer)))
    found = await erased(place)

    (group,) = (await place.ledger.shelf.conversations(workspace_id=None)).items
    shown = (await place.ledger.shelf.messages(group.id, workspace_id=None)).items
    assert found.messages == 1
    assert [each.wamid for each in shown] == ["wamid.2", "wamid.3"]
    assert group.last_text != "the last word"
    bodies = b"".join(each.body for each in await place.ledger.journal.bodies())
    assert HIM.encode() not in bodies


async def test_the_feed_passes_over_what_is_gone_and_readers_go_on(place: Any, webhooks: Any) -> None:
    await place.receive(webhooks.body(webhooks.text("wamid.1", sender=HIM)))
    await place.receive(webhooks.body(webhooks.text("wamid.2", sender=HER)))
    await place.receive(webhooks.body(webhooks.text("wamid.3", sender=HIM)))
    await place.ledger.feed.stamp() if place.dialect == "postgres" else None
    first, _, last = await place.ledger.feed.after(0, workspace_id=None)
    found = await erased(place)

    assert found.events == 1  # the newest one stays, so that its place is not given out again
    assert [event.message.wamid for event in await place.ledger.feed.after(0, workspace_id=None)] == ["wamid.2"]
    assert await place.ledger.feed.after(last.position, workspace_id=None) == []
    await place.receive(webhooks.body(webhooks.text("wamid.4", sender=HER)))
    await place.ledger.feed.stamp() if place.dialect == "postgres" else None
    (event,) = await place.ledger.feed.after(last.position, workspace_id=None)
    assert event.message.wamid == "wamid.4"
    assert event.position > last.position > first.position


async def test_looking_counts_the_same_and_changes_nothing(place: Any, webhooks: Any) -> None:
    await place.receive(both(webhooks))
    await place.receive(webhooks.body(statuses=[webhooks.status("wamid.out", recipient=HIM)]))
    await place.attach_all()
    before = await place.everything()
    seen = await look(place.ledger, wish())
    assert await place.everything() == before

    found = await erased(place)
    assert json.dumps({**vars_of(seen), "events": 0}) == json.dumps({**vars_of(found), "events": 0})
    assert await look(place.ledger, wish()) == Found()


async def test_the_audit_log_says_who_why_and_how_much_but_not_whom(place: Any, webhooks: Any) -> None:
    await place.receive(both(webhooks))
    await erased(place, workspace="acme")
    begun, done = [each for each in await place.ledger.audit_log.read(limit=1000) if "customer" in each.entry.action]

    assert (begun.entry.action, done.entry.action) == ("customer.erasing", "customer.erased")
    assert (done.entry.who, done.entry.why) == ("cli:anna", "a letter of May 3")
    assert done.entry.subject == {"workspace": "acme"}
    assert done.entry.after is not None
    assert done.entry.after["messages"] == 1
    assert HIM not in str(begun) + str(done)
    assert (await place.ledger.audit_log.verify()).ok


async def test_erasing_twice_finds_nothing_the_second_time(place: Any, webhooks: Any) -> None:
    await place.receive(both(webhooks))
    await erased(place)

    assert await erased(place) == Found()
    assert await place.counts() == {"acme": {"received": 2, "waiting": 1, "erased": 1}, "globex": {}}


@pytest.mark.parametrize("contact", ["", "somebody", "a b", "\x00"])
async def test_what_is_no_contact_is_wrong_use(place: Any, contact: str) -> None:
    if contact == "somebody":
        assert await look(place.ledger, wish(contact)) == Found()  # it might be an id of a user
        return
    with pytest.raises(WrongUse):
        await look(place.ledger, wish(contact))


async def test_a_reason_that_names_the_contact_is_refused(place: Any) -> None:
    for why in (f"{HIM} asked", "+1 555 000 1234 asked for it"):
        with pytest.raises(WrongUse, match="leave the contact out") as refused:
            await look(place.ledger, Wish(HIM, None, "cli:anna", why))
        assert HIM not in str(refused.value)
    with pytest.raises(NotFound):
        await look(place.ledger, wish(workspace="nowhere"))


def vars_of(found: Found) -> dict[str, int]:
    """The counts by name."""
    return {name: getattr(found, name) for name in Found.__struct_fields__}


async def test_what_a_trace_has_kept_of_a_customer_goes_with_the_file(place: Any, webhooks: Any) -> None:
    await place.receive(both(webhooks))
    claims = await place.claim()
    now = await place.ledger.now()
    traces = place.ledger.traces
    made = await traces.put_on(Trace(0, {}, "cli:anna", "a look", now, now + 60, 10, 10_000), now=now)
    told = '{"at":1.0,"operation":"o","outcome":"x","duration_s":0.1,"media":"m","workspace":"acme","number":"1",'
    told += '"declared_method":"GET"}'
    assert await traces.keep(made.id, [Fresh(claim.id, now, told) for claim in claims], dropped=0, now=now)
    await erased(place)
    assert len(await traces.all_exchanges(made.id)) == 1
