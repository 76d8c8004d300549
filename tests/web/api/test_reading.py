"""Messages, files, conversations and the feed, as programs read them."""

import asyncio
import time
from typing import Any
from urllib.parse import quote

import pytest

from penstock.core import ids
from penstock.core.ids import Kind, encode
from penstock.core.work import Failed, Outcome
from penstock.flow.erasing import Wish, erase
from penstock.web import events

JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 100


async def test_a_message_is_found_by_our_id_and_by_metas(site: Any) -> None:
    sent = site.file("image", "m1", caption="The roof") | {"id": "wamid.a/b+c=="}
    await site.receive(sent)
    token = await site.token()

    by_wamid = await site.get(f"/api/v1/messages/{quote(sent['id'], safe='')}", token=token)
    by_id = await site.get(f"/api/v1/messages/{by_wamid.json['id']}", token=token)

    assert by_wamid.status == by_id.status == 200
    assert by_wamid.json == by_id.json
    assert by_id.json["text"] == "The roof"
    assert by_id.json["payload"] == sent
    assert by_id.json["direction"] == "in"


async def test_a_file_says_how_it_stands_before_and_after_it_is_attached(site: Any) -> None:
    await site.receive(sent := site.file("image", "m1"))
    token = await site.token()

    async def media() -> dict[str, Any]:
        got = await site.get(f"/api/v1/messages/{sent['id']}", token=token)
        return dict(got.json["media"][0])

    before = await media()
    assert (before["state"], before["held"], before["media_id"]) == ("waiting", False, "m1")
    assert before["content_url"] is before["sha256"] is before["size"] is None

    await site.fail_once("m1")
    delayed = await media()
    assert (delayed["state"], delayed["class"], delayed["attempts"]) == ("waiting", "upstream", 1)
    assert delayed["next_attempt_at"].endswith("Z")

    await site.attach("m1", JPEG)
    after = await media()
    assert (after["state"], after["size"], after["content_type"]) == ("attached", len(JPEG), "image/jpeg")
    assert len(after["sha256"]) == 64
    assert (await site.get(after["content_url"], token=token)).body == JPEG


async def test_a_held_file_says_so(site: Any) -> None:
    await site.receive(site.file("image", "m1"))
    await site.ledger.gates.shut({"kind": "image"}, owner="operator", by="me", why="test", now=time.time())

    got = await site.get("/api/v1/media?state=held", token=await site.token())
    assert [(row["state"], row["held"]) for row in got.json["media"]] == [("waiting", True)]


async def test_the_rows_of_one_of_metas_ids_are_listed(site: Any, other: str) -> None:
    await site.receive(site.file("image", "m1"))
    await site.receive(site.file("image", "m1"), number=other)
    everywhere, acme = await site.token(), await site.token(workspace="acme")

    assert len((await site.get("/api/v1/media?media_id=m1", token=everywhere)).json["media"]) == 2
    assert len((await site.get("/api/v1/media?media_id=m1&workspace=other", token=everywhere)).json["media"]) == 1
    assert len((await site.get("/api/v1/media?media_id=m1", token=acme)).json["media"]) == 1
    assert (await site.get("/api/v1/media?media_id=nothing", token=acme)).json == {"media": [], "next": None}
    assert (await site.get("/api/v1/media?media_id=m1&state=failed", token=acme)).status == 400


async def test_files_are_listed_by_filter(site: Any) -> None:
    await site.receive(site.file("image", "m1"), site.file("image", "m2"), site.file("image", "m3"))
    await site.attach("m1", JPEG)
    await site.end("m2", Failed(Outcome.GONE, "It is gone."))
    token = await site.token()

    async def listed(query: str) -> list[str]:
        got = await site.get(f"/api/v1/media?{query}", token=token)
        assert got.status == 200, got.text
        return sorted(row["media_id"] for row in got.json["media"])

    assert await listed("state=attached") == ["m1"]
    assert await listed("error=gone") == ["m2"]
    assert await listed("workspace=acme") == ["m1", "m2", "m3"]
    assert await listed("since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00%2B01:00") == []


async def test_every_request_made_for_a_file_can_be_seen(site: Any) -> None:
    await site.receive(site.file("image", "m1"))
    row = ids.encode(Kind.MEDIA, await site.fail_once("m1"))
    got = await site.get(f"/api/v1/media/{row}/attempts", token=await site.token())

    assert [(made["status"], made["class"], made["host"]) for made in got.json["attempts"]] == [
        (503, "upstream", "lookaside.fbsbx.com")
    ]


async def test_conversations_and_their_messages_are_paged_without_a_gap_or_a_double(site: Any) -> None:
    for phone in ("15550000001", "15550000002", "15550000003"):
        contacts = [{"profile": {"name": phone}, "wa_id": phone}]
        await site.receive(
            *(site.message("text", {"body": f"{n}"}, **{"from": phone}) for n in range(5)), contacts=contacts
        )
    token = await site.token()

    async def pages(path: str, key: str) -> list[dict[str, Any]]:
        found, after = [], ""
        while True:
            got = (await site.get(f"{path}?limit=2{after}", token=token)).json
            found.append(got[key])
            if got["next"] is None:
                return [row for page in found for row in page]
            after = f"&after={quote(got['next'])}"

    talks = await pages("/api/v1/conversations", "conversations")
    assert sorted(talk["title"] for talk in talks) == ["15550000001", "15550000002", "15550000003"]
    messages = await pages(f"/api/v1/conversations/{talks[0]['id']}/messages", "messages")
    assert sorted(message["text"] for message in messages) == ["0", "1", "2", "3", "4"]
    assert (await site.get(f"/api/v1/conversations/{talks[0]['id']}", token=token)).json == talks[0]


async def test_what_belongs_to_another_workspace_does_not_exist(site: Any, other: str) -> None:
    await site.receive(theirs := site.file("image", "m1"), number=other)
    row = await site.attach("m1", JPEG)
    everywhere, acme = await site.token(), await site.token("admin", workspace="acme")
    message = (await site.get(f"/api/v1/messages/{theirs['id']}", token=everywhere)).json
    media = ids.encode(Kind.MEDIA, row)
    paths = [
        f"/api/v1/messages/{theirs['id']}",
        f"/api/v1/messages/{message['id']}",
        f"/api/v1/media/{media}",
        f"/api/v1/media/{media}/content",
        f"/api/v1/media/{media}/attempts",
        f"/api/v1/conversations/{message['conversation_id']}",
        f"/api/v1/conversations/{message['conversation_id']}/messages",
        "/api/v1/conversations?workspace=other",
        "/api/v1/media?workspace=other",
    ]

    assert {path: (await site.get(path, token=everywhere)).status for path in paths} == dict.fromkeys(paths, 200)
    assert {path: (await site.get(path, token=acme)).status for path in paths} == dict.fromkeys(paths, 404)
    assert (await site.get("/api/v1/conversations", token=acme)).json["conversations"] == []
    assert (await site.get("/api/v1/events", token=acme)).json["events"] == []
    status = (await site.get("/api/v1/status", token=acme)).json
    assert [tally["workspace"] for tally in status["workspaces"]] == ["acme"]
    assert status["oldest_waiting_s"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/media/med_0000000000000",
        "/api/v1/media/nonsense",
        "/api/v1/media/%00",
        "/api/v1/messages/med_7h3k000000000",
        "/api/v1/messages/wamid.nothing",
        "/api/v1/messages/wamid.%ff%fe",
        "/api/v1/messages/" + "x" * 3_000,
        "/api/v1/conversations/1/messages",
        "/api/v1/conversations/cnv_zzzzzzzzzzzzz",
        "/api/v1/nothing",
        "/api/v1/",
    ],
)
async def test_an_id_that_cannot_be_is_one_that_does_not_exist(site: Any, path: str) -> None:
    got = await site.get(path, token=await site.token())

    assert got.status == 404
    assert got.json["error"]["what"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/media?limit=0",
        "/api/v1/media?limit=201",
        "/api/v1/media?limit=many",
        "/api/v1/media?limit=5&limit=6",
        "/api/v1/media?state=lost",
        "/api/v1/media?error=anything",
        "/api/v1/media?since=yesterday",
        "/api/v1/media?since=2026-11-23T10:00:00",
        "/api/v1/media?after=made-up",
        "/api/v1/media?after=1e999.99999999999999999999999",
        "/api/v1/media?colour=red",
        "/api/v1/conversations?after=%00",
        "/api/v1/conversations?after=nan.1.2.3",
        "/api/v1/events?after=42",
        "/api/v1/events?after=med_7h3k000000000",
        "/api/v1/events?wait=61",
        "/api/v1/events?wait=-1",
        "/api/v1/events?wait=nan",
        "/api/v1/status?x=1",
    ],
)
async def test_a_malformed_question_gets_one_line(site: Any, path: str) -> None:
    got = await site.get(path, token=await site.token())

    assert got.status == 400, got.text
    assert got.json["error"]["fault"] == "yours"
    assert "\n" not in got.json["error"]["what"]


# -- the feed -------------------------------------------------------------------------------


async def test_the_feed_tells_in_the_order_of_what_happened(site: Any) -> None:
    await site.receive(site.file("image", "m1"))
    await site.fail_once("m1")
    await site.attach("m1", JPEG)
    got = (await site.get("/api/v1/events", token=await site.token())).json

    assert [event["type"] for event in got["events"]] == ["message.received", "media.delayed", "media.attached"]
    assert [event["seq"] for event in got["events"]] == [1, 2, 3]
    assert got["events"][0]["message"]["media"][0]["state"] == "attached"
    assert got["events"][2]["media"]["content_url"]
    assert got["next"] == got["events"][-1]["id"]


async def test_a_reader_goes_on_where_it_was(site: Any) -> None:
    token = await site.token()
    await site.receive(*(site.message("text", {"body": f"{n}"}) for n in range(5)))
    texts, after = [], ""
    while page := (await site.get(f"/api/v1/events?limit=2{after}", token=token)).json:
        if not page["events"]:
            break
        texts += [event["message"]["text"] for event in page["events"]]
        after = f"&after={page['next']}"

    assert texts == ["0", "1", "2", "3", "4"]


async def test_a_reader_without_a_place_begins_at_the_beginning(site: Any) -> None:
    token = await site.token()
    await site.receive(site.message("text", {"body": "first"}))
    for query in ("", "?after=0", "?after="):
        page = (await site.get(f"/api/v1/events{query}", token=token)).json
        assert [event["message"]["text"] for event in page["events"]] == ["first"]


async def test_a_reader_may_wait_for_what_comes_next(site: Any) -> None:
    token = await site.token()
    await site.receive(site.message("text", {"body": "before"}))
    start = (await site.get("/api/v1/events?after=latest", token=token)).json
    assert start["events"] == []

    waiting = asyncio.create_task(site.get(f"/api/v1/events?after={start['next']}&wait=30", token=token))
    await asyncio.sleep(0.05)
    await site.receive(site.message("text", {"body": "after"}))
    async with asyncio.timeout(60):
        got = (await waiting).json

    assert [event["message"]["text"] for event in got["events"]] == ["after"]


async def test_a_reader_sees_what_another_process_wrote(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.web.api.reading.LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(site.nudge, "changed", lambda: None)
    token = await site.token()
    waiting = asyncio.create_task(site.get("/api/v1/events?wait=30", token=token))
    await asyncio.sleep(0.05)
    await site.receive(site.message("text", {"body": "hello"}))
    async with asyncio.timeout(60):
        assert len((await waiting).json["events"]) == 1


async def test_a_reader_who_waited_in_vain_may_go_on(site: Any) -> None:
    got = await site.get("/api/v1/events?wait=0.05", token=await site.token())

    assert got.json == {"events": [], "next": None}


async def test_waiting_ends_when_the_process_is_asked_to_stop(site: Any) -> None:
    token = await site.token()
    waiting = asyncio.create_task(site.get("/api/v1/events?wait=60", token=token))
    await asyncio.sleep(0.05)
    site.nudge.stop()
    async with asyncio.timeout(60):
        assert (await waiting).json["events"] == []


async def test_anothers_events_are_not_looked_through_again(site: Any, other: str) -> None:
    await site.receive(site.message("text", {"body": "theirs"}), number=other)
    acme = await site.token(workspace="acme")
    got = (await site.get("/api/v1/events", token=acme)).json

    assert got["events"] == []
    assert ids.decode(Kind.EVENT, got["next"]) == await site.ledger.feed.last()


def test_a_reader_that_waits_looks_once_a_second() -> None:
    assert events.LOOK_EVERY_S == 1.0


async def test_what_was_erased_does_not_exist_and_the_feed_goes_on(site: Any) -> None:
    token = await site.token()
    sent = site.file("image", "m1")
    wamid = sent["id"]
    await site.receive(sent)
    await site.attach("m1", b"abc")
    (media,) = await site.ledger.shelf.media_by_media_id("m1", workspace_id=None)
    file, thread = f"/api/v1/media/{encode(Kind.MEDIA, media.id)}", encode(Kind.CONVERSATION, media.conversation_id)
    feed = (await site.get("/api/v1/events", token=token)).json
    assert [event["type"] for event in feed["events"]] == ["message.received", "media.attached"]
    first = feed["events"][0]["id"]
    await erase(site.ledger, site.blobs, Wish(site.customer, None, "cli:anna", "a letter"))

    for path in (
        f"/api/v1/messages/{quote(wamid, safe='')}",
        f"/api/v1/messages/{encode(Kind.MESSAGE, media.message_id)}",
        file,
        f"{file}/content",
        f"{file}/attempts",
        f"/api/v1/conversations/{thread}",
        f"/api/v1/conversations/{thread}/messages",
    ):
        assert (await site.get(path, token=token)).status == 404, path
    assert (await site.get("/api/v1/media?media_id=m1", token=token)).json["media"] == []
    assert (await site.get("/api/v1/media?state=erased", token=token)).json["media"] == []
    after = (await site.get(f"/api/v1/events?after={first}", token=token)).json
    assert after["events"] == []
    assert after["next"] == feed["next"]
    await site.receive(site.message())
    told = (await site.get(f"/api/v1/events?after={after['next']}", token=token)).json["events"]
    assert [event["type"] for event in told] == ["message.received"]
    (tally,) = (await site.get("/api/v1/status", token=token)).json["workspaces"]
    assert (tally["received"], tally["erased"]) == (1, 1)
