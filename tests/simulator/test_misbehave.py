"""Every fault of the catalogue, on the wire."""

import asyncio
import gzip
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from penstock.simulator import CATALOGUE, FaultRule, Media, Platform, Scenario, Server, one_fault
from penstock.simulator.misbehave import Facts, instead, late, striking
from penstock.simulator.plans import Pause, Plan

NUMBER = "100000000000002"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FILE = bytes(range(256)) * 8

Ask = Callable[..., Awaitable[Any]]
Start = Callable[..., Awaitable[Platform]]


class Bad:
    """A platform with one fault, and one media on it."""

    def __init__(self, meta: Platform, ask: Ask, media: Media) -> None:
        self.meta, self._ask, self.media = meta, ask, media

    async def look_up(self, **more: Any) -> Any:
        return await self._ask(self.meta, f"/v26.0/{self.media.id}", **more)

    async def download(self, **more: Any) -> Any:
        return await self._ask(self.meta, self.meta.world.fresh_url(self.media, source="x", life_s=300), **more)

    async def hop(self, name: str, **more: Any) -> Any:
        return await (self.look_up(**more) if name == "lookup" else self.download(**more))


@pytest.fixture
def bad(start: Start, ask: Ask) -> Callable[..., Awaitable[Bad]]:
    shown = set()

    async def make(fault: str, **parameters: Any) -> Bad:
        shown.add(fault)
        meta = await start(one_fault(FaultRule(fault=fault, **parameters)))
        return Bad(meta, ask, meta.upload(FILE, "image/jpeg", number=NUMBER))

    return make


MakeBad = Callable[..., Awaitable[Bad]]
BOTH = pytest.mark.parametrize("hop", ["lookup", "download"])


async def tunnelled(it: Bad) -> Any:
    return await it.look_up(method="POST", headers=FORM, body=b"method=get")


def chunks(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        parts.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(parts)


async def test_ok_shields_from_the_faults_below_it(start: Start, ask: Ask) -> None:
    rules = (FaultRule(fault="ok", first_n=1), FaultRule(fault="server-error"))
    meta = await start(Scenario(servers=(Server(faults=rules),)))
    it = Bad(meta, ask, meta.upload(FILE, "image/jpeg", number=NUMBER))

    assert [(await it.look_up()).status for _ in range(3)] == [200, 500, 500]


@pytest.mark.parametrize(("fault", "status"), [("form-405", 405), ("form-400", 400), ("form-honoured", 200)])
async def test_form_faults_concern_only_the_tunnelled_form(bad: MakeBad, fault: str, status: int) -> None:
    it = await bad(fault)

    assert (await tunnelled(it)).status == status
    assert (await it.look_up()).status == 200
    assert [request.fault for request in it.meta.record.requests] == [fault, None]


async def test_a_form_405_may_have_another_status(bad: MakeBad) -> None:
    assert (await tunnelled(await bad("form-405", status=501))).status == 501


@BOTH
async def test_get_405(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("get-405")).hop(hop)

    assert (seen.status, seen.header("allow")) == (405, ["GET, HEAD, DELETE"])


@BOTH
async def test_server_error(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("server-error")).hop(hop)
    other = await (await bad("server-error", status=503, code=1)).hop(hop)

    assert (seen.status, seen.json["error"]["code"], seen.json["error"]["is_transient"]) == (500, 2, True)
    assert (other.status, other.json["error"]["code"]) == (503, 1)


@BOTH
async def test_maintenance(bad: MakeBad, hop: str) -> None:
    assert (await (await bad("maintenance")).hop(hop)).json["error"]["code"] == 131057


@BOTH
async def test_hang(bad: MakeBad, hop: str) -> None:
    it = await bad("hang")

    asking = asyncio.create_task(it.hop(hop))
    while not it.meta.record.requests:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)

    assert not asking.done()
    assert it.meta.record.requests[-1].status == 0
    asking.cancel()
    await asyncio.wait({asking})


@BOTH
async def test_slow(bad: MakeBad, hop: str) -> None:
    it = await bad("slow", latency_s=0.1)
    started_s = time.monotonic()

    assert (await it.hop(hop)).status == 200
    assert time.monotonic() - started_s >= 0.1


async def test_faults_below_a_slow_one_still_apply(start: Start, ask: Ask) -> None:
    rules = (FaultRule(fault="slow", latency_s=0.01), FaultRule(fault="gone"))
    meta = await start(Scenario(servers=(Server(faults=rules),)))

    assert (await Bad(meta, ask, meta.upload(FILE, "image/jpeg", number=NUMBER)).look_up()).status == 400


@BOTH
async def test_drip(bad: MakeBad, hop: str) -> None:
    it = await bad("drip", bytes_per_s=20_000)
    started_s = time.monotonic()
    seen = await it.hop(hop)

    assert len(seen.raw) / (time.monotonic() - started_s) < 60_000
    assert seen.body == FILE if hop == "download" else seen.json["id"] == it.media.id


@BOTH
@pytest.mark.parametrize("after_bytes", [None, 0, 7])
async def test_cut_short(bad: MakeBad, hop: str, after_bytes: int | None) -> None:
    seen = await (await bad("cut-short", after_bytes=after_bytes)).hop(hop)
    declared = int(seen.header("content-length")[0])

    assert len(seen.body) == (declared // 2 if after_bytes is None else after_bytes)


@BOTH
async def test_reset(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("reset", after_bytes=3)).hop(hop)

    assert seen.raw.endswith(b"<reset>")
    assert len(seen.body) in {3 + len(b"<reset>"), len(b"<reset>")}


async def test_wrong_bytes(bad: MakeBad) -> None:
    seen = await (await bad("wrong-bytes")).download()

    assert len(seen.body) == len(FILE)
    assert seen.body != FILE


async def test_shorter_bytes(bad: MakeBad) -> None:
    half, none = (
        await (await bad("shorter-bytes")).download(),
        await (await bad("shorter-bytes", after_bytes=9999)).download(),
    )

    assert (seen_length(half), len(half.body)) == (len(FILE) // 2, len(FILE) // 2)
    assert len(none.body) == len(FILE) - 1


def seen_length(seen: Any) -> int:
    return int(seen.header("content-length")[0])


async def test_wrong_hash(bad: MakeBad) -> None:
    it = await bad("wrong-hash")
    told = (await it.look_up()).json

    assert len(told["sha256"]) == 64
    assert told["sha256"] != it.media.sha256
    assert told["id"] == it.media.id


async def test_bad_json(bad: MakeBad) -> None:
    seen = await (await bad("bad-json")).look_up()

    assert seen.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(seen.body)


@BOTH
async def test_throttle_429(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("throttle-429")).hop(hop)
    other = await (await bad("throttle-429", code=130429, retry_after_s=7)).hop(hop)

    assert (seen.status, seen.json["error"]["code"], seen.header("retry-after")) == (429, 4, ["60"])
    assert json.loads(seen.header("x-app-usage")[0])["call_count"] == 100
    assert (other.json["error"]["code"], other.header("retry-after")) == (130429, ["7"])


@BOTH
async def test_throttle_400(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("throttle-400")).hop(hop)

    assert (seen.status, seen.json["error"]["code"], seen.header("retry-after")) == (400, 80007, [])
    usage = json.loads(seen.header("x-business-use-case-usage")[0])
    assert usage["100000000000001"][0]["estimated_time_to_regain_access"] == 5


@BOTH
async def test_token_190(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("token-190")).hop(hop)

    assert (seen.status, seen.json["error"]["code"]) == (401, 190)


@BOTH
async def test_unauthorized(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("unauthorized")).hop(hop)

    assert (seen.status, seen.json.get("error"), seen.json["title"]) == (401, None, "Authentication Error")


@BOTH
async def test_permission(bad: MakeBad, hop: str) -> None:
    assert (await (await bad("permission")).hop(hop)).json["error"]["code"] == 10
    assert (await (await bad("permission", code=200)).hop(hop)).json["error"]["code"] == 200


async def test_gone(bad: MakeBad) -> None:
    it = await bad("gone")
    error = (await it.look_up()).json["error"]

    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert it.media.id in error["message"]


async def test_not_found(bad: MakeBad) -> None:
    assert (await (await bad("not-found")).download()).status == 404


async def test_wrong_host(bad: MakeBad) -> None:
    it, other = await bad("wrong-host"), await bad("wrong-host", url="https://evil.example:8443")

    assert (await it.look_up()).json["url"].startswith("http://files.example.net/whatsapp_business/attachments/?mid=")
    assert (await other.look_up()).json["url"].startswith("https://evil.example:8443/whatsapp_business/")


@BOTH
async def test_redirect(bad: MakeBad, hop: str) -> None:
    it = await bad("redirect", url="http://evil.example")
    seen = await it.hop(hop)

    assert seen.status == 302
    assert seen.header("location")[0].startswith("http://evil.example/")
    assert it.media.id in seen.header("location")[0]


async def test_a_redirect_never_repeats_a_token(bad: MakeBad) -> None:
    it = await bad("redirect")
    seen = await it._ask(it.meta, f"/v26.0/{it.media.id}?access_token=EAAGtokenA", token=None)

    assert seen.status == 302
    assert b"EAAG" not in seen.raw


@BOTH
async def test_html_page(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("html-page")).hop(hop)

    assert (seen.status, seen.header("content-type")) == (200, ["text/html; charset=utf-8"])
    assert seen.body.startswith(b"<!DOCTYPE html>")


@BOTH
async def test_error_in_200(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("error-in-200")).hop(hop)
    other = await (await bad("error-in-200", code=190)).hop(hop)

    assert (seen.status, seen.json["error"]["code"]) == (200, 131000)
    assert (other.status, other.json["error"]["code"]) == (200, 190)


@BOTH
async def test_gzip(bad: MakeBad, hop: str) -> None:
    it = await bad("gzip")
    seen = await it.hop(hop)
    body = gzip.decompress(seen.body)

    assert seen.header("content-encoding") == ["gzip"]
    assert seen_length(seen) == len(seen.body)
    assert body == FILE if hop == "download" else json.loads(body)["id"] == it.media.id


@BOTH
async def test_chunked(bad: MakeBad, hop: str) -> None:
    it = await bad("chunked")
    seen = await it.hop(hop)
    body = chunks(seen.body)

    assert seen.header("content-length") == []
    assert body == FILE if hop == "download" else json.loads(body)["id"] == it.media.id


@BOTH
async def test_no_length(bad: MakeBad, hop: str) -> None:
    it = await bad("no-length")
    seen = await it.hop(hop)

    assert (seen.header("content-length"), seen.header("transfer-encoding")) == ([], [])
    assert seen.body == FILE if hop == "download" else seen.json["id"] == it.media.id


@BOTH
async def test_glued(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("glued")).hop(hop)
    second = seen.body[seen_length(seen) :]

    assert second.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"injected.example.net" in second


@BOTH
async def test_two_lengths(bad: MakeBad, hop: str) -> None:
    lengths = (await (await bad("two-lengths")).hop(hop)).header("content-length")

    assert len(lengths) == 2
    assert lengths[0] != lengths[1]


@BOTH
async def test_length_and_chunked(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("length-and-chunked")).hop(hop)

    assert len(seen.header("content-length")) == len(seen.header("transfer-encoding")) == 1
    assert len(chunks(seen.body)) == seen_length(seen)


async def test_oversize(bad: MakeBad) -> None:
    seen = await (await bad("oversize", size_bytes=300_000)).download()
    default = await (await bad("oversize")).download(at_most=1_000)

    assert seen_length(seen) == len(seen.body) == 300_000
    assert seen.body.startswith(FILE)
    assert seen_length(default) == 150_000_000


async def test_oversize_chunked(bad: MakeBad) -> None:
    seen = await (await bad("oversize-chunked", size_bytes=300_000)).download()

    assert seen.header("content-length") == []
    assert len(chunks(seen.body)) >= 300_000


@BOTH
async def test_endless_headers(bad: MakeBad, hop: str) -> None:
    seen = await (await bad("endless-headers")).hop(hop, at_most=1_000_000)

    assert len(seen.raw) >= 1_000_000
    assert b"\r\n\r\n" not in seen.raw


def test_every_fault_has_a_test_here() -> None:
    names = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    elsewhere = {"ok", "form-405", "form-400", "form-honoured"}

    assert set(CATALOGUE) - names - elsewhere == set()


async def test_a_bad_answer_is_not_spoilt_further(bad: MakeBad) -> None:
    for fault in ("wrong-bytes", "oversize"):
        it = await bad(fault)
        it.media.deleted = True
        assert (await it.download()).status == 404


# --- when a rule strikes ---

FACTS = Facts(
    hop="lookup",
    kind="image",
    number="1",
    token="a",
    tunnelled=False,
    nth=2,
    since_start_s=100.0,
    trace="A1",
    waba="2",
    object_id="3",
    target="/3",
)


@pytest.mark.parametrize(
    ("conditions", "strikes"),
    [
        ({}, True),
        ({"hop": "download"}, False),
        ({"kinds": ("image",)}, True),
        ({"kinds": ("video",)}, False),
        ({"numbers": ("1",)}, True),
        ({"numbers": ("2",)}, False),
        ({"tokens": ("a",)}, True),
        ({"tokens": ("b",)}, False),
        ({"versions": ("v99.0",)}, False),
        ({"from_s": 100.0}, True),
        ({"from_s": 101.0}, False),
        ({"until_s": 100.0}, False),
        ({"until_s": 101.0}, True),
        ({"first_n": 2}, True),
        ({"first_n": 1}, False),
        ({"probability": 0.51}, True),
        ({"probability": 0.49}, False),
        ({"probability": 0.0}, False),
    ],
)
def test_a_rule_strikes_only_where_all_its_conditions_hold(conditions: dict[str, Any], strikes: bool) -> None:
    rule, wait_s = striking((FaultRule(fault="hang", **conditions),), FACTS, lambda _: 0.5)

    assert (rule is not None) == strikes
    assert wait_s == 0


def test_waits_add_up_and_come_first() -> None:
    rules = (FaultRule(fault="slow", latency_s=1.0), FaultRule(fault="slow"), FaultRule(fault="hang"))
    rule, wait_s = striking(rules, FACTS, lambda _: 0.0)

    assert rule is not None
    assert (rule.fault, wait_s) == ("hang", 2.0)
    plan = instead(rule, FACTS)
    assert isinstance(plan, Plan)
    assert late(plan, wait_s).steps[0] == Pause(2.0)
    assert late(plan, 0.0) is plan
