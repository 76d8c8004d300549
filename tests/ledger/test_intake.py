"""What a body brings: messages once, files once each, gaps seen, and what comes late finds its place."""

from typing import Any

import pytest

from penstock.core.media import MEDIA_LIFE_S, NO_STORAGE_LIFE_S
from penstock.core.updates import Direction, MediaRef, Message, Party, Reading

NUMBER = "100000000000002"
SENT = 1_795_000_000.0


# -- a message that comes again --------------------------------------------------------------------------


async def test_a_message_that_comes_again_with_a_file_gains_it(desk: Any, webhooks: Any) -> None:
    placeholder = {**webhooks.text("wamid.A"), "type": "media_placeholder"}
    del placeholder["text"]
    thread = {"id": "15550001234", "messages": [placeholder]}
    first = await desk.receive(webhooks.body(field="history", history=[{"threads": [thread]}]))
    assert (first.messages, first.media) == (1, 0)
    assert (await desk.message("wamid.A")).kind == "media_placeholder"

    late = await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1"), field="history"))

    assert (late.messages, late.media, late.changed, late.duplicates) == (0, 1, 1, 0)
    found = await desk.message("wamid.A")
    assert (found.kind, [file.media_id for file in found.media], found.history) == ("image", ["m1"], True)
    last = (await desk.events())[-1]
    assert last.message is not None
    assert [file.media_id for file in last.message.media] == ["m1"]
    page = await desk.ledger.shelf.messages(found.conversation_id, workspace_id=None)
    assert [[file.media_id for file in message.media] for message in page.items] == [["m1"]]


async def test_a_second_file_of_a_known_message_is_kept_beside_the_first(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")))
    receipt = await desk.receive(webhooks.body(webhooks.file("wamid.A", "m2")))

    assert (receipt.messages, receipt.media, receipt.duplicates) == (0, 1, 0)
    assert await desk.files("wamid.A") == {"m1": "waiting", "m2": "waiting"}
    assert await desk.told() == [("message.received", "wamid.A")]


async def test_a_whole_message_is_not_overwritten(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.text("wamid.A", "first")))
    await desk.receive(webhooks.body(webhooks.text("wamid.A", "second")))
    unsupported = {**webhooks.text("wamid.A"), "type": "unsupported"}
    await desk.receive(webhooks.body(unsupported))

    assert (await desk.message("wamid.A")).text == "first"
    assert len(await desk.events()) == 1


async def test_what_was_not_passed_on_at_first_is_told_once_more_when_it_comes_whole(desk: Any, webhooks: Any) -> None:
    unsupported = {**webhooks.text("wamid.A"), "type": "unsupported"}
    del unsupported["text"]
    await desk.receive(webhooks.body(unsupported), now=SENT + 5)
    receipt = await desk.receive(webhooks.body(webhooks.text("wamid.A", "whole")), now=SENT + 50)
    again = await desk.receive(webhooks.body(webhooks.text("wamid.A", "whole")), now=SENT + 60)

    assert (receipt.messages, receipt.changed, again.changed, again.duplicates) == (0, 1, 0, 1)
    found = await desk.message("wamid.A")
    assert (found.kind, found.text, found.received_at) == ("text", "whole", SENT + 5)
    assert await desk.told() == [("message.received", "wamid.A")] * 2


# -- edits -----------------------------------------------------------------------------------------------


async def test_an_edits_file_is_kept_under_the_message_that_was_edited(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")))
    receipt = await desk.receive(webhooks.body(webhooks.edit("wamid.E", "wamid.A", "m2")))

    assert (receipt.messages, receipt.media) == (1, 1)
    assert await desk.files("wamid.A") == {"m1": "waiting", "m2": "waiting"}
    assert await desk.files("wamid.E") == {}
    again = await desk.receive(webhooks.body(webhooks.edit("wamid.E", "wamid.A", "m2")))
    assert (again.messages, again.media, again.duplicates) == (0, 0, 1)


async def test_an_edit_that_comes_before_its_message_shows_the_file_and_then_the_message(
    desk: Any, webhooks: Any
) -> None:
    await desk.receive(webhooks.body(webhooks.edit("wamid.E", "wamid.A", "m2")))
    (file,) = await desk.all_files()
    held = await desk.message("wamid.A")
    assert (held.kind, file.wamid, file.message_id) == ("placeholder", "wamid.A", held.id)
    page = await desk.ledger.shelf.messages(held.conversation_id, workspace_id=None)
    assert {message.wamid: len(message.media) for message in page.items} == {"wamid.A": 1, "wamid.E": 0}
    assert await desk.told() == [("message.received", "wamid.E")]

    receipt = await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")))

    assert (receipt.messages, receipt.media, receipt.changed) == (1, 1, 0)
    found = await desk.message("wamid.A")
    assert (found.id, found.kind) == (held.id, "image")
    assert [file.media_id for file in found.media] == ["m2", "m1"]
    assert await desk.told() == [("message.received", "wamid.E"), ("message.received", "wamid.A")]
    event = (await desk.events())[-1]
    assert event.message is not None
    assert len(event.message.media) == 2


async def test_two_edits_of_a_message_that_never_came_share_its_place(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.edit("wamid.E", "wamid.A", "m1")))
    receipt = await desk.receive(webhooks.body(webhooks.edit("wamid.F", "wamid.A", "m2")))

    assert (receipt.messages, receipt.media) == (1, 1)
    assert await desk.files("wamid.A") == {"m1": "waiting", "m2": "waiting"}


# -- files that Meta did not deliver -----------------------------------------------------------------------


async def test_a_file_that_meta_refused_is_a_failure_that_is_seen_and_told(desk: Any, webhooks: Any) -> None:
    receipt = await desk.receive(webhooks.body(webhooks.refused("wamid.A")))

    assert (receipt.messages, receipt.media) == (1, 1)
    (file,) = (await desk.message("wamid.A")).media
    assert (file.state, file.media_id, file.outcome) == ("failed", "", "gone")
    assert file.reason
    assert "100 MB" in file.reason
    assert [event.kind for event in await desk.events()] == ["message.received", "media.failed"]
    assert [event.seq for event in await desk.events()] == [1, 2]
    assert await desk.claim() == []


async def test_a_file_that_comes_later_fills_the_gap(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", None)))
    assert await desk.files("wamid.A") == {"": "failed"}
    receipt = await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")))

    assert receipt.media == 1
    assert await desk.files("wamid.A") == {"m1": "waiting"}
    (claim,) = await desk.claim()
    assert claim.media_id == "m1"


async def test_a_gap_is_no_gap_when_the_file_is_there(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")))
    receipt = await desk.receive(webhooks.body(webhooks.file("wamid.A", None)))

    assert (receipt.media, receipt.duplicates) == (0, 1)
    assert await desk.files("wamid.A") == {"m1": "waiting"}


async def test_a_gap_comes_once(desk: Any, webhooks: Any) -> None:
    for _ in range(3):
        await desk.receive(webhooks.body(webhooks.refused("wamid.A")))

    assert len(await desk.all_files()) == 1
    assert len(await desk.events()) == 2


# -- deadlines, times, directions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "received", "no_storage", "deadline"),
    [
        (SENT, SENT + 60, False, SENT + MEDIA_LIFE_S),
        (SENT + 900, SENT, False, SENT + MEDIA_LIFE_S),  # from the future
        (0.0, SENT, False, SENT + MEDIA_LIFE_S),  # no time at all
        (SENT, SENT + 60, True, SENT + NO_STORAGE_LIFE_S),
    ],
)
async def test_a_file_has_a_deadline(
    desk: Any, webhooks: Any, sent: float, received: float, no_storage: bool, deadline: float
) -> None:
    await desk.ledger.provisioning.set_number(NUMBER, no_storage=no_storage, now=1.0)
    await desk.receive(webhooks.body({**webhooks.file("wamid.A", "m1"), "timestamp": str(int(sent))}), now=received)

    (file,) = (await desk.message("wamid.A")).media
    assert (file.deadline, file.received_at) == (deadline, received)
    assert (await desk.message("wamid.A")).sent_at == min(sent or received, received)


async def test_media_of_the_history_live_from_their_arrival(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1"), field="history"), now=SENT + 1_000_000)

    (file,) = (await desk.message("wamid.A")).media
    assert file.deadline == SENT + 1_000_000 + MEDIA_LIFE_S


async def test_what_the_business_sent_is_outbound_and_in_the_same_conversation(desk: Any, webhooks: Any) -> None:
    echo = {**webhooks.text("wamid.B", "our answer"), "from": "15550009876", "to": "15550001234"}
    await desk.receive(webhooks.body(webhooks.text("wamid.A")))
    await desk.receive(webhooks.body(field="smb_message_echoes", message_echoes=[echo]))

    ours, theirs = await desk.message("wamid.B"), await desk.message("wamid.A")
    assert (ours.direction, theirs.direction) == ("out", "in")
    assert ours.conversation_id == theirs.conversation_id


async def test_a_status_is_kept_once_for_each_recipient(desk: Any, webhooks: Any) -> None:
    statuses = [webhooks.status("wamid.Z", "read", "1"), webhooks.status("wamid.Z", "read", "2")]
    first = await desk.receive(webhooks.body(statuses=[*statuses, statuses[0]]))
    second = await desk.receive(webhooks.body(statuses=[webhooks.status("wamid.Z", "failed", "1")]))

    assert (first.statuses, first.duplicates, second.statuses) == (2, 1, 1)


async def test_odd_values_are_stored_as_they_are(desk: Any) -> None:
    words = "emoji 🎉, a tab\t, quotes ' \" and ; DROP TABLE messages; --"
    file = MediaRef("m'1", "document", filename="../../etc/passwd", size=(1 << 63) - 1)
    party = Party(phone="1", name=words)
    message = Message(NUMBER, "wamid.'%_", Direction.INBOUND, "document", SENT, party, "1", words, b"\x00\xff", (file,))
    snapshot = await desk.ledger.provisioning.snapshot()
    await desk.ledger.journal.receive(
        app_id=1,
        body=b"\x00",
        signature="ü",
        reading=Reading((message,), frozenset({NUMBER})),
        routes={route.phone_number_id: route for route in snapshot.routes},
        version=snapshot.version,
        now=SENT,
    )

    found = await desk.message("wamid.'%_")
    assert (found.text, found.payload) == (words, b"\x00\xff")
    assert [(each.filename, each.declared_size) for each in found.media] == [("../../etc/passwd", (1 << 63) - 1)]
