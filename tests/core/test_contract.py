"""Lock 2, the comparison itself: anything that differs from the declaration is a violation."""

import http
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import contract, hosts
from penstock.core.contract import Declared, Pinned, Prepared
from penstock.core.form import Form, SmallFile
from penstock.core.hosts import Web
from penstock.core.operation import DOWNLOAD, LOOK_UP, UPLOAD

TOKEN = "EAAGtokenA"
FILE = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&ext=1795000300&hash=AR-x"


def pinned(graph: str = "https://graph.facebook.com", **changes: Any) -> Pinned:
    web = hosts.read(graph)
    assert web is not None
    return msgspec.structs.replace(Pinned(web, "v26.0", (".fbsbx.com", ".fbcdn.net"), False, "Penstock/1"), **changes)


def place(url: str) -> Web:
    web = hosts.read(url)
    assert web is not None, url
    return web


def look_up(settings: Pinned | None = None, token: str = TOKEN) -> Declared:
    web = contract.look_up(settings or pinned(), "1000000000000101")
    assert web is not None
    return Declared(LOOK_UP, web, token)


def download(url: str = FILE, token: str = TOKEN) -> Declared:
    return Declared(DOWNLOAD, place(url), token)


def upload(data: bytes = b"hello\n", number: str = "100000000000002") -> Declared:
    web, form = contract.upload(pinned(), number), Form.of(SmallFile("probe.txt", "text/plain", data))
    assert web is not None
    return Declared(UPLOAD, web, TOKEN, form)


def as_declared(declared: Declared, settings: Pinned | None = None, **changes: Any) -> Prepared:
    web = declared.web
    headers = tuple(contract.headers(settings or pinned(), declared).items())
    method, form = declared.operation.method, declared.form
    prepared = Prepared(method, web.scheme, web.host, web.port, web.target, headers)
    if form is not None:
        prepared = msgspec.structs.replace(prepared, body=True, data=form.data)
    return msgspec.structs.replace(prepared, **changes)


def judged(declared: Declared, settings: Pinned | None = None, **changes: Any) -> str | None:
    settings = settings or pinned()
    return contract.violation(as_declared(declared, settings, **changes), declared, settings)


@pytest.mark.parametrize("declared", [look_up(), download()], ids=["look_up", "download"])
class TestEitherOperation:
    def test_a_request_as_declared_passes(self, declared: Declared) -> None:
        assert judged(declared) is None

    @pytest.mark.parametrize(
        "method",
        ["POST", "get", "Get", "GTE", "", "GET ", "DELETE", "HEAD", b"GET", None, http.HTTPMethod.GET],
        ids=lambda method: f"{type(method).__name__} {method!r}",
    )
    def test_any_other_method_is_a_violation(self, declared: Declared, method: Any) -> None:
        assert "the method is" in str(judged(declared, method=method))

    @pytest.mark.parametrize(
        "changes",
        [
            {"scheme": "http"},
            {"host": "evil.example"},
            {"host": "graph.facebook.com."},
            {"port": 8443},
            {"port": None},
            {"target": "/"},
            {"target": "/v25.0/1000000000000101"},
            {"target": "/v26.0/1000000000000102"},
            {"target": "/v26.0/1000000000000101?method=get"},
            {"target": "/v26.0/1000000000000101?fields=url"},
            {"body": True},
            {"proxied": True},
            {"verified": False},
            {"http_version": (1, 0)},
        ],
        ids=str,
    )
    def test_any_other_place_body_or_way_is_a_violation(self, declared: Declared, changes: dict[str, Any]) -> None:
        assert judged(declared, **changes) is not None

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *((name, "GET") for name in ("X-HTTP-Method-Override", "x-http-method-override", "X-HTTP-METHOD-OVERRIDE")),
            *((name, "DELETE") for name in ("X-Method-Override", "X-HTTP-Method", "X_HTTP_Method_Override", "Method")),
            ("Content-Length", "0"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Expect", "100-continue"),
            ("Cookie", "a=b"),
            ("Proxy-Authorization", "Basic x"),
            ("Connection", "close"),
            ("Upgrade", "h2c"),
            ("Range", "bytes=0-"),
            ("Authorization", f"Bearer {TOKEN}"),
            ("authorization", "Bearer other"),
            ("Host", "evil.example"),
        ],
    )
    def test_a_header_that_is_not_declared_or_stands_twice_is_a_violation(
        self, declared: Declared, name: str, value: str
    ) -> None:
        headers = (*as_declared(declared).headers, (name, value))
        assert "is not declared, or stands there twice" in str(judged(declared, headers=headers))

    @pytest.mark.parametrize("missing", ["Host", "Authorization", "User-Agent", "Accept", "Accept-Encoding"])
    def test_a_missing_header_is_a_violation(self, declared: Declared, missing: str) -> None:
        headers = tuple(pair for pair in as_declared(declared).headers if pair[0] != missing)
        assert judged(declared, headers=headers) == f"the header {missing} is missing"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Authorization", "Bearer EAAGtokenB"),
            ("Authorization", TOKEN),
            ("Authorization", f"bearer {TOKEN}"),
            ("Authorization", f"Basic {TOKEN}"),
            ("Host", "evil.example"),
            ("User-Agent", "Python/3.11 aiohttp/3.14.5"),
            ("Accept-Encoding", "gzip, deflate, br"),
        ],
    )
    def test_another_value_is_a_violation_and_is_not_shown(self, declared: Declared, name: str, value: str) -> None:
        headers = tuple((each, value if each == name else old) for each, old in as_declared(declared).headers)
        sentence = judged(declared, headers=headers)
        assert sentence is not None and value not in sentence and TOKEN not in sentence


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.facebook.com/v26.0/1",
        "https://evil.example/x",
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        *(f"https://lookaside.fbsbx.com/x?{query}" for query in ("method=delete", "a=b&METHOD=get", "a;method=get")),
        *(f"https://lookaside.fbsbx.com/x?{query}" for query in ("%6dethod=get", "method%5B%5D=get", "method%20=get")),
        *(
            f"https://lookaside.fbsbx.com/x?{query}"
            for query in ("+method", "x-http-method-override=GET", "_method=get")
        ),
        *(
            f"https://lookaside.fbsbx.com/x?{query}"
            for query in ("access_token=x", "Access%5FToken=x", "a=b&access_token")
        ),
    ],
)
def test_a_download_may_not_go_there_even_when_it_was_declared_so(url: str) -> None:
    assert contract.misplaced(DOWNLOAD, place(url), pinned()) is not None
    assert judged(download(url)) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.facebook.com/v25.0/1",
        "https://graph.facebook.com/v26.0/1/2",
        "https://graph.facebook.com/v26.0/",
        "https://graph.facebook.com/v26.0/1?phone_number_id=1",
        "https://graph.facebook.com:444/v26.0/1",
        "https://lookaside.fbsbx.com/v26.0/1",
        "http://graph.facebook.com/v26.0/1",
    ],
)
def test_a_look_up_goes_to_the_configured_host_and_the_pinned_version_only(url: str) -> None:
    assert contract.misplaced(LOOK_UP, place(url), pinned()) is not None


def test_a_configured_path_stands_before_the_version() -> None:
    settings = pinned("https://bsp.example/graph/")
    declared = look_up(settings)
    assert declared.web.target == "/graph/v26.0/1000000000000101"
    assert judged(declared, settings) is None
    assert contract.misplaced(LOOK_UP, place("https://bsp.example/v26.0/1"), settings) is not None


def test_http_upstream_is_a_violation_unless_it_is_permitted() -> None:
    settings = pinned("http://127.0.0.1:4040")
    assert judged(look_up(settings), settings) == "the scheme is not https"
    settings = pinned("http://127.0.0.1:4040", insecure=True)
    assert judged(look_up(settings), settings) is None


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Evil: 1", "a\x00", "tökén", "x" * 5000, "a\n"])
def test_a_token_that_is_not_one_visible_line_is_a_violation_and_is_not_shown(token: str) -> None:
    sentence = judged(look_up(token=token))
    assert sentence == "the token is not one line of visible characters"


@pytest.mark.parametrize(
    "media_id",
    ["", "..", "1/2", "1?method=get", "1#", "1%2F", "1 2", "1\r\n", "\uff11\uff12", "a" * 129, "1&access_token=x", "."],
)
def test_a_media_id_that_could_leave_its_place_in_the_path_is_not_looked_up(media_id: str) -> None:
    assert contract.look_up(pinned(), media_id) is None


@given(st.text(max_size=140))
@settings(deadline=None, max_examples=300)
def test_whatever_media_id_is_accepted_stands_alone_behind_the_version(media_id: str) -> None:
    web = contract.look_up(pinned(), media_id)
    if web is not None:
        assert web.target == f"/v26.0/{media_id}"
        assert contract.misplaced(LOOK_UP, web, pinned()) is None


def test_nothing_that_holds_a_token_shows_it() -> None:
    declared = look_up()
    assert TOKEN not in repr(declared)
    assert TOKEN not in str(declared)
    assert TOKEN not in repr(as_declared(declared))


# -- the bytes ------------------------------------------------------------------------------------------------


def written(declared: Declared, *more: str, line: str | None = None, without: str = "", rest: bytes = b"") -> bytes:
    first = line or f"GET {declared.web.target} HTTP/1.1"
    kept = [f"{name}: {value}" for name, value in contract.headers(pinned(), declared).items() if name != without]
    return "\r\n".join([first, *kept, *more, "", ""]).encode() + rest


@pytest.mark.parametrize("declared", [look_up(), download()], ids=["look_up", "download"])
class TestBytes:
    def test_the_declared_bytes_are_as_declared_in_whatever_order(self, declared: Declared) -> None:
        assert contract.unlike(written(declared), declared, pinned()) is None
        line, *fields = written(declared).removesuffix(b"\r\n\r\n").split(b"\r\n")
        assert contract.unlike(b"\r\n".join([line, *reversed(fields), b"", b""]), declared, pinned()) is None

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"line": "POST /x HTTP/1.1"}, "the method on the wire is 'POST', not 'GET'"),
            ({"line": "get /x HTTP/1.1"}, "the method on the wire is 'get', not 'GET'"),
            ({"line": "GET /x HTTP/1.1"}, "the path, query or version on the wire is not the declared one"),
            ({"without": "Authorization"}, "the header Authorization is not on the wire"),
            ({"rest": b"method=get"}, "10 bytes follow the headers"),
        ],
        ids=str,
    )
    def test_any_other_byte_is_told_of(self, declared: Declared, changes: dict[str, Any], said: str) -> None:
        assert contract.unlike(written(declared, **changes), declared, pinned()) == said

    @pytest.mark.parametrize(
        "header",
        ["X-HTTP-Method-Override: GET", "Connection: close", "Content-Length: 0", f"Authorization: Bearer {TOKEN}"],
    )
    def test_any_other_header_is_told_of_without_its_value(self, declared: Declared, header: str) -> None:
        name, _, value = header.partition(": ")
        said = contract.unlike(written(declared, header), declared, pinned())
        assert said == f"the header {name!r} on the wire is not as declared"
        assert value not in said

    @pytest.mark.parametrize("data", [b"", b"GET", b"GET / HTTP/1.1\r\n", b"\xff\xfe"])
    def test_what_is_no_whole_request_is_told_of(self, declared: Declared, data: bytes) -> None:
        assert contract.unlike(data, declared, pinned()) == "no whole request was written"


class TestAnUpload:
    def test_the_declared_body_passes(self) -> None:
        assert judged(upload()) is None

    @pytest.mark.parametrize(
        "method",
        ["GET", "post", "PUT", "PATCH", "", b"POST", None, http.HTTPMethod.POST],
        ids=lambda method: f"{type(method).__name__} {method!r}",
    )
    def test_any_other_method_is_a_violation(self, method: Any) -> None:
        assert "the method is" in str(judged(upload(), method=method))

    @pytest.mark.parametrize("data", [None, b"", b"hello\n", "text", bytearray(b"x"), b"--x\r\n"])
    def test_any_other_body_is_a_violation(self, data: Any) -> None:
        assert judged(upload(), data=data) == "the body is not the declared one"

    def test_one_byte_that_differs_is_enough(self) -> None:
        form = upload().form
        assert form is not None
        for at in range(0, len(form.data), 7):
            changed = form.data[:at] + bytes([form.data[at] ^ 1]) + form.data[at + 1 :]
            assert judged(upload(), data=changed) == "the body is not the declared one"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Content-Length", "0"),
            ("Content-Length", "999"),
            ("Content-Type", "application/json"),
            ("Content-Type", "multipart/form-data; boundary=other"),
            ("Authorization", "Bearer EAAGtokenB"),
        ],
    )
    def test_another_length_or_type_is_a_violation(self, name: str, value: str) -> None:
        headers = tuple((each, value if each == name else old) for each, old in as_declared(upload()).headers)
        assert str(judged(upload(), headers=headers)).startswith("the header ")

    @pytest.mark.parametrize("name", ["Content-Type", "Content-Length"])
    def test_a_body_that_is_not_announced_is_a_violation(self, name: str) -> None:
        headers = tuple(pair for pair in as_declared(upload()).headers if pair[0] != name)
        assert judged(upload(), headers=headers) == f"the header {name} is missing"

    @pytest.mark.parametrize(
        "name", ["Transfer-Encoding", "Content-Encoding", "Expect", "X-HTTP-Method-Override", "content-length"]
    )
    def test_no_other_header_passes(self, name: str) -> None:
        headers = (*as_declared(upload()).headers, (name, "x"))
        assert "is not declared, or stands there twice" in str(judged(upload(), headers=headers))

    @pytest.mark.parametrize("target", ["/v26.0/100000000000003/media", "/v26.0/100000000000002/media?method=get", "/"])
    def test_another_place_is_a_violation(self, target: str) -> None:
        assert judged(upload(), target=target) == "the path or query is not the declared one"

    def test_it_never_goes_without_a_body_and_nothing_else_with_one(self) -> None:
        bare = msgspec.structs.replace(upload(), form=None)
        assert judged(bare, body=True, data=b"x") is not None
        assert judged(bare) is not None
        laden = msgspec.structs.replace(look_up(), form=upload().form)
        assert "media.look_up was called with a body that it must not have" in str(judged(laden))

    @pytest.mark.parametrize("number", ["", "a", "1/media", "1?x", "../1", "1" * 33, "１"])
    def test_a_number_that_is_not_fit_for_a_path_has_no_place(self, number: str) -> None:
        assert contract.upload(pinned(), number) is None

    def test_the_bytes_on_the_wire_are_compared_to_the_last_one(self) -> None:
        declared = upload()
        assert declared.form is not None
        fields = "".join(f"{name}: {value}\r\n" for name, value in contract.headers(pinned(), declared).items())
        written = f"POST {declared.web.target} HTTP/1.1\r\n{fields}\r\n".encode() + declared.form.data
        assert contract.unlike(written, declared, pinned()) is None
        for wrong in (written[:-1], written + b"x", written.replace(b"hello", b"hallo")):
            assert "which are not the declared body" in str(contract.unlike(wrong, declared, pinned()))
        assert "the method on the wire is 'GET'" in str(contract.unlike(b"GET" + written[4:], declared, pinned()))
