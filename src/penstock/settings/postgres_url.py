"""The address of a PostgreSQL database as a setting: checked before anybody connects, and shown without its password.

``postgresql://user@host1:5432,host2/database?sslmode=verify-full``, as every PostgreSQL tool writes it; a password may
be in it, in PGPASSWORD or in a password file. Parsers raise ``ValueError`` as those of ``settings.values`` do.
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl

_OPTIONS = {
    *("host", "port", "user", "password", "passfile", "dbname", "database"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version", "gsslib", "krbsrvname"),
    "target_session_attrs",
}
_WRITERS = {"read-write", "primary"}
_SHAPE = re.compile(r"([^:@/?#\s]*(:[^@/?#\s]*)?@)?(?P<hosts>[^@/?#\s]*)/(?P<name>[^/?#\s]+)(\?(?P<options>[^#\s]*))?")
_HOST = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[a-zA-Z0-9_%.-]+)(:[0-9]{1,5})?")
_EXAMPLE = "a URL such as postgresql://penstock@db.example.com/penstock"


class PostgresUrl(NamedTuple):
    """The cluster profile's database."""

    dsn: str

    def __str__(self) -> str:
        """As it is written in the settings, without a password."""
        shown = re.sub(r"(//[^:@/?#]*):[^@/?#]*@", r"\1:…@", self.dsn)
        return re.sub(r"((?:ssl)?password=)[^&]*", r"\1…", shown)

    def __repr__(self) -> str:
        """The same, for tracebacks."""
        return f"PostgresUrl({str(self)!r})"


def postgres_url(text: str) -> PostgresUrl:
    """``postgresql://user@host1,host2/database?options``."""
    scheme, _, rest = text.partition("://")
    found = _SHAPE.fullmatch(rest)
    if scheme not in {"postgresql", "postgres"} or found is None:
        raise ValueError(_EXAMPLE)
    hosts = found["hosts"].split(",") if found["hosts"] else []
    if not all(map(_HOST.fullmatch, hosts)):
        raise ValueError(f"{_EXAMPLE}, with host or host:port, several with commas between them")
    options = parse_qsl(found["options"] or "", keep_blank_values=True)
    if unknown := sorted({name for name, _ in options} - _OPTIONS):
        raise ValueError(
            f"a PostgreSQL URL without the option {unknown[0][:40]}; it may have {', '.join(sorted(_OPTIONS))}"
        )
    for name, value in options:
        if name == "target_session_attrs" and value not in _WRITERS:
            raise ValueError("a PostgreSQL URL that leads to the primary: target_session_attrs=read-write")
    return PostgresUrl(text)
