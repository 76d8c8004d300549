"""Each setting's text becomes a value, or a few words that say what it should have been."""

from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.settings import alert_targets, values
from penstock.settings.aws import S3Url
from penstock.settings.postgres_url import PostgresUrl
from penstock.settings.values import Bind, FolderUrl, SqliteUrl

GOOD: list[tuple[Callable[[str], object], str, object]] = [
    (values.database_url, "sqlite:///./data/penstock.db", SqliteUrl(Path("data/penstock.db"))),
    (values.database_url, "sqlite:///../penstock.db", SqliteUrl(Path("../penstock.db"))),
    (values.database_url, "sqlite:////var/lib/penstock.db", SqliteUrl(Path("/var/lib/penstock.db"))),
    (values.database_url, "sqlite:////srv/my%20data/penstock.db", SqliteUrl(Path("/srv/my data/penstock.db"))),
    (values.database_url, "postgresql://me@db/penstock", PostgresUrl("postgresql://me@db/penstock")),
    (values.connections, "2", 2),
    (values.connections, "200", 200),
    (values.blobs_url, "file:///./blobs", FolderUrl(Path("blobs"))),
    (values.blobs_url, "file:///var/lib/blobs", FolderUrl(Path("/var/lib/blobs"))),
    (values.blobs_url, "file:////var/lib/blobs", FolderUrl(Path("/var/lib/blobs"))),
    (values.blobs_url, "s3://example-media", S3Url("example-media")),
    (values.blobs_url, "s3://example.media/pen_stock/v=1/", S3Url("example.media", "pen_stock/v=1")),
    (values.secret_keys, "one", ("one",)),
    (values.secret_keys, "new, old", ("new", "old")),
    (values.bind, "127.0.0.1:8080", Bind("127.0.0.1", 8080)),
    (values.bind, "localhost:0", Bind("localhost", 0)),
    (values.bind, "[::1]:8080", Bind("::1", 8080)),
    (values.public_url, "https://media.example.com/", "https://media.example.com"),
    (values.public_url, "http://[::1]:8080", "http://[::1]:8080"),
    (values.graph_url, "https://graph.facebook.com", "https://graph.facebook.com"),
    (values.graph_version, "v26.0", "v26.0"),
    (
        values.media_hosts,
        ".fbsbx.com, Lookaside.FBSBX.com,127.0.0.1",
        (".fbsbx.com", "lookaside.fbsbx.com", "127.0.0.1"),
    ),
    (values.flag, "0", False),
    (values.flag, "TRUE", True),
    (values.concurrency, "1", 1),
    (values.concurrency, "4096", 4096),
    (values.flag_provider, "ours.flags:make", "ours.flags:make"),
    (values.flag_key, "fetch-media", "fetch-media"),
    (values.lookup_error_budget, "0", 0),
    (values.lookup_error_budget, "1000", 1000),
    (alert_targets, "", ()),
    (values.heartbeat_url, "https://hc.example.com/ping/ID?a=b", "https://hc.example.com/ping/ID?a=b"),
    (values.heartbeat_url, "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    (values.log_format, "json", "json"),
    (values.log_format, "console", "console"),
    (values.log_level, "debug", "debug"),
    (values.log_level, "error", "error"),
]

BAD: list[tuple[Callable[[str], object], str]] = [
    (values.database_url, ""),
    (values.database_url, "penstock.db"),
    (values.database_url, "sqlite://penstock.db"),
    (values.database_url, "sqlite:///penstock.db"),  # three slashes and a name can be read both ways
    (values.database_url, "sqlite:///:memory:"),
    (values.database_url, "sqlite:////"),
    (values.database_url, "sqlite:////var/lib/"),
    (values.database_url, "sqlite:////penstock.db?mode=ro"),
    (values.database_url, "sqlite:////pen%00stock.db"),
    (values.database_url, "postgresql://penstock@db"),
    (values.database_url, "postgresql://penstock@db/penstock?colour=red"),
    (values.connections, "1"),
    (values.connections, "201"),
    (values.connections, "many"),
    (values.database_url, "mysql://db/penstock"),
    (values.blobs_url, ""),
    (values.blobs_url, "/var/lib/blobs"),
    (values.blobs_url, "file://blobs"),
    (values.blobs_url, "file:///"),
    (values.blobs_url, "s3://"),
    (values.blobs_url, "s3:///prefix"),
    (values.blobs_url, "s3://ab"),
    (values.blobs_url, "s3://Bucket/prefix"),
    (values.blobs_url, "s3://key:secret@bucket/prefix"),
    (values.blobs_url, "s3://bucket/a//b"),
    (values.blobs_url, "s3://bucket/../other"),
    (values.blobs_url, "s3://bucket/a b"),
    (values.blobs_url, "s3://bucket/prefix?versionId=1"),
    (values.blobs_url, "gs://bucket/prefix"),
    (values.blobs_url, "file:///blobs#1"),
    (values.secret_keys, ""),
    (values.secret_keys, "one,,two"),
    (values.secret_keys, "one,"),
    (values.bind, ""),
    (values.bind, "8080"),
    (values.bind, ":8080"),
    (values.bind, "localhost"),
    (values.bind, "127.0.0.1:65536"),
    (values.bind, "127.0.0.1:-1"),
    (values.bind, "::1:8080"),  # without brackets nobody can tell the port
    (values.bind, "[127.0.0.1]:8080"),
    (values.bind, "a b:8080"),
    (values.public_url, "media.example.com"),
    (values.public_url, "ftp://media.example.com"),
    (values.public_url, "https://"),
    (values.public_url, "https://user:word@media.example.com"),
    (values.public_url, "https://media.example.com/?a=1"),
    (values.public_url, "https://media.example.com/#top"),
    (values.public_url, "https://media.example.com:99999"),
    (values.public_url, "https://media example.com"),
    (values.public_url, "https://media.example.com/\r\nX: y"),
    (values.graph_url, "graph.facebook.com"),
    (values.graph_version, "26.0"),
    (values.graph_version, "v26"),
    (values.graph_version, "v26.0/me"),
    (values.media_hosts, ""),
    (values.media_hosts, ".com"),  # would let the token go nearly anywhere
    (values.media_hosts, "."),
    (values.media_hosts, "*.fbsbx.com"),
    (values.media_hosts, "https://fbsbx.com"),
    (values.media_hosts, ".fbsbx.com,,.fbcdn.net"),
    (values.flag, "yes"),
    (values.flag, ""),
    (values.flag_provider, "ours.flags"),
    (values.flag_provider, "/path/to.py:make"),
    (values.flag_provider, ""),
    (values.flag_key, " "),
    (values.lookup_error_budget, "1001"),
    (values.lookup_error_budget, "-1"),
    (values.lookup_error_budget, "off"),
    (values.concurrency, "0"),
    (values.concurrency, "4097"),
    (values.concurrency, "-1"),
    (values.concurrency, "many"),
    (values.concurrency, "6.5"),
    (values.concurrency, "٦"),  # a digit, but not one of ours
    (alert_targets, "https://ops.example.com"),
    (alert_targets, "pagerduty://KEY,,"),
    (values.heartbeat_url, "hc.example.com/ping"),
    (values.heartbeat_url, "https://anna:secret@hc.example.com/ping"),
    (values.heartbeat_url, "https://hc.example.com/ping?a=b#c"),
    (values.heartbeat_url, ""),
    (values.log_format, "xml"),
    (values.log_format, ""),
    (values.log_level, "verbose"),
    (values.log_level, "INFO"),
]


@pytest.mark.parametrize(("parse", "text", "expected"), GOOD, ids=lambda value: getattr(value, "__name__", None))
def test_a_well_formed_text_becomes_its_value(parse: Callable[[str], object], text: str, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(("parse", "text"), BAD, ids=lambda value: getattr(value, "__name__", None))
def test_a_malformed_text_says_what_is_expected_on_one_line(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        parse(text)


@pytest.mark.parametrize("parse", list(dict.fromkeys(parse for parse, _ in BAD)))
def test_no_parser_repeats_what_it_was_given(parse: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        parse(",,topsecret://topsecret")

    assert "topsecret" not in str(raised.value)


def test_every_parser_is_tried_with_good_and_bad_texts() -> None:
    from penstock.settings.model import RULES

    parsers = {rule.parse for rule in RULES.values()}

    assert {parse for parse, *_ in GOOD} == parsers
    assert {parse for parse, *_ in BAD} == parsers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Bind("127.0.0.1", 8080), "127.0.0.1:8080"),
        (Bind("::1", 8080), "[::1]:8080"),
        (SqliteUrl(Path("data/penstock.db")), "sqlite:///./data/penstock.db"),
        (SqliteUrl(Path("/data/penstock.db")), "sqlite:////data/penstock.db"),
        (FolderUrl(Path("blobs")), "file:///./blobs"),
        (FolderUrl(Path("/blobs")), "file:///blobs"),
        (S3Url("example-media"), "s3://example-media"),
        (S3Url("example-media", "penstock/blobs"), "s3://example-media/penstock/blobs"),
    ],
)
def test_a_value_is_written_as_the_setting_would_be(value: Bind | SqliteUrl | FolderUrl | S3Url, text: str) -> None:
    parse: dict[type, Callable[[str], object]] = {
        Bind: values.bind,
        SqliteUrl: values.database_url,
        FolderUrl: values.blobs_url,
        S3Url: values.blobs_url,
    }

    assert str(value) == text
    assert parse[type(value)](text) == value
