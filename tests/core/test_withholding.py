"""Nothing that opens a door or names a person survives in what is kept; what shows how an exchange went does."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from penstock.core.contract import Prepared
from penstock.core.exchange import Exchange, Trouble
from penstock.core.trace import Kept
from penstock.core.wire import FileSeen, Wire
from penstock.core.withholding import GONE, MOST_TEXT, Withholding, forms_of, kept
from penstock.core.work import Attempt, Claim, Outcome

MEDIA_ID, NUMBER, PHONE = "1000000000000101", "100000000000002", "4915112345678"
TOKEN = "EAAGm0PX4ZCpsBAKZCvTtheTokenOfTheNumber"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnopqrstuvwxyz23456789"


def wamid_of(phone: str) -> str:
    inner = (
        b"\x1c\x18" + bytes([len(phone)]) + phone.encode() + b"\x15\x02\x00\x12\x18\x14" + b"3A5F02F8B9C1D2E3F4A5\x00"
    )
    return "wamid." + base64.b64encode(inner).decode()


def claim(**more: Any) -> Claim:
    known: dict[str, Any] = {
        "id": 7,
        "fence": 1,
        "workspace_id": 1,
        "workspace": "acme",
        "number_id": 1,
        "phone_number_id": NUMBER,
        "app": "main",
        "credential_id": 1,
        "credential": "token-a",
        "kind": "image",
        "media_id": MEDIA_ID,
        "wamid": wamid_of(PHONE),
        "received_at": 0.0,
        "deadline": 9e9,
        "attempts": 0,
        "declared_mime_type": "image/jpeg",
    }
    return Claim(**(known | more))


def exchange(**more: Any) -> Exchange:
    known: dict[str, Any] = {
        "operation": "media.look_up",
        "declared_method": "GET",
        "wire_method": "GET",
        "at": 1_795_600_000.0,
        "duration_s": 0.25,
        "host": "graph.facebook.com",
        "peer_address": "157.240.0.1",
        "status": 200,
        "fresh": True,
    }
    return Exchange(**(known | more))


def attempt(outcome: Outcome = Outcome.DELIVERED) -> Attempt:
    return Attempt(
        at=1_795_600_000.0,
        operation="media.look_up",
        declared_method="GET",
        wire_method="GET",
        host="graph.facebook.com",
        peer_address="157.240.0.1",
        status=200,
        graph_code=None,
        graph_subcode=None,
        trace_id=None,
        outcome=outcome,
        duration_s=0.25,
        recipe="standard/1",
        worker="w1",
    )


def wire(*, target: str = f"/v26.0/{MEDIA_ID}", token: str = TOKEN, **more: Any) -> Wire:
    prepared = Prepared(
        "GET",
        "https",
        "graph.facebook.com",
        443,
        target,
        (("Host", "graph.facebook.com"), ("Authorization", f"Bearer {token}"), ("Accept", "*/*")),
    )
    return Wire(token=token, prepared=prepared, **more)


LOOK_UP = {
    "messaging_product": "whatsapp",
    "url": f"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={MEDIA_ID}&ext=1795600300&hash=ATtBt9signed",
    "mime_type": "image/jpeg",
    "sha256": "b" * 64,
    "file_size": 12345678,
    "id": MEDIA_ID,
}


def look_up(*, secrets: tuple[str, ...] = ()) -> Kept:
    heard = wire(
        status=200,
        reason="OK",
        headers=(
            ("Content-Type", "application/json; charset=UTF-8"),
            ("x-fb-trace-id", "AbCdEfGhIjK"),
            ("X-Served-By", "bad-2"),
            ("Set-Cookie", "session=abcdef"),
        ),
        body=json.dumps(LOOK_UP).replace("/", "\\/").encode(),
        asked_at=10.0,
        slot_at=10.5,
        connected_at=11.0,
        headed_at=11.75,
        ended_at=12.0,
    )
    return kept(claim(), exchange(trace_id="AbCdEfGhIjK", server="bad-2"), attempt(), heard, forms_of(secrets))


def test_a_look_up_is_kept_whole_but_for_its_secrets() -> None:
    found = look_up()
    assert found.url == f"https://graph.facebook.com/v26.0/{MEDIA_ID}"
    assert dict(found.request_headers) == {
        "Host": "graph.facebook.com",
        "Authorization": f"Bearer {GONE}",
        "Accept": "*/*",
    }
    assert dict(found.response_headers) == {
        "Content-Type": "application/json; charset=UTF-8",
        "x-fb-trace-id": "AbCdEfGhIjK",
        "X-Served-By": "bad-2",
        "Set-Cookie": GONE,
    }
    assert found.text is not None
    place = "https://lookaside.fbsbx.com/whatsapp_business/attachments/"
    assert json.loads(found.text) == LOOK_UP | {"url": f"{place}?mid={GONE}&ext={GONE}&hash={GONE}"}
    assert found.timings == {"blocked": 0.5, "connect": 0.5, "wait": 0.75, "receive": 0.25}
    assert (found.method, found.status, found.outcome, found.peer_address) == ("GET", 200, "delivered", "157.240.0.1")
    assert (found.server, found.trace_id, found.fresh, found.recipe) == ("bad-2", "AbCdEfGhIjK", True, "standard/1")
    assert msgspec.json.decode(msgspec.json.encode(found), type=Kept) == found


def test_of_a_file_nothing_is_kept_but_its_size_hash_and_type() -> None:
    seen = FileSeen(22, b"\x0b" * 32, b"%PDF-1.7 My bank account is 1234")
    heard = wire(
        target="/x?mid=1&hash=ATtBt9signed",
        status=200,
        headers=(
            ("Content-Type", 'application/pdf; name="salary of carl.pdf"'),
            ("Content-Disposition", 'attachment; filename="salary of carl.pdf"'),
        ),
        file=seen,
    )
    found = kept(claim(), exchange(operation="media.download"), attempt(), heard)
    assert (found.size, found.sha256, found.sniffed, found.text) == (22, "0b" * 32, "application/pdf", None)
    told = msgspec.json.encode(found).decode()
    assert not [each for each in ("bank", "carl", "ATtBt9signed", "PDF-1") if each in told]


def test_an_error_page_is_kept_as_far_as_there_is_room() -> None:
    page = f"<html>Your address https://a.b/c?x=verysecret&amp;y=2 and {TOKEN}</html>" + "x y " * MOST_TEXT
    found = kept(claim(), exchange(status=503), attempt(Outcome.UPSTREAM), wire(status=503, body=page.encode()))
    assert found.text is not None
    assert found.text.startswith(f"<html>Your address https://a.b/c?x={GONE}&amp;y={GONE} and {GONE}</html>")
    assert (len(found.text), found.text_cut, found.size) == (MOST_TEXT, True, len(page))


def test_a_request_that_was_never_sent_is_kept_too() -> None:
    refused = exchange(wire_method="POST", status=None, peer_address=None, fresh=None, trouble=Trouble.CONTRACT)
    refused = msgspec.structs.replace(refused, detail="contract: the method is 'POST', not 'GET'")
    found = kept(claim(), refused, attempt(Outcome.CONTRACT), Wire(token=TOKEN, asked_at=1.0, ended_at=1.5))
    assert (found.method, found.declared_method, found.url, found.trouble) == ("POST", "GET", None, "contract")
    assert found.detail == "contract: the method is 'POST', not 'GET'"
    assert found.timings == {"blocked": 0.5}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"call +49 151 1234 5678 or {PHONE}", f"call {GONE} or {GONE}"),
        ("access_token=abc&x=1", f"access_token={GONE}&x=1"),
        ('{"app_secret": "abc"', f'{{"app_secret": "{GONE}"'),
        ("OAuth abcdefgh failed", f"OAuth {GONE} failed"),
        (f"the media {MEDIA_ID} of {NUMBER}", f"the media {MEDIA_ID} of {NUMBER}"),
        ("secret 0123456789abcdef0123456789abcdef", f"secret {GONE}"),
        ("see https://user:pass@host/path", f"see https://{GONE}@host/path"),
        ("123456|AbCdEfGhIjKlMn", GONE),
        ("wamid.HBgNNDkxNTE=", GONE),
        ("503 Service Unavailable in 12 s", "503 Service Unavailable in 12 s"),
    ],
)
def test_what_looks_like_a_secret_is_taken_for_one(text: str, left: str) -> None:
    assert Withholding((), (MEDIA_ID, NUMBER)).text(text) == left


def test_fields_of_json_are_withheld_by_their_names() -> None:
    body = {"error": {"access_token": "x", "code": 190, "from": 4915112345678, "fbtrace_id": "A1b2"}, "wa_id": "1"}
    told = json.loads(Withholding(()).body(json.dumps(body).encode()))
    assert told == {"error": {"access_token": GONE, "code": 190, "from": GONE, "fbtrace_id": "A1b2"}, "wa_id": GONE}


def test_json_that_is_too_deep_is_withheld_below() -> None:
    deep = b'{"a":' * 400 + b'"verysecret"' + b"}" * 400
    assert "verysecret" not in Withholding(()).body(deep)
    assert "EAAGsecret1" not in Withholding(()).body(b"[" * 100_000 + b"EAAGsecret1")


INNOCENT = msgspec.json.encode(look_up()).decode() + "error message error_data Bad Request Location Echo Server Date"
word = st.text(LETTERS, min_size=8, max_size=24)
PLACES = ("header", "url", "json", "nested", "escaped", "page", "detail", "reason", "cookie", "key", "target", "echo")


@settings(max_examples=150, deadline=None)
@given(
    token=st.builds("EAAG{}".format, st.text(LETTERS, min_size=12, max_size=60)),
    ours=st.lists(word, min_size=1, max_size=3, unique=True),
    signed=word,
    phone=st.text("0123456789", min_size=9, max_size=15).filter(lambda each: each[0] != "0"),
    places=st.sets(st.sampled_from(PLACES), min_size=1),
    plus=st.booleans(),
)
def test_no_secret_of_the_input_survives_in_what_is_kept(
    token: str, ours: list[str], signed: str, phone: str, places: set[str], plus: bool
) -> None:
    wamid = wamid_of(phone)
    secrets = [token, *ours, signed, phone, wamid, wamid.removeprefix("wamid.")]
    assume(not any(each in INNOCENT for each in secrets))
    shown = [("+" if plus and each == phone else "") + each for each in secrets]
    # What the exchange shows to be secret is found wherever it stands, so every secret stands wherever it may.
    everything = " ".join(shown)
    url = f"https://lookaside.fbsbx.com/x?mid={MEDIA_ID}&hash={signed}&s={ours[0]}#{token}"
    headers = [("Content-Type", "application/json"), ("Date", "Wed, 25 Nov 2026 19:00:00 GMT")]
    body: Any = {"url": url, "id": MEDIA_ID, "mime_type": "image/jpeg"}
    told: dict[str, Any] = {}
    if "header" in places:
        headers += [("X-Echo", everything), ("Server", everything), ("Location", f"/y?z={signed}")]
    if "cookie" in places:
        headers += [("Set-Cookie", everything), ("Content-Disposition", everything)]
    if "json" in places:
        body |= {"error": {"message": everything, "error_data": shown, "code": 190}}
    if "nested" in places:
        body |= {"a": [{"b": [int(phone)]}, {"from": phone, "sha256": token}]}
    if "key" in places:
        body |= dict.fromkeys(shown, 1)
    if "detail" in places:
        told |= {"detail": everything, "server": token, "trace_id": ours[0]}
    target = f"/v26.0/{MEDIA_ID}" + (f"?a={signed}&b={ours[0]}&{token}" if "target" in places else "")
    raw = json.dumps(body).replace("/", "\\/") if "escaped" in places else json.dumps(body)
    if "page" in places:
        raw = f"<html><a href='{url.replace('&', '&amp;')}'>{everything}</a></html>"
    if "echo" in places:
        raw += f"\nGET {target}\nAuthorization: Bearer {token}\n{everything}"
    heard = wire(
        target=target,
        token=token,
        status=400,
        reason=everything if "reason" in places else "Bad Request",
        headers=tuple(headers),
        body=raw.encode(),
    )
    noted = kept(claim(wamid=wamid), exchange(**told), attempt(), heard, forms_of([*ours, signed]))
    written = msgspec.json.encode(noted).decode()
    survivors = [each for each in secrets if each in written.replace("\\/", "/")]
    assert not survivors
