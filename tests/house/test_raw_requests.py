"""Nothing outside the Graph adapter speaks HTTP by itself: no raw requests, no second client, no verb as an argument."""

import ast
from pathlib import Path

import pytest

ADAPTER = "adapters/graph/"

# Where HTTP is spoken all the same, and why.
EXEMPT = {
    "adapters/blobs/s3_": "the bucket's own protocol: no token of Meta's is anywhere near it",
    "adapters/notify/http.py": "alerts go to the operator's own targets: no token of Meta's is anywhere near them",
    "simulator/": "Meta's side: it delivers webhooks to us, and shares nothing with our client",
    "bench/": "floors to compare with: a client without a check, and a generator of load",
    "contract/sessions.py": "makes the session of other people's calls, behind the very check",
}
CLIENTS = {"http.client", "httpx", "httpx2", "niquests", "pycurl", "requests", "urllib.request", "urllib3"}
RAW = {"aiohttp.request", "aiohttp.ClientSession", "ClientSession"}


def test_no_module_speaks_http_past_the_adapter(modules: list[Path], root: Path) -> None:
    package = root / "src" / "penstock"
    raw = [
        f"{path.relative_to(package)}:{line} {what}"
        for path in modules
        if not str(path.relative_to(package)).startswith((ADAPTER, *EXEMPT))
        for line, what in raw_http(path.read_text("utf-8"))
    ]

    assert raw == []


def test_the_exemptions_are_needed_and_have_a_reason(root: Path) -> None:
    package = root / "src" / "penstock"
    speaking = {
        name: [path for path in package.rglob("*.py") if str(path.relative_to(package)).startswith(name)]
        for name in EXEMPT
    }

    assert [
        name for name, paths in speaking.items() if not any(raw_http(path.read_text("utf-8")) for path in paths)
    ] == []
    assert all(EXEMPT.values())


@pytest.mark.parametrize(
    "code",
    [
        "session.request('POST', url)",
        "await self.session.request(method, url)",
        "aiohttp.request('GET', url)",
        "async with aiohttp.ClientSession() as session: ...",
        "ClientSession(connector=pool)",
        "import requests",
        "import urllib.request",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import http.client as client",
        "from http import client",
        "from http.client import HTTPSConnection",
        "import httpx",
        "from httpx2 import AsyncClient",
    ],
)
def test_the_test_sees_each_way_around(code: str) -> None:
    assert raw_http(code if "await" not in code and "async" not in code else f"async def f():\n    {code}")


def test_the_test_lets_through_what_only_looks_like_it() -> None:
    for code in ("request = Request(scope)", "requests.append(x)", "import http", "from http import HTTPStatus"):
        assert raw_http(code) == [], code


def raw_http(code: str) -> list[tuple[int, str]]:
    """Line and text of everything in ``code`` that speaks HTTP without a declared operation."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names if _is_client(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found += [(node.lineno, name) for name in names[:1] if _is_client(name)]
            found += [(node.lineno, name) for name in names[1:] if name in CLIENTS]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.endswith(".request") or called in RAW:
                found.append((node.lineno, called))
    return found


def _is_client(name: str) -> bool:
    return any(name == client or name.startswith(client + ".") for client in CLIENTS)
