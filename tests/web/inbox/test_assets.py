"""The style sheet, the script and the mark."""

import re
from typing import Any

from penstock.web.inbox.assets import Assets


async def test_they_are_served_from_here_and_kept_for_good(site: Any) -> None:
    for name, content_type in {
        "inbox.css": "text/css",
        "inbox.js": "text/javascript",
        "mark.svg": "image/svg+xml",
    }.items():
        got = await site.get(f"/static/{name}?anything")
        assert got.status == 200
        assert got.headers["Content-Type"].startswith(content_type)
        assert "immutable" in got.headers["Cache-Control"]


async def test_nothing_else_of_the_package_is(site: Any) -> None:
    for name in ("app.py", "..%2fapp.py", "__init__.py", ""):
        assert (await site.get(f"/static/{name}")).status == 404


async def test_pages_name_them_with_the_stamp_of_their_content(site: Any) -> None:
    page = (await site.get("/login")).text

    assert set(re.findall(r"/static/[a-z.]+\?(\w+)", page)) == {Assets().stamp}


async def test_nothing_is_asked_of_another_host(site: Any) -> None:
    for name in ("inbox.css", "inbox.js"):
        assert "://" not in (await site.get(f"/static/{name}")).text
