"""What others lose files by, one test each: the whole of Penstock against a Meta that does what it did to them."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from penstock.core.errors import StoreUnavailable
from penstock.core.reprocess import State as Standing
from penstock.demo.calm import feed, settled
from penstock.demo.stage import NUMBER, Stage
from penstock.ledger.rows import Message
from penstock.ledger.runs import Asked, Report, round_of
from penstock.simulator import FaultRule, Rules, Scenario, Server, Webhooks, one_fault

Start = Callable[..., Any]


# -- what the tests say ------------------------------------------------------------------------


def now() -> str:
    """Meta's timestamp of a message that was sent just now."""
    return str(int(time.time()))


def text(wamid: str, body: str = "hello", **more: Any) -> dict[str, Any]:
    return {
        "from": "15550001234",
        "id": wamid,
        "timestamp": now(),
        "type": "text",
        "text": {"body": body},
        **more,
    }


def image(wamid: str, media_id: str, **more: Any) -> dict[str, Any]:
    return {
        "from": "15550001234",
        "id": wamid,
        "timestamp": now(),
        "type": "image",
        "image": {"id": media_id, "mime_type": "image/jpeg", **more},
    }


def change(*messages: dict[str, Any], number: str = NUMBER, **value: Any) -> dict[str, Any]:
    whole = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, **value}
    if messages:
        whole["messages"] = list(messages)
    return {"field": "messages", "value": whole}


def entry(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"id": "100000000000001", "changes": list(changes)}


def body(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"object": "whatsapp_business_account", "entry": list(entries)}).encode()


async def post(stage: Stage, raw: bytes, *, secret: str | None = None, app: str = "") -> int:
    key = (stage.app_secret if secret is None else secret).encode()
    headers = {"X-Hub-Signature-256": "sha256=" + hmac.digest(key, raw, hashlib.sha256).hex()}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{stage.base}/webhooks/whatsapp{app}", data=raw, headers=headers) as answer,
    ):
        return answer.status


async def message(stage: Stage, wamid: str) -> Message | None:
    return await stage.instance.ledger.shelf.message(wamid=wamid, workspace_id=None)


async def received(stage: Stage) -> list[str]:
    return [event.message.wamid for event in await feed(stage) if event.message is not None]


async def delayed(stage: Stage, wamid: str) -> Message:
    """Wait until the file of a message has failed once and waits to be tried again."""
    async with asyncio.timeout(60):
        while True:
            found = await message(stage, wamid)
            if found is not None and found.media and found.media[0].attempts:
                return found
            await asyncio.sleep(0.02)


PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 a photo " * 100


# -- receiving ---------------------------------------------------------------------------------


async def test_the_raw_signed_body_is_kept_before_the_answer(stage: Start) -> None:
    it: Stage = await stage()
    raw = body(entry(change(text("wamid.RAW", "caf\u00e9 1/2"))))
    assert await post(it, raw) == 200
    assert [each.body for each in await it.instance.ledger.journal.bodies()] == [raw]


async def test_nothing_is_acknowledged_that_was_not_stored(stage: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    it: Stage = await stage()

    async def full(**_: Any) -> Any:
        raise StoreUnavailable("the disk of the database is full")

    monkeypatch.setattr(it.instance.ledger.journal, "receive", full)
    raw = body(entry(change(text("wamid.FULL"))))
    assert await post(it, raw) == 503
    monkeypatch.undo()
    assert await message(it, "wamid.FULL") is None
    assert await post(it, raw) == 200
    assert await message(it, "wamid.FULL") is not None


async def test_every_entry_change_message_and_number_of_a_body_is_taken(stage: Start) -> None:
    it: Stage = await stage()
    other = "100000000000012"
    ledger, at = it.instance.ledger, await it.instance.ledger.now()
    await ledger.provisioning.add_workspace("other", now=at)
    await ledger.provisioning.add_number(other, workspace="other", app="demo", credential="demo", now=at)
    status = {"id": "wamid.OUT", "status": "read", "timestamp": "1795000002", "recipient_id": "15550001234"}
    raw = body(
        entry(
            change(text("wamid.A1"), text("wamid.A2")),
            change(statuses=[status]),
            change(text("wamid.A3"), statuses=[status]),
        ),
        entry(change(text("wamid.B1"), number=other)),
    )
    assert await post(it, raw) == 200
    assert sorted(await received(it)) == ["wamid.A1", "wamid.A2", "wamid.A3", "wamid.B1"]
    found = await message(it, "wamid.B1")
    assert found is not None
    assert found.workspace == "other"


async def test_statuses_in_a_body_cannot_harm_the_messages_beside_them(stage: Start) -> None:
    it: Stage = await stage()
    broken = [{"id": 7, "status": None}, "not even an object", {"id": "wamid.OUT", "status": "read"}]
    assert await post(it, body(entry(change(text("wamid.BESIDE"), statuses=broken)))) == 200
    assert await message(it, "wamid.BESIDE") is not None


async def test_one_unreadable_message_takes_no_other_with_it(stage: Start) -> None:
    it: Stage = await stage()
    assert await post(it, body(entry(change(text("wamid.1"), {"id": ["?"], "type": 3}, text("wamid.2"))))) == 200
    assert sorted(await received(it)) == ["wamid.1", "wamid.2"]
    assert await it.instance.ledger.journal.unread_count() == 1


async def test_a_thousand_updates_in_one_body_are_a_thousand_messages(stage: Start) -> None:
    it: Stage = await stage()
    entries = [entry(*(change(*(text(f"wamid.{e}.{c}.{m}") for m in range(50))) for c in range(4))) for e in range(5)]
    assert await post(it, body(*entries)) == 200
    [tally] = await it.instance.ledger.counts.tallies()
    assert tally.received == 0
    assert len(set(await received(it))) == 1000


async def test_the_same_body_twice_at_once_is_one_message_and_one_file(stage: Start) -> None:
    it: Stage = await stage()
    media = it.platform.upload(PHOTO, "image/jpeg", number=NUMBER)
    raw = body(entry(change(image("wamid.TWICE", media.id))))
    assert await asyncio.gather(*(post(it, raw) for _ in range(8))) == [200] * 8
    await settled(it)
    assert await received(it) == ["wamid.TWICE"]
    [tally] = await it.instance.ledger.counts.tallies()
    assert (tally.received, tally.attached) == (1, 1)


async def test_the_same_message_in_other_bytes_is_the_same_message(stage: Start) -> None:
    it: Stage = await stage()
    await post(it, body(entry(change(text("wamid.SAME", "first")))))
    await post(it, body(entry(change(text("wamid.SAME", "first again"), text("wamid.NEW")))))
    assert await received(it) == ["wamid.SAME", "wamid.NEW"]


async def test_an_album_sent_at_once_is_one_conversation(stage: Start) -> None:
    it: Stage = await stage()
    bodies = [body(entry(change(text(f"wamid.ALBUM{index}")))) for index in range(12)]
    assert await asyncio.gather(*(post(it, raw) for raw in bodies)) == [200] * 12
    page = await it.instance.ledger.shelf.conversations(workspace_id=None)
    assert len(page.items) == 1


async def test_a_sender_with_only_a_business_scoped_id_is_heard(stage: Start) -> None:
    it: Stage = await stage()
    hidden = {key: value for key, value in text("wamid.HIDDEN").items() if key != "from"}
    assert await post(it, body(entry(change(hidden | {"from_user_id": "US.10000000000000000001"})))) == 200
    assert await message(it, "wamid.HIDDEN") is not None


async def test_a_missing_user_id_in_contacts_loses_nothing(stage: Start) -> None:
    it: Stage = await stage()
    contacts = [{"profile": {"name": "Example"}, "wa_id": "15550001234"}]
    assert await post(it, body(entry(change(text("wamid.NOID"), contacts=contacts)))) == 200
    assert await message(it, "wamid.NOID") is not None


async def test_updates_for_an_unknown_number_are_kept_and_read_when_it_is_added(stage: Start) -> None:
    from penstock.flow.rereading import read_strays

    it: Stage = await stage()
    late = "100000000000099"
    assert await post(it, body(entry(change(text("wamid.EARLY"), number=late)))) == 200
    assert await message(it, "wamid.EARLY") is None
    ledger = it.instance.ledger
    assert [stray.phone_number_id for stray in await ledger.journal.strays()] == [late]
    await ledger.provisioning.add_number(late, workspace="demo", app="demo", credential="demo", now=await ledger.now())
    await read_strays(ledger, it.instance.registry, late)
    assert await message(it, "wamid.EARLY") is not None
    assert await ledger.journal.strays() == []


async def test_a_body_signed_for_another_app_may_not_speak_for_this_number(stage: Start) -> None:
    it: Stage = await stage()
    ledger, at = it.instance.ledger, await it.instance.ledger.now()
    await ledger.provisioning.add_app("foreign", secret="foreign-secret", verify_token="x", now=at)
    assert await post(it, body(entry(change(text("wamid.FORGED")))), secret="foreign-secret") == 403
    assert await message(it, "wamid.FORGED") is None


async def test_a_wrong_signature_is_refused_and_the_right_one_is_not_told(stage: Start) -> None:
    it: Stage = await stage()
    raw = body(entry(change(text("wamid.X"))))
    right = hmac.digest(it.app_secret.encode(), raw, hashlib.sha256).hex()
    for header in ("sha256=" + "0" * 64, "", "sha256=", "sha1=abc", "sha256=é"):
        async with (
            aiohttp.ClientSession() as http,
            http.post(
                f"{it.base}/webhooks/whatsapp", data=raw, headers={"X-Hub-Signature-256": header} if header else {}
            ) as answer,
        ):
            assert answer.status == 401
            assert right not in await answer.text()
            assert right not in str(answer.headers)
    assert await it.instance.ledger.journal.bodies() == []


# -- fetching ----------------------------------------------------------------------------------


async def test_a_text_never_waits_for_a_file(stage: Start) -> None:
    it: Stage = await stage(one_fault(FaultRule(fault="hang", hop="lookup")))
    sent = await it.platform.send(NUMBER, "image")
    await it.platform.send(NUMBER, "text")
    await it.platform.drain(60)
    assert len(await received(it)) == 2
    found = await message(it, sent.wamid)
    assert found is not None
    assert found.media[0].state in {"waiting", "fetching"}


@pytest.mark.parametrize("hop", ["lookup", "download"])
async def test_a_failure_is_tried_again_and_a_redelivery_meanwhile_changes_nothing(stage: Start, hop: Any) -> None:
    it: Stage = await stage(one_fault(FaultRule(fault="server-error", hop=hop)))
    media = it.platform.upload(PHOTO, "image/jpeg", number=NUMBER)
    raw = body(entry(change(image("wamid.AGAIN", media.id))))
    assert await post(it, raw) == 200
    await delayed(it, "wamid.AGAIN")
    assert await post(it, raw) == 200
    it.platform.set_scenario(Scenario())
    await settled(it)
    found = await message(it, "wamid.AGAIN")
    assert found is not None
    assert [file.state for file in found.media] == ["attached"]


async def test_a_405_from_part_of_the_fleet_is_never_the_end_of_a_file(stage: Start) -> None:
    fleet = (
        Server(name="bad", count=2, faults=(FaultRule(fault="get-405"),)),
        Server(name="good", count=3),
    )
    it: Stage = await stage(Scenario(servers=fleet))
    for _ in range(10):
        await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    await settled(it)
    [tally] = await it.instance.ledger.counts.tallies()
    assert (tally.attached, tally.failed, tally.expired) == (10, 0, 0)


async def test_no_optional_parameter_is_sent_that_breaks_the_look_up(stage: Start) -> None:
    it: Stage = await stage(Scenario(rules=Rules(phone_number_id="refuse"), webhooks=Webhooks(url=False)))
    await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    await settled(it)
    lookups = [each for each in it.platform.record.requests if each.hop == "lookup"]
    assert lookups
    assert all("?" not in each.target and each.method == "GET" for each in lookups)


async def test_a_dead_token_stops_its_files_and_nothing_else(stage: Start) -> None:
    it: Stage = await stage()
    it.platform.revoke_token("demo")
    sent = await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    found = await delayed(it, sent.wamid)
    assert (found.media[0].state, found.media[0].outcome) == ("waiting", "auth")
    await it.platform.send(NUMBER, "text")
    await it.platform.drain(60)
    assert len(await received(it)) == 2


async def test_a_401_without_graphs_code_is_not_taken_for_the_end(stage: Start) -> None:
    it: Stage = await stage(one_fault(FaultRule(fault="unauthorized", hop="download", first_n=1)))
    sent = await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    found = await delayed(it, sent.wamid)
    assert found.media[0].state in {"waiting", "fetching", "attached"}


async def test_both_spellings_of_hash_and_size_are_understood(stage: Start) -> None:
    it: Stage = await stage(Scenario(rules=Rules(sha256="base64", file_size="string")))
    await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    await settled(it)
    it.platform.set_scenario(Scenario(rules=Rules(sha256="hex", file_size="integer")))
    await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    await settled(it)
    [tally] = await it.instance.ledger.counts.tallies()
    assert tally.attached == 2


async def test_bytes_that_are_not_what_meta_declared_are_never_attached(stage: Start) -> None:
    it: Stage = await stage(one_fault(FaultRule(fault="wrong-bytes", hop="download")))
    sent = await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    found = await delayed(it, sent.wamid)
    assert found.media[0].state != "attached"
    it.platform.set_scenario(Scenario())
    await settled(it)
    there = await message(it, sent.wamid)
    assert there is not None
    assert there.media[0].sha256 is not None
    assert sent.media is not None
    assert there.media[0].sha256.hex() == sent.media.sha256


@pytest.mark.parametrize("fault", ["redirect", "wrong-host"])
async def test_a_token_is_never_sent_to_another_host(stage: Start, fault: str) -> None:
    seen: list[bytes] = []

    async def foreign(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(foreign, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    it: Stage = await stage(one_fault(FaultRule(fault=fault, hop="lookup", url=f"http://localhost:{port}")))
    sent = await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    await delayed(it, sent.wamid)
    assert seen == []
    server.close()


async def test_a_file_whose_size_meta_refused_is_told_and_counted(stage: Start) -> None:
    it: Stage = await stage()
    refused = {
        "from": "15550001234",
        "id": "wamid.TOOBIG",
        "timestamp": now(),
        "type": "video",
        "errors": [{"code": 131052, "title": "Media download error"}],
    }
    assert await post(it, body(entry(change(refused)))) == 200
    found = await message(it, "wamid.TOOBIG")
    assert found is not None
    assert [file.state for file in found.media] == ["failed"]
    [tally] = await it.instance.ledger.counts.tallies()
    assert (tally.received, tally.failed) == (1, 1)


async def test_one_bad_file_leaves_the_rest_of_the_batch_alone(stage: Start) -> None:
    it: Stage = await stage()
    good = [it.platform.upload(PHOTO + bytes([n]), "image/jpeg", number=NUMBER).id for n in range(4)]
    messages = [image(f"wamid.{index}", media_id) for index, media_id in enumerate([*good, "1999999999999999"])]
    assert await post(it, body(entry(change(*messages)))) == 200
    async with asyncio.timeout(60):
        while (await it.instance.ledger.counts.tallies())[0].attached < 4:
            await asyncio.sleep(0.02)
    [tally] = await it.instance.ledger.counts.tallies()
    assert (tally.attached, tally.waiting + tally.fetching) == (4, 1)


async def test_a_slow_file_of_one_customer_holds_up_nobody_else(stage: Start) -> None:
    fleet = (
        Server(name="slow", count=1, weight=0.2, faults=(FaultRule(fault="drip", hop="download", bytes_per_s=50.0),)),
        Server(name="good", count=1),
    )
    it: Stage = await stage(Scenario(servers=fleet))
    for index in range(30):
        await it.platform.send(NUMBER, "image", customer=index)
    await it.platform.drain(60)
    async with asyncio.timeout(60):
        while (await it.instance.ledger.counts.tallies())[0].attached < 10:
            await asyncio.sleep(0.02)


async def test_a_file_name_with_a_path_writes_nowhere_else(stage: Start) -> None:
    it: Stage = await stage()
    media = it.platform.upload(b"%PDF-1.4 a document", "application/pdf", number=NUMBER)
    hostile = {
        "from": "15550001234",
        "id": "wamid.PATH",
        "timestamp": now(),
        "type": "document",
        "document": {"id": media.id, "mime_type": "application/pdf", "filename": "../../escaped\r\nX: y.pdf"},
    }
    assert await post(it, body(entry(change(hostile)))) == 200
    await settled(it)
    found = await message(it, "wamid.PATH")
    assert found is not None
    assert found.media[0].state == "attached"
    assert not list(it.folder.parent.glob("escaped*"))
    assert not [path for path in it.folder.glob("**/*") if "escaped" in path.name]


async def test_a_shut_gate_parks_files_and_fails_discards_and_spends_nothing(stage: Start) -> None:
    it: Stage = await stage()
    ledger, at = it.instance.ledger, await it.instance.ledger.now()
    await ledger.gates.shut({"workspace": "demo"}, owner="operator", by="test", why="a trial", now=at)
    await it.instance.gates.refresh()
    sent = await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    [tally] = await ledger.counts.tallies()
    assert (tally.waiting, tally.held, tally.failed, tally.expired) == (1, 1, 0, 0)
    assert not it.platform.record.requests
    await ledger.gates.open({"workspace": "demo"}, owner="operator")
    await settled(it)
    found = await message(it, sent.wamid)
    assert found is not None
    assert [(file.state, file.attempts) for file in found.media] == [("attached", 1)]


async def test_a_workspace_whose_token_is_dead_delays_no_other(stage: Start) -> None:
    it: Stage = await stage()
    other = "100000000000012"
    ledger, at = it.instance.ledger, await it.instance.ledger.now()
    await ledger.provisioning.add_workspace("other", now=at)
    await ledger.provisioning.add_number(other, workspace="other", app="demo", token="EAAGnobody", now=at)
    it.platform.add_token("nobody", "EAAGnobody")
    it.platform.add_number(
        other, app_secret=it.app_secret.encode(), callback=f"{it.base}/webhooks/whatsapp", token="nobody"
    )
    it.platform.revoke_token("nobody")
    for number in (other, NUMBER) * 20:
        await it.platform.send(number, "image")
    await it.platform.drain(60)
    async with asyncio.timeout(60):
        while True:
            tallies = {tally.workspace: tally for tally in await ledger.counts.tallies()}
            if tallies["demo"].attached == 20:
                break
            await asyncio.sleep(0.02)
    theirs = tallies["other"]
    assert (theirs.attached, theirs.failed, theirs.expired) == (0, 0, 0)
    assert theirs.waiting + theirs.fetching == 20


# -- putting back to work ----------------------------------------------------------------------


REFUSED_FOR_GOOD = Scenario(servers=(Server(faults=(FaultRule(fault="server-error", code=131052),)),))


async def lose(it: Stage, files: int) -> list[str]:
    """So many files that Meta said it could never accept; the ids of their messages."""
    it.platform.set_scenario(REFUSED_FOR_GOOD)
    sent = [(await it.platform.send(NUMBER, "image", customer=each % 5)).wamid for each in range(files)]
    await it.platform.drain(60)
    await settled(it)
    [tally] = await it.instance.ledger.counts.tallies()
    assert tally.failed == files
    return sent


async def run_once(it: Stage, run: int, reached: Callable[[Report], bool]) -> Report:
    """The run once it stands so; at no moment does its report not add up."""
    async with asyncio.timeout(90):
        while True:
            report, adds_up = await it.instance.ledger.reprocess.counted(run)
            assert adds_up, report
            if reached(report):
                return report
            await asyncio.sleep(0.02)


async def test_one_lost_file_is_brought_back_into_its_message_and_keeps_its_history(stage: Start) -> None:
    it: Stage = await stage()
    [wamid] = await lose(it, 1)
    before = await message(it, wamid)
    assert before is not None
    it.platform.set_scenario(Scenario())
    asked = Asked(media=(before.media[0].id,))
    run = await it.instance.ledger.reprocess.start(asked, rate=None, who="cli:anna", why="this one")
    await run_once(it, run.id, lambda report: report.run.state is Standing.DONE)

    found = await message(it, wamid)
    assert found is not None
    assert [(file.id, file.state) for file in found.media] == [(before.media[0].id, "attached")]
    rounds = await it.instance.ledger.reprocess.rounds(found.media[0].id)
    attempts = await it.instance.ledger.shelf.attempts(found.media[0].id)
    assert [round_of(index, rounds) for index, _ in enumerate(attempts)] == [1, 2, 2]  # refused; look-up and download
    told = [event.kind for event in await feed(it) if event.media is not None]
    assert told == ["media.failed", "media.attached"]


async def test_the_same_files_put_back_to_work_twice_at_once_come_once(stage: Start) -> None:
    it: Stage = await stage()
    sent = await lose(it, 12)
    it.platform.set_scenario(Scenario())
    reprocess = it.instance.ledger.reprocess
    runs = [await reprocess.start(Asked(), rate=None, who="cli:anna", why=why) for why in ("mended", "mended, too")]
    first, second = [await run_once(it, run.id, lambda report: report.run.state is Standing.DONE) for run in runs]

    assert first.run.attached + second.run.attached == len(sent)
    told = [event.media.wamid for event in await feed(it) if event.media and event.kind == "media.attached"]
    assert sorted(told) == sorted(sent)


async def test_nothing_is_called_a_success_before_it_happened_and_a_bad_idea_stops_itself(stage: Start) -> None:
    it: Stage = await stage()
    await lose(it, 110)
    run = await it.instance.ledger.reprocess.start(Asked(), rate=None, who="cli:anna", why="I thought it was mended")
    told = await run_once(it, run.id, lambda report: report.run.state is Standing.PAUSED and not report.run.under_way)

    assert (told.run.attached, told.run.failed >= 51, told.run.waiting >= 10) == (0, True, True)
    assert "it paused itself" in (told.run.reason or "")


async def test_a_bulk_of_lost_files_delays_no_new_one(stage: Start) -> None:
    it: Stage = await stage()
    await lose(it, 30)
    it.platform.set_scenario(Scenario())
    ledger = it.instance.ledger
    run = await ledger.reprocess.start(Asked(), rate=0.1, who="cli:anna", why="in peace")
    await run_once(it, run.id, lambda report: report.run.under_way + report.run.attached > 0)
    sent = await it.platform.send(NUMBER, "image")
    await it.platform.drain(60)
    async with asyncio.timeout(90):
        while (found := await message(it, sent.wamid)) is None or found.media[0].state != "attached":
            await asyncio.sleep(0.02)
    told = await ledger.reprocess.steer(run.id, "cancel", who="cli:anna", why="seen enough", workspace_id=None)

    assert told.run.cancelled > 0  # at this rate it would have gone on for minutes
