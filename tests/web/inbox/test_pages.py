"""The inbox's pages, from real messages of every kind to HTML, without a browser."""

import re
import time
from html import unescape
from typing import Any

from penstock.core import ids
from penstock.core.work import Expired, Outcome
from penstock.flow.erasing import Wish, erase
from penstock.ledger.keeping import Age

JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 100
FRAGMENT = {"X-Penstock-Fragment": "1"}


def text_of(html: str) -> str:
    """What a reader sees of a page, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


async def talk(site: Any, cookie: str, **rest: Any) -> Any:
    """The page of the newest conversation."""
    listed = (await site.get("/inbox", cookie=cookie)).text
    found = re.search(r'href="(/inbox/cnv_\w+)#newest"', listed)
    assert found, listed
    return await site.get(found[1], cookie=cookie, **rest)


async def test_an_empty_inbox_says_what_would_stand_here_and_how_to_get_it(site: Any) -> None:
    page = text_of((await site.get("/inbox", cookie=await site.signed_in())).text)

    assert "Every conversation will stand here" in page
    assert "penstock status" in page


async def test_text_is_there_at_once_and_the_file_when_it_comes(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(site.file("image", "m1", caption="The roof"))

    page = text_of((await talk(site, cookie)).text)
    assert "The roof" in page
    assert "Arriving…" in page

    await site.fail_once("m1", again_in_s=12.9)
    assert "Still arriving — trying again in 12\u2009s".replace("\u2009", " ") in text_of(
        (await talk(site, cookie)).text
    )

    await site.attach("m1", JPEG)
    html = (await talk(site, cookie)).text
    assert "rriving" not in text_of(html)
    (src,) = re.findall(r'<img src="([^"]+)"', html)
    assert (await site.get(src, cookie=cookie)).body == JPEG


async def test_a_held_file_and_a_lost_one_say_so(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(site.file("image", "m1"), site.file("video", "m2"))
    await site.end("m2", Expired(Outcome.GONE, "gone"))
    await site.ledger.gates.shut({"kind": "image"}, owner="operator", by="me", why="Meta is down", now=time.time())

    page = text_of((await talk(site, cookie)).text)
    assert "Held for the moment — it will come by itself" in page
    assert "\u201cMeta is down\u201d, since " in page
    bound = text_of((await talk(site, await site.signed_in(workspace="acme"))).text)
    assert "Held for the moment — it will come by itself" in bound
    assert "Meta is down" not in bound  # that gate holds the files of others, too
    assert "This file is no longer available from WhatsApp. Ask for it again?" in page
    assert "Could you please send it once more? Thank you." in page


KINDS: dict[str, tuple[Any, str]] = {
    "text": ({"body": "plain words"}, "plain words"),
    "location": ({"latitude": 1.5, "longitude": 2.5, "name": "Cafe"}, "Cafe 1.50000, 2.50000"),
    "contacts": ([{"name": {"formatted_name": "Lucía"}, "phones": [{"phone": "+1 5"}]}], "Lucía +1 5"),
    "reaction": ({"message_id": "wamid.gone", "emoji": "👍"}, "Reacted 👍 to an earlier message"),
    "interactive": ({"type": "button_reply", "button_reply": {"id": "x", "title": "Cancel"}}, "Cancel"),
    "button": ({"payload": "p", "text": "Unsubscribe"}, "Unsubscribe"),
    "order": ({"product_items": [{"product_retailer_id": "SKU-1", "quantity": 2}]}, "2 \u00d7 SKU-1"),
    "system": ({"body": "User changed the number", "type": "customer_identity_changed"}, "User changed the number"),
    "unsupported": ({"type": "poll_creation"}, "WhatsApp does not pass this message on."),
    "edit": (
        {"original_message_id": "wamid.gone", "message": {"type": "text", "text": {"body": "new"}}},
        "message: new",
    ),
    "revoke": ({"original_message_id": "wamid.gone"}, "Deleted an earlier message"),
    "media_placeholder": (None, "A file from before Penstock was connected."),
    "holo_gram": ({"x": 1}, "WhatsApp does not pass this message on."),
    "image": ({"id": "m1", "mime_type": "image/jpeg"}, "Photo Arriving…"),
    "audio": ({"id": "m2", "mime_type": "audio/ogg", "voice": True}, "Voice note Arriving…"),
    "video": ({"id": "m3", "mime_type": "video/mp4"}, "Video Arriving…"),
    "document": ({"id": "m4", "mime_type": "application/pdf", "filename": "a.pdf"}, "Document Arriving…"),
    "sticker": ({"id": "m5", "mime_type": "image/webp"}, "Sticker Arriving…"),
}


async def test_every_kind_of_message_is_shown_in_words(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(*(site.message(kind, content) for kind, (content, _) in KINDS.items()))
    page = text_of((await talk(site, cookie)).text)

    assert {kind: said for kind, (_, said) in KINDS.items() if said not in page} == {}


async def test_the_list_has_a_line_for_every_kind_of_last_message(site: Any) -> None:
    for at, (kind, (content, _)) in enumerate(KINDS.items()):
        phone = f"155500020{at:02}"
        contacts = [{"profile": {"name": kind}, "wa_id": phone}]
        await site.receive(site.message(kind, content, **{"from": phone}), contacts=contacts)
    html = (await site.get("/inbox", cookie=await site.signed_in())).text
    rows = re.findall(r'<span class="row-text"[^>]*>(.*?)</span>\s*(?:<span class="row-p|</a>)', html, re.DOTALL)

    assert len(rows) == len(KINDS)
    assert all(text_of(row) and "_" not in text_of(row) for row in rows)


async def test_what_the_business_wrote_stands_on_the_other_side(site: Any) -> None:
    cookie = await site.signed_in()
    echo = site.message("text", {"body": "from us"}, **{"from": "15550009876", "to": site.customer})
    await site.receive(echo, field="smb_message_echoes")

    assert 'class="message out"' in (await talk(site, cookie)).text
    assert "You: from us" in text_of((await site.get("/inbox", cookie=cookie)).text)


async def test_hostile_words_stay_words_wherever_they_stand(site: Any) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}'
    cookie = await site.signed_in()
    await site.receive(
        quoted := site.message("text", {"body": evil}),
        site.message("text", {"body": "x"}, context={"id": quoted["id"]}),
        site.message("location", {"name": evil, "address": evil, "latitude": 1, "longitude": 2}),
        site.message("contacts", [{"name": {"formatted_name": evil}, "phones": [{"phone": evil}]}]),
        site.message("order", {"product_items": [{"product_retailer_id": evil}]}),
        site.message("unsupported", {"type": evil}, errors=[{"code": 1, "title": evil}]),
        site.file("document", "m1", filename=evil, caption=evil),
        site.message("text", {"body": "y"}, referral={"headline": evil}),
        contacts=[{"profile": {"name": evil}, "wa_id": site.customer}],
    )
    await site.attach("m1", b"%PDF-1.7")
    for page in ((await site.get("/inbox", cookie=cookie)).text, (await talk(site, cookie)).text):
        assert re.findall(r"<script(?! src=\"/static/)", page) == []
        assert "<img src=x" not in page
        assert "49" not in text_of(page).replace("149", "")


async def test_older_messages_are_a_link_away(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(*(site.message("text", {"body": f"number {n};"}) for n in range(60)))
    newest = await talk(site, cookie)
    (older,) = re.findall(r'href="([^"]*before=[^"#]*)', newest.text)
    page = await site.get(unescape(older), cookie=cookie)

    assert newest.text.count('class="message in"') == 50
    assert page.text.count('class="message in"') == 10
    assert "Newest messages" in text_of(page.text)
    assert (await site.get("/inbox/cnv_0000000000000?before=x", cookie=cookie)).status == 404


async def test_a_made_up_cursor_gets_one_line(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(site.message("text", {"body": "hello"}))
    talk_path = re.findall(r'href="(/inbox/cnv_\w+)', (await site.get("/inbox", cookie=cookie)).text)[0]
    for path in ("/inbox?after=made-up", f"{talk_path}?before=made-up"):
        got = await site.get(path, cookie=cookie, headers={"Accept": "text/html"})
        assert got.status == 400
        assert "not one that Penstock gave out" in text_of(got.text)


async def test_an_open_page_asks_for_its_changing_part_only(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(site.message("text", {"body": "hello"}))
    whole, part = await talk(site, cookie), await talk(site, cookie, headers=FRAGMENT)

    assert "<!doctype html>" in whole.text
    assert "<!doctype" not in part.text
    assert "hello" in part.text
    assert part.headers["Vary"].lower() == "x-penstock-fragment"


async def test_an_unchanged_message_keeps_its_version_and_a_changed_one_does_not(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(site.message("text", {"body": "hello"}), site.file("image", "m1"))

    async def versions() -> list[str]:
        return re.findall(r'<li class="message[^>]*data-v="(\w+)"', (await talk(site, cookie)).text)

    before, same = await versions(), await versions()
    await site.attach("m1", JPEG)
    after = await versions()

    assert before == same
    assert (after[0], after[1] != before[1]) == (before[0], True)


async def test_without_scripts_the_page_comes_again_by_itself(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(site.file("image", "m1"))
    assert '<noscript><meta http-equiv="refresh" content="5; url=/inbox/cnv_' in (await talk(site, cookie)).text

    await site.attach("m1", JPEG)
    assert '<noscript><meta http-equiv="refresh" content="60; url=/inbox/cnv_' in (await talk(site, cookie)).text


async def test_times_are_relative_with_the_exact_one_beside(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(site.message("text", {"body": "hello"}, timestamp=str(int(time.time()) - 7_300)))

    (moment,) = re.findall(
        r'<time datetime="([^"]+Z)" title="[^"]+ UTC" data-ago>2\u2009h ago</time>\s*</p>',
        (await talk(site, cookie)).text,
    )
    assert moment.startswith("20")


async def test_another_workspaces_conversations_and_files_do_not_exist(site: Any, other: str) -> None:
    await site.receive(site.file("image", "m1", caption="theirs"), number=other)
    await site.attach("m1", JPEG)
    everywhere, acme = await site.signed_in(), await site.signed_in("admin", workspace="acme")
    page = await talk(site, everywhere)
    (src,) = re.findall(r'<img src="([^"]+)"', page.text)
    (path,) = set(re.findall(r'href="(/inbox/cnv_\w+)#newest"', page.text))

    assert "theirs" not in (await site.get("/inbox", cookie=acme)).text
    assert (await site.get(path, cookie=acme)).status == 404
    assert (await site.get(src, cookie=acme)).status == 404
    assert (await site.get(src)).status == 303


async def test_who_follows_a_link_from_elsewhere_comes_again_as_one_of_us(site: Any) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    first = await site.get("/inbox?after=1.0.1", headers=headers)

    assert first.status == 200
    assert first.headers["Refresh"] == "0; url=/inbox?after=1.0.1"
    assert (await site.get("/inbox", headers={"Sec-Fetch-Site": "same-origin"})).status == 303


async def test_no_address_breaks_out_of_a_header_or_a_page(site: Any) -> None:
    evil = "/inbox/%0d%0aSet-Cookie:%20a=b%22%3E%3Cscript%3E;%20url=evil.example?%0d%0a<\">'"
    bounced = await site.get(evil, headers={"Sec-Fetch-Site": "cross-site"})
    led = await site.get(evil)
    shown = await site.get(evil, cookie=await site.signed_in(), headers={"Accept": "text/html"})

    assert (bounced.status, led.status, shown.status) == (200, 303, 404)
    assert bounced.headers["Refresh"].startswith("0; url=/inbox/%0D%0ASet-Cookie")
    assert bounced.headers["Refresh"].count(";") == 1
    assert led.headers["Location"].startswith("/login?next=%2Finbox%2F")
    assert not any("a=b" in got.headers.get("Set-Cookie", "") for got in (bounced, led, shown))
    assert "<script>" not in shown.text


async def test_workspaces_are_named_where_there_are_several(site: Any, other: str) -> None:
    cookie = await site.signed_in()
    await site.receive(site.message("text", {"body": "a"}))
    assert "row-workspace" not in (await site.get("/inbox", cookie=cookie)).text

    await site.receive(site.message("text", {"body": "b"}), number=other)
    assert (await site.get("/inbox", cookie=cookie)).text.count("row-workspace") == 2


async def test_an_erased_customer_is_gone_from_the_pages(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(site.file("image", "m1", caption="The roof"))
    await site.attach("m1", JPEG)
    here = re.search(r'href="(/inbox/cnv_\w+)#newest"', (await site.get("/inbox", cookie=cookie)).text)
    (media,) = await site.ledger.shelf.media_by_media_id("m1", workspace_id=None)
    assert here
    await erase(site.ledger, site.blobs, Wish(site.customer, None, "cli:anna", "a letter"))

    assert (await site.get(here[1], cookie=cookie)).status == 404
    assert (await site.get(f"/inbox/media/{ids.encode(ids.Kind.MEDIA, media.id)}", cookie=cookie)).status == 404
    assert "Every conversation will stand here" in text_of((await site.get("/inbox", cookie=cookie)).text)


async def test_a_file_that_was_kept_long_enough_says_so_in_its_message(site: Any) -> None:
    cookie = await site.signed_in()
    await site.receive(site.file("image", "m1", caption="The roof"))
    await site.attach("m1", JPEG)
    (media,) = await site.ledger.shelf.media_by_media_id("m1", workspace_id=None)
    await site.ledger.keeping.throw_files([Age(media.id, 0.0, (1,))], now=time.time())
    page = text_of((await talk(site, cookie)).text)

    assert "The roof" in page
    assert "This file was erased." in page
