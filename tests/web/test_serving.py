"""Bytes of files, put out so that none of them can run and a player can seek in them."""

from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import blobkey, ids
from penstock.core.ids import Kind
from penstock.core.work import Expired, Failed, Outcome
from penstock.ledger.rows import Media
from penstock.web.serving import disposition, headers_of

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
HTML = b"<!doctype html><script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

ROW = Media(
    id=1,
    message_id=1,
    conversation_id=1,
    workspace="acme",
    phone_number_id="1",
    wamid="w",
    media_id="m",
    kind="image",
    state="attached",
    held=False,
    outcome=None,
    reason=None,
    attempts=1,
    received_at=0,
    deadline=1,
    due_at=None,
    attached_at=0,
    size=10,
    sha256=b"\x01" * 32,
    content_type="image/jpeg",
    declared_mime_type="image/jpeg",
    declared_size=None,
    filename=None,
    voice=False,
    animated=False,
)


async def put(site: Any, data: bytes, kind: str = "image", **claims: Any) -> str:
    """A received and fetched file; where its bytes are."""
    await site.receive(site.file(kind, "m1", **claims))
    return f"/api/v1/media/{ids.encode(Kind.MEDIA, await site.attach('m1', data))}/content"


async def test_a_picture_is_shown_in_place_as_what_its_bytes_are(site: Any) -> None:
    got = await site.get(await put(site, JPEG, mime_type="text/html"), token=await site.token())

    assert (got.status, got.body) == (200, JPEG)
    assert got.headers["Content-Type"] == "image/jpeg"
    assert got.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    ("data", "claimed"),
    [(HTML, "image/jpeg"), (SVG, "image/svg+xml"), (b"%PDF-1.7\n", "application/pdf"), (b"plain", "text/plain")],
)
async def test_what_could_run_is_a_download_without_a_type(site: Any, data: bytes, claimed: str) -> None:
    got = await site.get(await put(site, data, mime_type=claimed), token=await site.token())

    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"].startswith("attachment")


async def test_every_file_is_sandboxed_and_never_guessed_at(site: Any) -> None:
    got = await site.get(await put(site, JPEG), token=await site.token())

    policy = got.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert got.headers["Cache-Control"].startswith("private")


def test_only_what_is_played_keeps_its_origin_in_the_sandbox() -> None:
    def policy(content_type: str) -> str:
        return headers_of(msgspec.structs.replace(ROW, content_type=content_type))["Content-Security-Policy"]

    assert "allow-same-origin" in policy("video/mp4")
    assert "allow-same-origin" in policy("audio/ogg")
    for other in ("image/jpeg", "text/html", "video/x-evil", "application/pdf"):
        assert policy(other).startswith("sandbox; default-src 'none'")


async def test_a_download_may_be_asked_for(site: Any) -> None:
    got = await site.get(await put(site, JPEG) + "?download", token=await site.token())

    assert got.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=10000-", 10_000, len(JPEG)),
        ("bytes=-5", len(JPEG) - 5, len(JPEG)),
        ("bytes=5-999999999", 5, len(JPEG)),
        ("bytes=-999999999", 0, len(JPEG)),
    ],
)
async def test_a_range_is_answered_with_just_that(site: Any, asked: str, start: int, end: int) -> None:
    got = await site.get(await put(site, JPEG), token=await site.token(), headers={"Range": asked})

    assert (got.status, got.body) == (206, JPEG[start:end])
    assert got.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(JPEG)}"


async def test_a_range_that_is_not_there_is_told_how_long_the_file_is(site: Any) -> None:
    path, token = await put(site, JPEG), await site.token()
    for asked in (f"bytes={len(JPEG)}-", "bytes=-0"):
        got = await site.get(path, token=token, headers={"Range": asked})
        assert got.status == 416
        assert got.headers["Content-Range"] == f"bytes */{len(JPEG)}"


async def test_what_is_no_single_range_is_answered_with_everything(site: Any) -> None:
    path, token = await put(site, JPEG), await site.token()
    for asked in (
        "bytes=0-1,5-6",
        "bytes=9-3",
        "items=0-1",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=" + "9" * 40 + "-",
    ):
        got = await site.get(path, token=token, headers={"Range": asked})
        assert (got.status, got.body) == (200, JPEG), asked


async def test_a_range_of_another_version_is_answered_with_everything(site: Any) -> None:
    path, token = await put(site, JPEG), await site.token()
    etag = (await site.ask("HEAD", path, token=token)).headers["ETag"]

    assert (await site.get(path, token=token, headers={"Range": "bytes=0-0", "If-Range": etag})).status == 206
    assert (await site.get(path, token=token, headers={"Range": "bytes=0-0", "If-Range": '"x"'})).status == 200


async def test_the_head_alone_says_the_same_without_the_bytes(site: Any) -> None:
    got = await site.ask("HEAD", await put(site, JPEG), token=await site.token())

    assert (got.status, got.body, got.headers["Content-Length"]) == (200, b"", str(len(JPEG)))
    assert got.headers["Accept-Ranges"] == "bytes"


async def test_what_the_browser_has_is_not_sent_again(site: Any) -> None:
    path, token = await put(site, JPEG), await site.token()
    etag = (await site.get(path, token=token)).headers["ETag"]
    got = await site.get(path, token=token, headers={"If-None-Match": etag})

    assert (got.status, got.body) == (304, b"")


async def test_a_file_that_is_not_here_says_how_it_stands(site: Any) -> None:
    token = await site.token()
    await site.receive(site.file("image", "m1"), site.file("image", "m2"), site.file("image", "m3"))
    rows = {
        "m1": await site.fail_once("m1"),
        "m2": await site.end("m2", Expired(Outcome.GONE, "gone")),
        "m3": await site.end("m3", Failed(Outcome.GONE, "no")),
    }
    answers = {
        name: await site.get(f"/api/v1/media/{ids.encode(Kind.MEDIA, row)}/content", token=token)
        for name, row in rows.items()
    }

    assert {name: got.status for name, got in answers.items()} == {"m1": 409, "m2": 410, "m3": 410}
    assert all(got.json["error"]["what"] for got in answers.values())


async def test_bytes_that_are_not_as_they_were_stored_are_not_put_out(site: Any) -> None:
    path, token = await put(site, JPEG), await site.token()
    row = (await site.ledger.shelf.media_by_media_id("m1", workspace_id=None))[0].id
    await site.blobs.delete(blobkey.key(row))
    got = await site.get(path, token=token)

    assert got.status == 500
    assert "audit --deep" in got.json["error"]["do"]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        'a"b\\c.pdf',
        "a\r\nSet-Cookie: x=y.pdf",
        "\u202efdp.exe",
        "Résumé — 2026.pdf",
        "文件.pdf",
        "x" * 5_000 + ".pdf",
        "con.pdf",
        "",
        " . ",
    ],
)
async def test_no_file_name_breaks_out_of_its_header(site: Any, name: str) -> None:
    got = await site.get(
        await put(site, b"%PDF-1.7\n", "document", filename=name, mime_type="application/pdf"), token=await site.token()
    )
    header = got.headers["Content-Disposition"]

    assert got.status == 200
    assert "Set-Cookie" not in got.headers
    shown = unquote(header.rpartition("filename*=UTF-8''")[2]) if "filename*" in header else header.split('"')[1]
    assert shown
    assert not set("/\\\r\n\u202e") & set(shown)
    assert len(header) < 1_000


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_a_disposition_is_always_one_line_of_ascii_with_two_quotes(name: str) -> None:
    header = disposition(name.encode("utf-8", "replace").decode(), inline=False)

    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


@pytest.mark.parametrize(
    "content_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", None, "x/y"]
)
def test_only_types_known_to_be_safe_keep_their_name(content_type: str | None) -> None:
    headers = headers_of(msgspec.structs.replace(ROW, content_type=content_type))

    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")


# -- files in a bucket --------------------------------------------------------------------------------------------


async def test_a_file_in_a_bucket_is_streamed_through_penstock(bucket_site: Any) -> None:
    path = await put(bucket_site, JPEG)
    token = await bucket_site.token()
    got = await bucket_site.get(path, token=token)
    part = await bucket_site.get(path, token=token, headers={"Range": "bytes=10-19"})

    assert (got.status, got.body) == (200, JPEG)
    assert (part.status, part.body) == (206, JPEG[10:20])
    assert got.headers["X-Content-Type-Options"] == "nosniff"


async def test_who_asks_for_a_redirect_gets_the_bytes_from_the_bucket(bucket_site: Any) -> None:
    path = await put(bucket_site, JPEG, filename="a photo.jpg")
    led = await bucket_site.get(f"{path}?redirect", token=await bucket_site.token())
    got = await bucket_site.get(led.headers["Location"])

    assert (led.status, led.body, led.headers["Cache-Control"]) == (302, b"", "no-store")
    assert not led.headers["Location"].startswith(bucket_site.base)
    assert (got.status, got.body) == (200, JPEG)
    assert got.headers["Content-Type"] == "image/jpeg"
    assert got.headers["Content-Disposition"] == 'attachment; filename="a photo.jpg"'


@pytest.mark.parametrize("data", [HTML, SVG])
async def test_a_hostile_file_cannot_run_from_the_bucket_either(bucket_site: Any, data: bytes) -> None:
    path = await put(bucket_site, data, "document", mime_type="text/html", filename="page.html")
    led = await bucket_site.get(f"{path}?redirect", token=await bucket_site.token())
    got = await bucket_site.get(led.headers["Location"])

    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"].startswith("attachment;")


async def test_a_store_without_addresses_sends_the_bytes_themselves(site: Any) -> None:
    got = await site.get(f"{await put(site, JPEG)}?redirect", token=await site.token())
    assert (got.status, got.body) == (200, JPEG)


async def test_the_inbox_streams_what_is_in_a_bucket(bucket_site: Any) -> None:
    await bucket_site.receive(bucket_site.file("image", "m1"))
    row = await bucket_site.attach("m1", JPEG)
    path = f"/inbox/media/{ids.encode(Kind.MEDIA, row)}"
    got = await bucket_site.get(f"{path}?redirect", cookie=await bucket_site.signed_in())

    assert (got.status, got.body) == (200, JPEG)


async def test_a_bucket_that_cannot_be_asked_is_a_503_without_its_name(bucket_site: Any) -> None:
    path = await put(bucket_site, JPEG)
    await bucket_site.blobs.delete(blobkey.key(1))
    assert bucket_site.delete_bucket() == 204
    got = await bucket_site.get(path, token=await bucket_site.token())

    assert got.status == 503
    assert "Retry-After" in got.headers
    assert "media-" not in got.text
