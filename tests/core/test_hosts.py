"""A URL is read in one way or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from penstock.core import hosts
from penstock.core.hosts import Web

META = (".fbsbx.com", ".fbcdn.net", ".facebook.com")
GOOD = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&source=getMedia&ext=1795000300&hash=AR_-x"


def may(url: str, *, insecure: bool = False, listed: tuple[str, ...] = META) -> bool:
    web = hosts.read(url)
    return web is not None and hosts.allowed(web, listed, insecure=insecure)


def test_a_url_of_metas_is_taken_apart_as_it_was_written() -> None:
    assert hosts.read(GOOD) == Web(
        "https",
        "lookaside.fbsbx.com",
        443,
        "/whatsapp_business/attachments/",
        "?mid=1&source=getMedia&ext=1795000300&hash=AR_-x",
    )
    assert may(GOOD)


def test_upper_case_is_the_same_host() -> None:
    web = hosts.read("HTTPS://LookAside.FBSBX.com/A?B=c")
    assert web == Web("https", "lookaside.fbsbx.com", 443, "/A", "?B=c")
    assert web.authority == "lookaside.fbsbx.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://user:password@lookaside.fbsbx.com/",
        "https://lookaside.fbsbx.com@evil.example/",
        "https://evil.example\\@lookaside.fbsbx.com/",
        "https://evil.example\\.fbsbx.com/",
        "https://evil.example#.fbsbx.com/",
        "https://lookaside.fbsbx.com/#fragment",
        "https://lookaside.fbsbx.com./",
        "https://lookaside..fbsbx.com/",
        "https://.fbsbx.com/",
        "https://-a.fbsbx.com/",
        "https://lookaside.fbsbx.com:/",
        "https://lookaside.fbsbx.com:0/",
        "https://lookaside.fbsbx.com:65536/",
        "https://lookaside.fbsbx.com:443443/",
        "https://lookaside.fbsbx.com:44a/",
        "https://look%61side.fbsbx.com/",
        "https://lookaside.fbsbx.com%2e/",
        "https://ⓛookaside.fbsbx.com/",
        "https://lookaside.fbsbx。com/",
        "https://lookaside.fbsbx.com/ä",
        "https://lookaside.fbsbx.com/a b",
        "https://lookaside.fbsbx.com/a\tb",
        "https://lookaside.fbsbx.com/a\r\nX-Evil: 1",
        "https://lookaside.fbsbx.com/\n",
        "https://lookaside.fbsbx.com/%",
        "https://lookaside.fbsbx.com/%zz",
        "https://lookaside.fbsbx.com/a/../b",
        "https://lookaside.fbsbx.com/a/%2E%2e/b",
        "https://lookaside.fbsbx.com/..",
        "https://lookaside.fbsbx.com?a=b/c#d",
        "https:/lookaside.fbsbx.com/",
        "https:lookaside.fbsbx.com/",
        "//lookaside.fbsbx.com/",
        "ftp://lookaside.fbsbx.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://[::1/",
        "https://[::0001]/",
        "https://[fe80::1%25eth0]/",
        "https://" + "a" * 64 + ".fbsbx.com/",
        "https://" + "a." * 126 + "fbsbx.com/",
        "https://lookaside.fbsbx.com/" + "a" * 5000,
        "",
        " https://lookaside.fbsbx.com/",
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_not_read(url: str) -> None:
    assert hosts.read(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://fbsbx.com/",
        "https://evilfbsbx.com/",
        "https://fbsbx.com.evil.example/",
        "https://lookaside.fbsbx.com.evil.example/",
        "https://evil.example/lookaside.fbsbx.com/",
        "https://evil.example/?.fbsbx.com",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://localhost/",
        "https://xn--fbsbx-3ve.com/",
        "http://lookaside.fbsbx.com/",
        "https://lookaside.fbsbx.com:8443/",
        "http://lookaside.fbsbx.com:443/",
    ],
)
def test_a_host_scheme_or_port_that_is_not_on_the_list_is_not_allowed(url: str) -> None:
    assert not may(url)


def test_a_suffix_covers_what_is_below_it_and_a_whole_name_only_itself() -> None:
    assert may("https://a.b.fbcdn.net/x")
    assert may("https://files.example/x", listed=("files.example",))
    assert not may("https://a.files.example/x", listed=("files.example",))
    assert not may(GOOD, listed=())


def test_insecure_permits_http_and_any_port_but_no_other_host() -> None:
    assert may("http://127.0.0.1:4040/x", insecure=True, listed=("127.0.0.1",))
    assert may("http://[::1]:4040/x", insecure=True, listed=("::1",))
    assert not may("http://127.0.0.2:4040/x", insecure=True, listed=("127.0.0.1",))


@given(
    st.sampled_from(["https", "http"]),
    st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,9}[a-z0-9])?(\.[a-z0-9]{1,8}){1,3}", fullmatch=True),
    st.one_of(st.none(), st.integers(1, 65535)),
    st.from_regex(r"(/[!-~]{0,12}){0,3}", fullmatch=True),
    st.from_regex(r"(\?[!-~]{0,20})?", fullmatch=True),
)
@settings(deadline=None, max_examples=300)
def test_what_is_read_is_what_the_client_would_write(
    scheme: str, host: str, port: int | None, path: str, query: str
) -> None:
    web = hosts.read(f"{scheme}://{host}{f':{port}' if port else ''}{path}{query}")
    if web is None:
        return
    url = URL(f"{web.scheme}://{web.authority}{web.target}", encoded=True)
    assert (url.scheme, url.raw_host, url.port, url.raw_path_qs) == (web.scheme, web.host, web.port, web.target)
    assert url.host_port_subcomponent == web.authority


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=300)
def test_no_text_makes_it_raise(text: str) -> None:
    hosts.read(text)
    hosts.read(f"https://{text}.fbsbx.com/")
