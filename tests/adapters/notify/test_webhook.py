"""A signed webhook: the body that is promised, and a signature that any library of Standard Webhooks verifies."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from penstock.adapters.notify.webhook import Webhook, signed
from penstock.core.alert import Alert

NOW = 1_795_000_000.0


def test_the_signature_is_the_one_of_the_specifications_own_vector() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}', [secret])
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


async def test_a_receiver_verifies_what_it_got_over_the_raw_bytes(receiver: Any, alert: Callable[..., Alert]) -> None:
    new, old = b"n" * 32, b"o" * 32
    reply = await Webhook(receiver.url + "/hook?x=1", [new, old]).send(alert(), now=NOW)
    assert reply.taken
    (told,) = receiver.told
    assert told.target == "/hook?x=1"
    given = {name.lower(): value for name, value in told.headers.items()}
    assert given["webhook-id"] == "msg_ab12-tgt-9"
    assert given["webhook-timestamp"] == "1795000000"
    whole = b"msg_ab12-tgt-9.1795000000." + told.body
    wanted = ["v1," + base64.b64encode(hmac.digest(key, whole, hashlib.sha256)).decode() for key in (new, old)]
    assert given["webhook-signature"].split() == wanted  # while one is rotated, either verifies


async def test_the_body_is_the_promised_one(receiver: Any, alert: Callable[..., Alert]) -> None:
    await Webhook(receiver.url, [b"n" * 32]).send(alert(), now=NOW)
    body = json.loads(receiver.told[0].body)
    assert body["event"] == "opened"
    assert body["incident"]["id"] == 7
    assert body["incident"]["cause"] == {
        "rule": {"wire_method": "POST"}, "own_request": True, "also": [{"contract_ok": "no"}], "failures": 8,
        "outcomes": 20, "tested": None, "symptoms": [],
    }  # fmt: skip
    assert body["summary"].startswith("Incident 7 is open.")
    assert body["url"] == "https://media.example.com/api/v1/incidents/7"


async def test_sent_again_it_has_the_same_id_and_body(receiver: Any, alert: Callable[..., Alert]) -> None:
    webhook = Webhook(receiver.url, [b"n" * 32])
    await webhook.send(alert(), now=NOW)
    await webhook.send(alert(), now=NOW + 60)
    first, second = receiver.told
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert await webhook.reach() is None
