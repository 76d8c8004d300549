"""The values that settings may take: each parser turns one text into a value, or says what it should have been.

A parser raises ``ValueError`` whose text ends the sentence "it must be …". No parser opens a file or asks the network,
and none puts the text that it was given into its error. Called by ``settings.model`` only.
"""

import ipaddress
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from penstock.settings.aws import S3Url, s3_url
from penstock.settings.postgres_url import PostgresUrl, postgres_url

_HOST = re.compile(r"[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?)*")


class Bind(NamedTuple):
    """Where to listen; port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """As it is written in the settings."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class SqliteUrl(NamedTuple):
    """The embedded profile's database."""

    path: Path

    def __str__(self) -> str:
        """As it is written in the settings."""
        return f"sqlite:///{_written(self.path)}"


class FolderUrl(NamedTuple):
    """A folder of this machine that holds the files."""

    path: Path

    def __str__(self) -> str:
        """As it is written in the settings."""
        return f"file:///{_written(self.path).removeprefix('/')}"


def database_url(text: str) -> SqliteUrl | PostgresUrl:
    """``sqlite:///./relative/file``, ``sqlite:////absolute/file`` or ``postgresql://user@host/database``."""
    scheme, _, rest = text.partition("://")
    if scheme in {"postgresql", "postgres"}:
        return postgres_url(text)
    if scheme != "sqlite" or not rest.startswith("/"):
        raise ValueError(
            "a URL such as sqlite:///./penstock-data/penstock.db, sqlite:////var/lib/penstock/penstock.db or "
            "postgresql://penstock@db.example.com/penstock"
        )
    path = rest[1:]
    if path.startswith(":memory:") or path in {"", "/"} or path.endswith("/"):
        raise ValueError("the URL of a file, such as sqlite:///./penstock-data/penstock.db")
    if not path.startswith(("/", "./", "../")):
        # Some read three slashes as relative, others as absolute: a database in the wrong place looks like a lost one.
        raise ValueError(
            "either sqlite:///./… (relative to the working directory) or sqlite:////… (absolute): "
            "three slashes and a name can be read both ways"
        )
    return SqliteUrl(_path(path))


def blobs_url(text: str) -> FolderUrl | S3Url:
    """``file:///./relative/folder``, ``file:///absolute/folder`` or ``s3://bucket/prefix``."""
    scheme, _, rest = text.partition("://")
    if scheme == "s3":
        return s3_url(text)
    if scheme != "file" or not rest.startswith("/"):
        raise ValueError(
            "a URL such as file:///./penstock-data/blobs, file:///var/lib/penstock/blobs or s3://example-media/penstock"
        )
    relative = rest.startswith(("/./", "/../"))
    path = rest[1:] if relative else "/" + rest.lstrip("/")
    if path == "/":
        raise ValueError("the URL of a folder, such as file:///./penstock-data/blobs")
    return FolderUrl(_path(path))


def secret_keys(text: str) -> tuple[str, ...]:
    """One key, or several with commas between them."""
    keys = tuple(key.strip() for key in text.split(","))
    if not all(keys):
        raise ValueError("one key, or several with commas between them, the first of which encrypts")
    return keys


def bind(text: str) -> Bind:
    """``HOST:PORT`` or ``[IPv6]:PORT``."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    is_host = _is_address(host, 6) if bracketed else bool(_HOST.fullmatch(host))
    if not colon or not is_host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    return Bind(host, int(port))


def public_url(text: str) -> str:
    """An http(s) address without a path's last slash."""
    return _web_address(text, "http:// or https:// and a host, such as https://media.example.com")


def graph_url(text: str) -> str:
    """Where Graph is; whether http is permitted is decided with the other settings."""
    return _web_address(text, "https:// and a host, such as https://graph.facebook.com")


def graph_version(text: str) -> str:
    """``v26.0``."""
    if not re.fullmatch(r"v[0-9]{1,3}\.[0-9]{1,2}", text):
        raise ValueError("a version such as v26.0")
    return text


def media_hosts(text: str) -> tuple[str, ...]:
    """Host suffixes (with a dot in front) and whole hosts."""
    hosts = tuple(host.strip().lower() for host in text.split(","))
    if not all(map(_is_media_host, hosts)):
        raise ValueError("host names or suffixes with commas between them, such as .fbsbx.com,.fbcdn.net")
    return hosts


def flag(text: str) -> bool:
    """0 or 1."""
    known = {"0": False, "1": True, "false": False, "true": True}
    if text.lower() not in known:
        raise ValueError("0 or 1")
    return known[text.lower()]


def concurrency(text: str) -> int:
    """1 to 4,096."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 4096:
        raise ValueError("a whole number from 1 to 4096")
    return int(text)


def connections(text: str) -> int:
    """2 to 200."""
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 2 <= int(text) <= 200:
        raise ValueError("a whole number from 2 to 200")
    return int(text)


def lookup_error_budget(text: str) -> int:
    """0 (off) to 1,000 failing look-ups."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > 1_000:
        raise ValueError("a whole number from 0 (off) to 1000")
    return int(text)


def heartbeat_url(text: str) -> str:
    """An http(s) address with a path and a query or none: whoever listens there makes both."""
    bare, _, query = text.partition("?")
    expected = "http:// or https:// and a host, such as https://hc.example.com/ping/ID"
    _web_address(bare, expected)
    if not re.fullmatch(r"[!-~]*", query) or "#" in query:
        raise ValueError(expected + ", without user name or fragment")
    return text


def flag_provider(text: str) -> str:
    """What makes the provider of flags: package.module:callable. Whether it is there is seen when it is loaded."""
    module, _, name = text.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
        raise ValueError("package.module:callable")
    return text


def flag_key(text: str) -> str:
    """The key of a flag."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,200}", text):
        raise ValueError("the key of a flag: letters, digits, dots, hyphens and underscores")
    return text


def log_format(text: str) -> str:
    """How logs are written."""
    if text not in {"console", "json"}:
        raise ValueError("console or json")
    return text


def log_level(text: str) -> str:
    """From which level on events are logged."""
    if text not in {"debug", "info", "warning", "error"}:
        raise ValueError("debug, info, warning or error")
    return text


def _path(text: str) -> Path:
    path = unquote(text)
    if "?" in text or "#" in text or "\0" in path:
        raise ValueError("a URL of a path alone, without ?options or #fragment")
    return Path(path)


def _written(path: Path) -> str:
    return str(path) if path.is_absolute() else f"./{path}"


def _web_address(text: str, expected: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(expected) from None
    host = parts.hostname or ""
    plain = parts.username is None and not parts.query and not parts.fragment and "?" not in text and "#" not in text
    named = bool(_HOST.fullmatch(host)) or _is_address(host, 6)
    if (
        parts.scheme not in {"http", "https"}
        or not named
        or port == 0
        or not plain
        or not re.fullmatch(r"[!-~]+", text)
    ):
        raise ValueError(expected + ", without user name, query or fragment")
    return text.rstrip("/")


def _is_media_host(text: str) -> bool:
    if _is_address(text, 4) or _is_address(text, 6):
        return True
    if text.startswith("."):
        # A suffix of one label (".com") would let the token go nearly anywhere.
        return bool(_HOST.fullmatch(text[1:])) and "." in text[1:]
    return bool(_HOST.fullmatch(text))


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False
