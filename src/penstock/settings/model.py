"""Every setting in one table: its type, its default, how it is read, what it is for.

A setting's name is the field's in capitals behind ``PENSTOCK_``, and the field's own in the TOML file. Where the texts
come from is ``settings.sources``'s business. The documentation's list of settings is checked against ``described``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from penstock.settings import values
from penstock.settings.alert_targets import AlertTarget, alert_targets
from penstock.settings.aws import S3Url
from penstock.settings.postgres_url import PostgresUrl
from penstock.settings.values import Bind, FolderUrl, SqliteUrl

PREFIX = "PENSTOCK_"
_DATABASE = Path("penstock-data/penstock.db")


class Rule(NamedTuple):
    """How a field's text is read. ``secret`` texts never appear in an error; ``toml`` are the types a file may use."""

    parse: Callable[[str], object]
    meaning: str
    default: str  # as documented
    secret: bool = False
    toml: tuple[type, ...] = (str,)


def _rule(
    parse: Callable[[str], object], meaning: str, default: str, *, secret: bool = False, toml: tuple[type, ...] = (str,)
) -> dict[str, Rule]:
    return {"rule": Rule(parse, meaning, default, secret, toml)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an instance was told. Made by ``settings.load``; tests and the demo may make one directly."""

    database_url: SqliteUrl | PostgresUrl = field(
        default=SqliteUrl(_DATABASE),
        metadata=_rule(
            values.database_url,
            "the durable record: a SQLite file, relative with ./ or absolute with a fourth slash; or "
            "postgresql://user@host1,host2/database, with the options of PostgreSQL's own URLs",
            "sqlite:///./penstock-data/penstock.db",
        ),
    )
    blobs_url: FolderUrl | S3Url = field(
        default=FolderUrl(Path("penstock-data/blobs")),
        metadata=_rule(
            values.blobs_url,
            "where attached files are kept: a folder of a local disk, or s3://bucket/prefix, reached by the usual AWS_ "
            "variables",
            "file:///./penstock-data/blobs",
        ),
    )
    secret_key: tuple[str, ...] = field(
        default=(),
        repr=False,
        metadata=_rule(
            values.secret_keys,
            "encrypts tokens and app secrets at rest; several with commas while one is rotated, the first one encrypts",
            "made on first start in secret.key beside the SQLite file, mode 600; required with PostgreSQL",
            secret=True,
            toml=(str, list),
        ),
    )
    database_connections: int = field(
        default=8,
        metadata=_rule(
            values.connections,
            "connections to PostgreSQL at most, per process, and one more that listens; SQLite has its own",
            "8",
            toml=(int,),
        ),
    )
    bind: Bind = field(
        default=Bind("127.0.0.1", 8080), metadata=_rule(values.bind, "address and port to listen on", "127.0.0.1:8080")
    )
    public_url: str | None = field(
        default=None,
        metadata=_rule(
            values.public_url,
            "how people and clients reach it: links, gateway URLs, cookies",
            "http:// and the bind address",
        ),
    )
    graph_url: str = field(
        default="https://graph.facebook.com",
        metadata=_rule(values.graph_url, "Meta's Graph API", "https://graph.facebook.com"),
    )
    graph_version: str = field(
        default="v26.0", metadata=_rule(values.graph_version, "the version of Graph to ask", "v26.0, the newest known")
    )
    media_hosts: tuple[str, ...] = field(
        default=(".fbsbx.com", ".fbcdn.net", ".facebook.com"),
        metadata=_rule(
            values.media_hosts,
            "suffixes of the hosts from which a file may be downloaded",
            ".fbsbx.com,.fbcdn.net,.facebook.com",
            toml=(str, list),
        ),
    )
    allow_insecure_upstream: bool = field(
        default=False,
        metadata=_rule(
            values.flag,
            "1 permits http and private addresses upstream, for the simulator and tests; warned of at every start",
            "0",
            toml=(bool, int, str),
        ),
    )
    fetch_concurrency: int = field(
        default=64, metadata=_rule(values.concurrency, "downloads at once, per process", "64", toml=(int, str))
    )
    lookup_error_budget: int | None = field(
        default=None,
        metadata=_rule(
            values.lookup_error_budget,
            "after so many failing look-ups in an hour the next ones of that number wait, as some providers block it "
            "otherwise; 0 is off",
            "15; off for Meta's own host, and with PENSTOCK_ALLOW_INSECURE_UPSTREAM",
            toml=(int, str),
        ),
    )
    alerts: tuple[AlertTarget, ...] = field(
        default=(),
        repr=False,
        metadata=_rule(
            alert_targets,
            "where incidents are told, with commas between them: webhook+https://…, slack+https://…, "
            "pagerduty://ROUTING_KEY, alertmanager+http://host:9093, alertmanager-webhook+https://…, mailto:…",
            "none",
            secret=True,
            toml=(str, list),
        ),
    )
    heartbeat_url: str | None = field(
        default=None,
        repr=False,
        metadata=_rule(
            values.heartbeat_url,
            "an address that is asked every minute while the watch makes its rounds and the database answers, so that "
            "somebody outside notices when it is not",
            "none",
            secret=True,
        ),
    )
    flag_provider: str | None = field(
        default=None,
        metadata=_rule(
            values.flag_provider,
            "a flag system that drives the kill switch, as package.module:callable, which makes an OpenFeature "
            "provider; its flag is asked for each workspace: true lets files through, false holds them",
            "none",
        ),
    )
    flag_key: str = field(
        default="penstock-media-fetch",
        metadata=_rule(values.flag_key, "the boolean flag that is asked", "penstock-media-fetch"),
    )
    log_format: str | None = field(
        default=None, metadata=_rule(values.log_format, "console or json", "console on a terminal, else json")
    )
    log_level: str = field(
        default="info",
        metadata=_rule(
            values.log_level,
            "debug, info, warning or error; debug adds a line for each webhook and for each file that is put back",
            "info",
        ),
    )

    @property
    def public_base(self) -> str:
        """The address that links begin with, without a slash at its end."""
        return self.public_url or f"http://{self.bind}"

    @property
    def blobs_folder(self) -> Path | None:
        """The folder of files; None when they are in a bucket."""
        return self.blobs_url.path if isinstance(self.blobs_url, FolderUrl) else None

    @property
    def database_file(self) -> Path | None:
        """The SQLite file; None when the database is PostgreSQL's."""
        return self.database_url.path if isinstance(self.database_url, SqliteUrl) else None

    @property
    def key_file(self) -> Path:
        """Where the secret key lies when it is not in a setting; with PostgreSQL it always is in one."""
        return (self.database_file or _DATABASE).parent / "secret.key"


RULES: dict[str, Rule] = {each.name: each.metadata["rule"] for each in fields(Settings)}


def described() -> list[dict[str, Any]]:
    """Every setting as the documentation shows it."""
    return [
        {"name": PREFIX + name.upper(), "default": rule.default, "meaning": rule.meaning}
        for name, rule in RULES.items()
    ]
