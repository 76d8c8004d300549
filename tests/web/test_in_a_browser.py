"""The inbox in a real browser: what appears without a reload, what goes on playing, and what cannot run."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from penstock.simulator.samples import sample
from penstock.web.inbox import pages

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
expect.set_options(timeout=60_000)  # a limit against hanging, not a measure of this machine
HOSTILE = b"<!doctype html><title>ran</title><script>document.title = 'ran'; fetch('/ran')</script><p>hello"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, timeout=120_000)
        yield browser
        await browser.close()


async def signed_in(browser: Browser, site: Any, **options: Any) -> Page:
    """A page of a browser that came by a one-time link."""
    await site.token("agent", name="rosa")
    (row,) = [token["id"] for token in await site.ledger.tokens.list() if token["name"] == "rosa"]
    context: BrowserContext = await browser.new_context(**options)
    context.set_default_timeout(120_000)
    page = await context.new_page()
    await page.goto(site.app.sign_in_link(row))
    await page.wait_for_url("**/inbox")
    return page


async def until(page: Page, condition: str) -> None:
    """Wait for a condition. Playwright's own way needs ``eval``, which our pages forbid."""
    async with asyncio.timeout(60):
        while await page.evaluate(condition) is not True:
            await asyncio.sleep(0.05)


async def test_a_photo_appears_without_a_reload_and_its_text_before_it(browser: Browser, site: Any) -> None:
    page = await signed_in(browser, site)
    await page.evaluate("window.unchanged = true")
    await expect(page.get_by_text("Every conversation will stand here")).to_be_visible()
    await site.receive(site.file("image", "m1", caption="The roof, from the garden side"))
    await page.get_by_text("Ada Example").click()
    await page.evaluate("window.unchanged = true")
    await expect(page.locator(".text", has_text="The roof, from the garden side")).to_be_visible()
    await expect(page.get_by_text("Arriving…")).to_be_visible()

    await site.fail_once("m1", again_in_s=60)
    await expect(page.get_by_text("Still arriving — trying again in")).to_be_visible()
    await site.attach("m1", sample("image").data)
    photo = page.locator(".file img")
    await expect(photo).to_be_visible()
    await until(page, "document.querySelector('.file img').naturalWidth > 0")
    await expect(page.get_by_text("arriving")).to_have_count(0)
    assert await page.evaluate("window.unchanged") is True


async def test_a_voice_note_goes_on_playing_while_the_page_changes(browser: Browser, site: Any) -> None:
    await site.receive(site.file("audio", "v1", voice=True), site.file("image", "m1"))
    await site.attach("v1", sample("voice").data)
    page = await signed_in(browser, site)
    await page.get_by_text("Ada Example").click()
    await page.evaluate(
        """async () => {
            const audio = window.playing = document.querySelector('audio');
            audio.loop = true; audio.muted = true;
            await audio.play();
        }"""
    )
    await site.attach("m1", sample("image").data)
    await site.receive(site.message("text", {"body": "one more thing"}))
    await expect(page.get_by_text("one more thing").last).to_be_visible()
    await expect(page.locator(".file img")).to_be_visible()

    assert await page.evaluate("playing.isConnected && !playing.paused") is True
    await until(page, "playing.isConnected && playing.currentTime > 0")


async def test_the_inbox_works_without_scripts(browser: Browser, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_PENDING_REFRESH_S", 1)
    await site.receive(site.file("image", "m1", caption="The roof"))
    page = await signed_in(browser, site, java_script_enabled=False)
    await page.get_by_text("Ada Example").click()
    await expect(page.get_by_text("Arriving…")).to_be_visible()

    await site.attach("m1", sample("image").data)
    await expect(page.locator(".file img")).to_be_visible(timeout=60_000)  # the page comes again by itself
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("API token")).to_be_visible()


async def test_a_hostile_page_that_came_as_a_photo_cannot_run(browser: Browser, site: Any) -> None:
    await site.receive(
        site.file("image", "m1"), site.file("document", "m2", filename="a.svg", mime_type="image/svg+xml")
    )
    await site.attach("m1", HOSTILE)
    await site.attach("m2", b'<svg xmlns="http://www.w3.org/2000/svg"><script>fetch("/ran")</script></svg>')
    page = await signed_in(browser, site)
    await page.get_by_text("Ada Example").click()
    links = page.locator("a.document")
    await expect(links).to_have_count(2)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    for at in range(2):
        async with page.context.expect_event("download") as download:
            await links.nth(at).click()
        assert (await download.value).suggested_filename.endswith((".html", ".svg"))

    assert not any(url.endswith("/ran") for url in asked)


async def test_what_the_bytes_of_a_page_do_is_nothing_even_where_they_are_opened(browser: Browser, site: Any) -> None:
    await site.receive(site.file("image", "m1"))
    await site.attach("m1", HOSTILE)
    page = await signed_in(browser, site)
    await page.get_by_text("Ada Example").click()
    url = await page.locator("a.document").get_attribute("href")
    ran = await page.evaluate(
        """async (url) => {
            const tag = (name, key) => new Promise((done) => {
                const node = document.createElement(name);
                node.onload = () => done(name + ' loaded'); node.onerror = () => done(null);
                node[key] = url; document.body.append(node); setTimeout(() => done(null), 500);
            });
            return [await tag('script', 'src'), await tag('img', 'src'), document.title];
        }""",
        url,
    )

    assert ran[:2] == [None, None]
    assert ran[2] != "ran"


async def test_a_video_that_is_opened_by_itself_plays(browser: Browser, site: Any) -> None:
    await site.receive(site.file("video", "m1"))
    await site.attach("m1", sample("video").data)
    page = await signed_in(browser, site)
    await page.get_by_text("Ada Example").click()
    source = await page.locator("video").get_attribute("src")
    await page.goto(site.base + str(source))

    await until(page, "document.querySelector('video').readyState >= 2")
    assert await page.evaluate("document.querySelector('video').error") is None


async def test_a_page_keeps_what_it_showed_last_when_penstock_does_not_answer(browser: Browser, site: Any) -> None:
    await site.receive(site.message("text", {"body": "still here"}))
    page = await signed_in(browser, site)
    await page.get_by_text("Ada Example").click()
    await expect(page.locator("#live")).to_have_text("Live")

    await page.context.set_offline(True)
    await site.receive(site.message("text", {"body": "later"}))
    await expect(page.locator("#live")).to_contain_text("Penstock does not answer since")
    await expect(page.locator(".text", has_text="still here")).to_be_visible()

    await page.context.set_offline(False)
    await expect(page.locator(".text", has_text="later")).to_be_visible(timeout=60_000)
    await expect(page.locator("#live")).to_have_text("Live")
