"""Whole bodies: everything in them is read, whatever else is in them, and nothing makes the reader raise."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.core import reading as reader
from penstock.core.reading import read
from penstock.core.updates import IdentityChange, Message, Reading, Status

NUMBER = "100000000000002"
OTHER = "100000000000012"

Json = dict[str, Any]


def text(wamid: str, said: str = "hello", sender: str = "15550001234") -> Json:
    return {"from": sender, "id": wamid, "timestamp": "1795000000", "type": "text", "text": {"body": said}}


def photo(wamid: str, media_id: str = "101") -> Json:
    url = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=101&ext=1795000301&hash=H"
    content = {"id": media_id, "mime_type": "image/jpeg", "caption": "Größe: 1/2", "url": url}
    return {"from": "15550001234", "id": wamid, "timestamp": "1795000000", "type": "image", "image": content}


def status(wamid: str, name: str = "read", **more: Any) -> Json:
    return {"id": wamid, "status": name, "timestamp": "1795000002", "recipient_id": "15550001234", **more}


def change(field: str = "messages", number: Any = NUMBER, **value: Any) -> Json:
    metadata = {"display_phone_number": "15550009876", "phone_number_id": number}
    return {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}


def tree(*changes: Any, kind: Any = "whatsapp_business_account") -> Json:
    return {"object": kind, "entry": [{"id": "100000000000001", "changes": list(changes)}]}


def body(*changes: Any, kind: Any = "whatsapp_business_account") -> bytes:
    return json.dumps(tree(*changes, kind=kind)).encode()


def wamids(reading: Reading) -> list[str]:
    return [update.wamid for update in reading.updates if isinstance(update, Message)]


def gist(reading: Reading) -> Any:
    """A reading without the bytes of its payloads."""
    return [
        [getattr(update, name) for name in update.__struct_fields__ if name != "payload"] for update in reading.updates
    ], reading.numbers


# -- batches ------------------------------------------------------------------------------------


def test_a_batch_of_two_tenants_with_statuses_is_read_in_full() -> None:
    raw = json.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "id": "100000000000001",
                    "changes": [
                        change(messages=[text("wamid.A"), photo("wamid.B")]),
                        change(statuses=[status("wamid.OURS")]),
                    ],
                },
                {"id": "100000000000011", "changes": [change(number=OTHER, messages=[text("wamid.C")])]},
            ],
        }
    ).encode()
    reading = read(raw)

    assert wamids(reading) == ["wamid.A", "wamid.B", "wamid.C"]
    assert [update.phone_number_id for update in reading.updates] == [NUMBER, NUMBER, NUMBER, OTHER]
    assert reading.numbers == {NUMBER, OTHER}
    assert (reading.problems, reading.ignored) == ((), 0)


def test_messages_and_statuses_of_one_value_are_both_read() -> None:
    reading = read(body(change(messages=[text("wamid.A")], statuses=[status("wamid.OURS")])))

    assert [type(update) for update in reading.updates] == [Message, Status]


def test_a_thousand_updates_of_three_megabytes_are_read_at_once() -> None:
    raw = body(change(messages=[text(f"wamid.{n}", "x" * 2_900) for n in range(1_000)]))
    began = time.process_time()
    reading = read(raw)
    took_s = time.process_time() - began

    assert len(raw) > 3_000_000
    assert len(wamids(reading)) == 1_000
    assert reading.problems == ()
    assert took_s < 5  # it takes a few hundredths


# -- statuses and names that change -------------------------------------------------------------


def test_a_status_is_read_with_whom_it_is_of() -> None:
    (found,) = read(body(change(statuses=[status("wamid.OURS", "delivered", recipient_user_id="US.1")]))).updates

    assert found == Status(NUMBER, "wamid.OURS", "delivered", 1_795_000_002.0, "15550001234")


def test_a_failed_status_says_why() -> None:
    errors = [{"code": 131053, "title": "Media upload error", "error_data": {"details": "wrong type"}}]
    (found,) = read(body(change(statuses=[status("wamid.OURS", "failed", errors=errors)]))).updates

    assert isinstance(found, Status)
    assert (found.error_code, found.error_text) == (131053, "wrong type")


def test_every_participant_of_a_group_has_a_status_of_their_own() -> None:
    group = {"recipient_id": "GROUP", "recipient_type": "group"}
    reading = read(
        body(
            change(
                statuses=[
                    status("wamid.OURS", **group, recipient_participant_id="15550001234"),
                    status("wamid.OURS", **group, recipient_participant_user_id="US.2"),
                    status("wamid.OURS", **group),
                ]
            )
        )
    )

    recipients = [update.recipient for update in reading.updates if isinstance(update, Status)]
    assert recipients == ["15550001234", "US.2", "GROUP"]


def test_a_status_may_name_nobody() -> None:
    (found,) = read(body(change(statuses=[{"id": "wamid.OURS", "status": "sent", "timestamp": 1}]))).updates

    assert isinstance(found, Status)
    assert found.recipient == ""


@pytest.mark.parametrize("broken", [{}, {"id": "wamid.OURS"}, {"status": "read"}, {"id": "", "status": "read"}])
def test_a_status_that_says_nothing_is_told(broken: Json) -> None:
    reading = read(body(change(statuses=[broken, status("wamid.GOOD")])))

    assert len(reading.updates) == 1
    assert reading.problems == ("a status does not say what it is, or of which message",)


def test_a_rotated_user_id_leads_from_the_old_name_to_the_new_ones() -> None:
    update = {"wa_id": "15550005678", "user_id": {"previous": "US.1", "current": "US.3"}, "timestamp": "1795000000"}
    (found,) = read(body(change("user_id_update", user_id_update=[update]))).updates

    assert found == IdentityChange(NUMBER, ("u:US.1",), ("u:US.3", "p:15550005678"), 1_795_000_000.0)


def test_a_rotation_that_names_only_one_id_is_told() -> None:
    reading = read(body(change("user_id_update", user_id_update=[{"user_id": {"current": "US.3"}}])))

    assert reading.updates == ()
    assert reading.problems == ("a change of a user id does not name the old and the new one",)


# -- what is of no use --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("each", "ignored"),
    [
        (change("group_settings_update", groups=[{"group_id": "G", "type": "group_settings_update"}]), 1),
        (change("something_new", whatever=[1, 2]), 1),
        ({"field": "message_template_status_update", "value": {"event": "APPROVED"}}, 1),
        ({"field": "account_update"}, 1),
        (change(errors=[{"code": 0, "title": "We were unable to authenticate the app user"}]), 1),
        (change(errors=[{"code": 0}, {"code": 130429}], contacts=[{"wa_id": "15550001234"}]), 2),
        (change(contacts=[{"wa_id": "15550001234"}]), 1),
        (change(messages=[]), 1),
    ],
)
def test_updates_that_penstock_has_no_use_for_are_counted(each: Json, ignored: int) -> None:
    reading = read(body(each))

    assert (reading.updates, reading.problems, reading.ignored) == ((), (), ignored)


def test_the_number_of_an_update_that_is_of_no_use_is_named_too() -> None:
    assert read(body(change("group_settings_update", groups=[]))).numbers == {NUMBER}


def test_an_entry_without_changes_is_counted() -> None:
    raw = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1"}, {"id": "2", "changes": []}]})

    assert read(raw.encode()).ignored == 2


def test_an_empty_list_of_entries_says_nothing() -> None:
    assert read(b'{"object":"whatsapp_business_account","entry":[]}') == Reading((), frozenset())


# -- bodies that are not right ------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"hub.mode=subscribe",
        b"\x00\x01\x02",
        b"\xff\xfe{\x00}\x00",
        body(change(messages=[text("wamid.A")]))[:-1],
        body(change(messages=[text("wamid.A")])) + b"}",
    ],
)
def test_what_is_no_json_object_is_told(raw: bytes) -> None:
    reading = read(raw)

    assert reading.updates == ()
    assert "the body is not a JSON object" in reading.problems


def test_the_numbers_of_a_body_that_was_cut_are_found() -> None:
    raw = body(change(messages=[text("wamid.A")]), change(number=int(OTHER), messages=[text("wamid.B")]))

    assert read(raw[:-10]).numbers == {NUMBER, OTHER}


def test_a_number_that_a_customer_wrote_is_not_taken_for_one_of_the_body() -> None:
    said = '"phone_number_id":"666"'

    assert read(body(change(messages=[text("wamid.A", said)]))[:-1]).numbers == {NUMBER}


@pytest.mark.parametrize("kind", ["page", "instagram", None, "", 7, ["whatsapp_business_account"]])
def test_a_body_about_something_else_is_told_with_its_numbers(kind: Any) -> None:
    reading = read(body(change(messages=[text("wamid.A")]), kind=kind))

    assert reading.updates == ()
    assert "the body is not about a WhatsApp business account" in reading.problems
    assert reading.numbers == {NUMBER}


@pytest.mark.parametrize("entry", [None, {}, "x", 7])
def test_a_body_without_entries_is_told(entry: Any) -> None:
    raw = json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()

    assert "the body has no list of entries" in read(raw).problems


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert wamids(read(b"\xef\xbb\xbf" + body(change(messages=[text("wamid.A")])))) == ["wamid.A"]


def test_invalid_utf8_in_one_message_is_told_and_costs_none() -> None:
    raw = body(change(messages=[text("wamid.A", "BROKEN"), text("wamid.B")])).replace(b"BROKEN", b"caf\xe9")
    reading = read(raw)

    assert wamids(reading) == ["wamid.A", "wamid.B"]
    assert isinstance(reading.updates[0], Message)
    assert reading.updates[0].text == "caf\ufffd"
    assert reading.problems == ("the body is not valid UTF-8",)
    reading.updates[0].payload.decode()


@pytest.mark.parametrize("depth", [70, 900, 100_000])
def test_brackets_without_end_in_one_message_cost_no_other(depth: int) -> None:
    bomb = json.dumps({**text("wamid.BOMB"), "referral": "BOMB-HERE"})
    raw = body(change(messages=["FIRST", text("wamid.B")])).replace(b'"FIRST"', bomb.encode())
    reading = read(raw.replace(b'"BOMB-HERE"', b"[" * depth + b"]" * depth))

    assert wamids(reading) == ["wamid.BOMB", "wamid.B"]
    assert set(reading.problems) <= {"the body is nested too deeply"}


@pytest.mark.parametrize("raw", [b"[" * 200_000, b'{"a":' * 200_000, b'{"object":' + b"[" * 200_000 + b"}" * 200_000])
def test_brackets_that_nobody_closes_are_no_json(raw: bytes) -> None:
    reading = read(raw)

    assert reading.updates == ()
    assert "the body is not a JSON object" in reading.problems


@pytest.mark.parametrize("number", [None, "", {}, [], True, 1.5, "12a", "1" * 33, -1, "١٢٣", "12\x0034"])
def test_an_update_without_a_number_is_told_and_not_kept(number: Any) -> None:
    reading = read(body(change(number=number, messages=[text("wamid.A")]), change(messages=[text("wamid.B")])))

    assert wamids(reading) == ["wamid.B"]
    assert "an update does not say which phone_number_id it is for" in reading.problems
    assert reading.numbers == {NUMBER}


def test_a_number_may_be_an_integer() -> None:
    reading = read(body(change(number=int(NUMBER), messages=[text("wamid.A")])))

    assert [update.phone_number_id for update in reading.updates] == [NUMBER]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        7,
        "text",
        [],
        {},
        {"value": 7},
        {"value": []},
        {"field": 7, "value": {"messages": "x"}},
        change(messages="x"),
        change(messages={"0": text("wamid.X")}),
        change(messages=[None, 7, "x", [], {}]),
        change(contacts="x", messages=[{}]),
        change(statuses=[7, None, {"id": {}}]),
        change("history", history=[7, {"threads": 7}, {"threads": [{"messages": [7]}]}]),
        change("calls", calls=[7, {}, {"event": "call_recording_available"}]),
        change("user_id_update", user_id_update=[7, {}, {"user_id": 7}]),
        change("smb_message_echoes", message_echoes=[7, {}]),
        {"field": "messages", "value": {"metadata": 7, "messages": [text("wamid.X")]}},
    ],
)
def test_one_unreadable_update_never_takes_another_with_it(broken: Any) -> None:
    good = change(messages=[text("wamid.A")], statuses=[status("wamid.OURS")])
    for raw in (body(broken, good), body(good, broken)):
        reading = read(raw)
        assert wamids(reading) == ["wamid.A"]
        assert sum(isinstance(update, Status) for update in reading.updates) == 1


def test_a_broken_message_beside_good_ones_in_the_same_value_costs_none() -> None:
    reading = read(body(change(messages=[text("wamid.A"), 7, {"id": []}, photo("wamid.B")], contacts=[7])))

    assert wamids(reading) == ["wamid.A", "wamid.B"]
    assert reading.problems


def test_a_contacts_list_that_cannot_be_read_costs_no_message() -> None:
    reading = read(body(change(messages=[text("wamid.A")], contacts={"name": "x"})))

    assert wamids(reading) == ["wamid.A"]
    assert reading.problems == ("a part of the body could not be read: entry.changes.value.contacts",)


def test_the_same_problem_is_told_once_with_its_number() -> None:
    reading = read(body(change(messages=[{}] * 900)))

    assert reading.problems == ("a message has no usable id (900 times)",)


def test_a_thousand_different_problems_stay_a_short_list() -> None:
    reading = read(body(change(messages=[{**text(f"wamid.{n}"), "type": f"new_{n}"} for n in range(1_000)])))

    assert len(wamids(reading)) == 1_000
    assert len(reading.problems) == 51
    assert reading.problems[-1] == "and 950 other problems"


def test_problems_carry_nothing_of_a_person() -> None:
    odd = {**text("wamid.SECRETID", "a secret text"), "context": "x", "timestamp": [], "text": 7}
    reading = read(body(change(messages=[odd, {"from": "15550001234", "text": {"body": "a secret text"}}])))

    assert reading.problems
    assert not re.search(r"SECRETID|secret text|1555", " ".join(reading.problems))


def test_a_fault_of_the_reader_itself_loses_nothing_that_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("penstock.core.reading_messages.echo", fails)
    reading = read(body(change(messages=[text("wamid.A")]), change("smb_message_echoes", message_echoes=[text("x")])))

    assert wamids(reading) == ["wamid.A"]
    assert reading.problems == ("a message could not be read",)


# -- properties ---------------------------------------------------------------------------------

REAL = [
    body(change(messages=[text("wamid.A"), photo("wamid.B")], statuses=[status("wamid.OURS")])),
    body(change("history", history=[{"threads": [{"id": "15550001234", "messages": [text("wamid.A")]}]}])),
    body(
        change("calls", calls=[{"id": "wacid.A", "event": "call_recording_available", "call_recording": {"audio": {}}}])
    ),
    body(
        change(
            messages=[
                {"id": "wamid.S", "type": "system", "system": {"wa_id": "15550005678", "type": "user_changed_number"}},
                {"id": "wamid.E", "type": "edit", "edit": {"original_message_id": "wamid.A", "message": photo("x")}},
            ]
        )
    ),
    body(change("user_id_update", user_id_update=[{"user_id": {"previous": "US.1", "current": "US.2"}}])),
]

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=12)  # halves of emoji, too
    | st.sampled_from(["image", "audio", "voice", "system", "edit", "wamid.A", NUMBER, "US.1", "15550001234"])
)
KEYS = [
    *(
        "object",
        "entry",
        "changes",
        "field",
        "value",
        "metadata",
        "phone_number_id",
        "contacts",
        "messages",
        "statuses",
    ),
    *("message_echoes", "history", "threads", "calls", "user_id_update", "errors", "id", "from", "type", "timestamp"),
    *("image", "audio", "voice", "text", "body", "edit", "message", "system", "wa_id", "user_id", "interactive", "url"),
    *(
        "call_recording",
        "sha256",
        "context",
        "location",
        "reaction",
        "order",
        "profile",
        "error_data",
        "group_id",
        "to",
    ),
]
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)


class Bare(reader._Page):
    """A page without the nets that catch what nobody thought of."""

    def _each(self, what: str, items: Any, read_one: Any) -> None:
        for item in items:
            self._updates.extend(read_one(item))


def internally(raw: bytes) -> None:
    """Read as ``read`` does, and raise what it would catch."""
    page = Bare()
    envelope = reader._opened(raw, page)
    if envelope is not None:
        page.envelope(envelope)
    assert page.reading() == read(raw)


def check(reading: Reading) -> None:
    """What the store relies on, whatever came in."""
    for update in reading.updates:
        assert update.phone_number_id in reading.numbers
        if isinstance(update, IdentityChange):
            assert update.previous and update.current
            continue
        assert 0 < len(update.wamid) <= 512
        assert update.wamid.isprintable()
        if isinstance(update, Message):
            assert len(update.party.aliases()) <= 2
            assert "\x00" not in (update.text or "")
            assert isinstance(json.loads(update.payload), dict)
            assert all(ref.sha256 is None or len(ref.sha256) == 32 for ref in update.media)
            for value in (update.text, update.sender, update.sender_name, update.error_text, update.reply_to):
                (value or "").encode()


@given(st.binary(max_size=400))
@quick
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    check(read(raw))
    internally(raw)


@given(st.sampled_from(REAL), st.lists(st.tuples(st.integers(0, 2_000), st.binary(max_size=3)), min_size=1, max_size=4))
@quick
def test_no_change_of_a_real_body_makes_it_raise(raw: bytes, changes: list[tuple[int, bytes]]) -> None:
    for where, piece in changes:
        place = where % len(raw)
        raw = raw[:place] + piece + raw[place + 1 :]
    check(read(raw))
    internally(raw)


@given(anything)
@quick
def test_no_tree_of_metas_keys_makes_it_raise(value: Any) -> None:
    for raw in (
        json.dumps(value).encode(),
        body(value),
        body(change(messages=[value, {"id": "wamid.A", "type": "image", "image": value}])),
        json.dumps(tree({"field": "messages", "value": value})).encode(),
    ):
        check(read(raw))
        internally(raw)


@given(anything, st.booleans())
@quick
def test_whatever_stands_beside_a_good_message_it_is_read(value: Any, before: bool) -> None:
    good = text("wamid.GOOD")
    messages = [value, good] if before else [good, value]

    assert "wamid.GOOD" in wamids(read(body(change(messages=messages))))
    assert "wamid.GOOD" in wamids(read(body(*([value] if before else []), change(messages=[good], statuses=value))))


@given(st.data(), st.sampled_from(REAL))
@quick
def test_escaping_changes_nothing_that_is_read(data: st.DataObject, raw: bytes) -> None:
    def escape(found: re.Match[str]) -> str:
        character = found[0]
        how = data.draw(st.integers(0, 2), label=character)
        return rf"\u{ord(character):04x}" if how == 1 else "\\/" if how == 2 and character == "/" else character

    plain = json.dumps(json.loads(raw), ensure_ascii=False)
    escaped = re.sub(r"(?<!\\)[/ömw5]", escape, plain)

    assert json.loads(escaped) == json.loads(raw)
    assert gist(read(escaped.encode())) == gist(read(raw)) == gist(read(plain.encode()))
