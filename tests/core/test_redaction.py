"""A body without one customer says of everybody else what it said before, and nothing of them."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.reading import read
from penstock.core.redaction import Who, is_about, needles, redacted, who
from penstock.core.updates import Message, Status

HIM, HER, BUSINESS = "15550001234", "15550009999", "15551112222"
USER = "US.13491208655302741918"
HIS = Who(frozenset({HIM, USER}))
NUMBER, OTHER = "100000000000002", "100000000000003"


def wamid(phone: str, key: str) -> str:
    """An id as WhatsApp makes them."""
    raw = b"\x1c\x18" + bytes([len(phone)]) + phone.encode() + b"\x15\x02\x00\x12\x18\x14" + key.encode() + b"\x00"
    return "wamid." + base64.b64encode(raw).decode()


def without(body: bytes, person: Who = HIS, **more: Any) -> bytes:
    """The redacted body, which must differ."""
    less = redacted(body, person, **more)
    assert less is not None
    return less


# -- what goes, and what stays ---------------------------------------------------------------------------------


def test_messages_of_the_customer_go_in_either_direction(webhooks: Any) -> None:
    echo = {"from": BUSINESS, "to": HIM, "id": "wamid.E", "timestamp": "1", "type": "text", "text": {"body": "hi"}}
    body = webhooks.batch(
        webhooks.change(webhooks.text("wamid.1", "mine", sender=HIM), webhooks.text("wamid.2", sender=HER)),
        webhooks.change(field="smb_message_echoes", message_echoes=[echo]),
    )
    left = read(without(body))

    assert [update.wamid for update in left.updates if isinstance(update, Message)] == ["wamid.2"]
    assert left.numbers == {NUMBER}
    assert left.problems == ()


def test_statuses_go_by_recipient_and_by_the_phone_number_in_their_id(webhooks: Any) -> None:
    nameless = {"id": wamid(HIM, "A" * 20), "status": "read", "timestamp": "1"}
    hers = {"id": wamid(HER, "B" * 20), "status": "read", "timestamp": "1"}
    body = webhooks.body(statuses=[webhooks.status("wamid.1", recipient=HIM), nameless, hers])
    left = read(without(body))

    assert [update.wamid for update in left.updates if isinstance(update, Status)] == [hers["id"]]


def test_changes_of_ids_calls_and_history_go(webhooks: Any) -> None:
    thread = {"id": HIM, "messages": [webhooks.text("wamid.1", sender=HIM)]}
    other = {"id": HER, "messages": [webhooks.text("wamid.2", sender=HER)]}
    body = webhooks.batch(
        webhooks.change(field="history", history=[{"threads": [thread, other]}]),
        webhooks.change(field="calls", calls=[{"id": "wacid.1", "from": HIM, "to": BUSINESS, "event": "connect"}]),
        webhooks.change(
            field="user_id_update", user_id_update=[{"user_id": {"previous": USER, "current": "US.2"}, "wa_id": HIM}]
        ),
    )
    less = without(body)

    assert HIM.encode() not in less
    assert USER.encode() not in less
    assert [update.wamid for update in read(less).updates if isinstance(update, Message)] == ["wamid.2"]


def test_a_contact_entry_tells_the_other_names(webhooks: Any) -> None:
    contacts = [{"wa_id": HIM, "user_id": USER, "profile": {"name": "Carl"}}]
    body = webhooks.body(webhooks.text("wamid.1", sender=USER), contacts=contacts)
    less = without(body, Who(frozenset({HIM})))

    assert b"Carl" not in less
    assert USER.encode() not in less


def test_a_sole_contact_that_is_left_is_not_taken_for_the_sender_of_a_sole_message(webhooks: Any) -> None:
    contacts = [{"wa_id": "15553334444", "profile": {"name": "Somebody"}}]
    body = webhooks.body(webhooks.text("wamid.1", sender=HIM), webhooks.text("wamid.2", sender=HER), contacts=contacts)
    (left,) = read(without(body)).updates

    assert isinstance(left, Message)
    assert left.party.name is None


def test_where_others_name_the_customer_only_the_name_goes(webhooks: Any) -> None:
    answer = webhooks.text("wamid.2", sender=HER, group_id="G", context={"from": HIM, "id": wamid(HIM, "C" * 20)})
    card = {"name": {"formatted_name": "A friend"}, "phones": [{"phone": "+1 (555) 000-1234", "wa_id": HIM}]}
    shared = {"from": HER, "id": "wamid.3", "timestamp": "1", "type": "contacts", "contacts": [card]}
    less = without(webhooks.body(answer, shared))
    value = json.loads(less)["entry"][0]["changes"][0]["value"]

    assert value["messages"][0]["context"] == {"from": "erased", "id": "erased"}
    assert value["messages"][1]["contacts"][0]["phones"] == [{"phone": "erased", "wa_id": "erased"}]
    assert [update.wamid for update in read(less).updates if isinstance(update, Message)] == ["wamid.2", "wamid.3"]


def test_messages_go_by_their_ids_with_the_names_of_who_wrote_them(webhooks: Any) -> None:
    contacts = [{"wa_id": HIM, "profile": {"name": "Carl"}}, {"wa_id": HER}]
    body = webhooks.body(webhooks.text("wamid.1", sender=HIM), webhooks.text("wamid.2", sender=HER), contacts=contacts)
    less = without(body, Who(wamids=frozenset({"wamid.1"})))

    assert HIM.encode() not in less
    assert b"Carl" not in less
    assert HER.encode() in less


def test_only_the_numbers_that_are_meant_are_looked_at(webhooks: Any) -> None:
    body = webhooks.batch(
        webhooks.change(webhooks.text("wamid.1", sender=HIM)),
        webhooks.change(webhooks.text("wamid.2", sender=HIM), number=OTHER),
    )
    left = read(without(body, numbers=frozenset({OTHER})))

    assert [update.wamid for update in left.updates if isinstance(update, Message)] == ["wamid.1"]
    assert redacted(body, HIS, numbers=frozenset({"1"})) is None


def test_the_business_itself_is_never_taken_out(webhooks: Any) -> None:
    metadata = {"phone_number_id": NUMBER, "display_phone_number": HIM}
    body = webhooks.body(webhooks.text("wamid.1", sender=HER), metadata=metadata)
    less = redacted(body, HIS)

    assert less is None


def test_a_body_that_does_not_name_the_customer_is_left_as_it_is(webhooks: Any) -> None:
    assert redacted(webhooks.body(webhooks.text("wamid.1", "call 15550001234", sender=HER)), HIS) is None
    assert redacted(b"", HIS) is None
    assert redacted(b"[1, 2]", HIS) is None


def test_what_no_parser_takes_loses_the_names_all_the_same() -> None:
    less = without(b'{"entry": [{"from": "' + HIM.encode() + b'"')

    assert less == b'{"entry": [{"from": "erased"'
    assert redacted(b'{"entry": [' + HER.encode(), HIS) is None


def test_half_an_emoji_does_not_save_anybody(webhooks: Any) -> None:
    body = webhooks.body(webhooks.text("wamid.1", "X", sender=HIM)).replace(b'"X"', b'"\\ud83d"')

    assert HIM.encode() not in without(body)


# -- how they are found ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "aliases"),
    [
        (HIM, (f"p:{HIM}",)),
        ("+1 (555) 000-1234", (f"p:{HIM}",)),
        (USER, (f"u:{USER}",)),
        ("US.ENT.123456", ("n:US.ENT.123456",)),
        ("", ()),
        ("two words", ()),
        ("x" * 500, ()),
    ],
)
def test_a_contact_may_be_written_as_people_write_it(contact: str, aliases: tuple[str, ...]) -> None:
    assert who(contact) == aliases


def test_one_of_the_needles_is_in_every_body_that_would_change(webhooks: Any) -> None:
    bodies = [
        webhooks.body(webhooks.text("wamid.1", sender=HIM)),
        webhooks.body(statuses=[{"id": wamid(HIM, "A" * 20), "status": "read", "timestamp": "1"}]),
        webhooks.body(webhooks.text("wamid.2", sender=USER)),
    ]
    for body in bodies:
        assert redacted(body, HIS) is not None
        assert any(needle.encode() in body for needle in needles(HIS))


def test_a_stored_message_is_known_by_its_sender_or_by_what_it_says() -> None:
    assert is_about(HIS, HIM, b"{}")
    assert is_about(HIS, None, json.dumps({"from_user_id": USER}).encode())
    assert not is_about(HIS, HER, json.dumps({"from": HER, "to": HIM}).encode())
    assert not is_about(HIS, None, b"no JSON")


# -- whatever is in a body -----------------------------------------------------------------------------------------

PEOPLE = (HIM, HER, "15553334444")
MESSAGES = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(("text", "file", "gap"))), max_size=6)


@settings(max_examples=80, deadline=None)
@given(said=MESSAGES, known=st.sets(st.sampled_from(PEOPLE)), statuses=st.lists(st.sampled_from(PEOPLE), max_size=3))
def test_what_is_left_is_what_the_others_said(
    webhooks: Any, said: list[tuple[str, str]], known: set[str], statuses: list[str]
) -> None:
    made = {
        "text": lambda nth, sender: webhooks.text(f"wamid.{nth}", sender=sender),
        "file": lambda nth, sender: webhooks.file(f"wamid.{nth}", f"m{nth}", sender=sender),
        "gap": lambda nth, sender: webhooks.file(f"wamid.{nth}", None, sender=sender),
    }
    messages = [made[kind](nth, sender) for nth, (sender, kind) in enumerate(said)]
    contacts = [{"wa_id": each, "profile": {"name": f"name of {each}"}} for each in sorted(known)]
    told = [webhooks.status(f"wamid.s{nth}", recipient=each) for nth, each in enumerate(statuses)]
    body = webhooks.body(*messages, contacts=contacts, statuses=told)
    less = redacted(body, Who(frozenset({HIM}))) or body

    assert _told(less) == [each for each in _told(body) if HIM not in each]
    assert HIM.encode() not in less


def _told(body: bytes) -> list[tuple[object, ...]]:
    """What a body says, without the names in its contacts: a sole one is taken for whoever sent the sole message."""
    return [
        (each.wamid, each.sender, each.party.phone, json.loads(each.payload), each.media)
        if isinstance(each, Message)
        else (each.wamid, each.recipient, each.status)
        for each in read(body).updates
        if isinstance(each, Message | Status)
    ]
