"""The declared operations: every request that Penstock may make of its own, and nothing else.

An ``Operation`` is checked when it is made, which for ours is when this module is imported: a method that is not the
exact text of a known verb, of exactly the type ``str``, never becomes one. Callers name operations and cannot pass a
method. What goes on the wire is compared with the operation by ``core.contract``. Used by the contract, the Graph
adapter and whoever names operations; ``penstock.contract`` checks other people's declarations by the same rules.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Literal, Protocol, TypeGuard, TypeVar

BODILESS = frozenset({"GET"})  # the verbs of what never has a body
WITH_BODY = frozenset({"POST"})  # … and of what always has one
HEADERS = ("Host", "Authorization", "User-Agent", "Accept", "Accept-Encoding")  # what has a meaning in the contract
OF_BODY = ("Content-Type", "Content-Length")  # … and what only a body has, which must have both
OVERRIDES = frozenset(  # a verb in disguise, as ``in_disguise`` spells it
    {
        *("method", "_method", "http_method", "x_method", "x_http_method"),
        *("method_override", "http_method_override", "x_method_override", "x_http_method_override"),
    }
)
UNDECLARABLE = OVERRIDES | {"access_token"}  # what no query may hold: a verb in disguise, or a token in a URL

_NAME = re.compile(r"[a-z]+\.[a-z_]+")
_PUNCTUATION = re.compile(r"[. -]")


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str:
        """By which it is known."""


T = TypeVar("T", bound=Named)


class DeclarationError(ValueError):
    """An operation was declared in a way that could put something else on the wire than it says."""


class HostRule(Enum):
    """Where an operation may go."""

    GRAPH = "graph"  # the configured Graph host, exactly
    MEDIA = "media"  # the allow-list of media hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request as it is declared. Raises DeclarationError when it is not fit to be declared.

    It has a body, which each call declares byte for byte, or never has one: the verb says which, and must agree.
    """

    name: str
    method: Literal["GET", "POST"]
    host: HostRule
    path: re.Pattern[str]  # must match the whole path behind the configured base
    query: frozenset[str] | None = field(default=frozenset())  # the keys it may have; None = any that is declarable
    headers: tuple[str, ...] = HEADERS  # exactly these, spelled like this
    body: bool = False

    def __post_init__(self) -> None:
        """Refuse whatever a client library could read in another way than it is meant."""
        if type(self.body) is not bool:
            raise DeclarationError(f"operation {self.name} needs True or False for body, not {self.body!r}")
        check_line(self.name, self.method, self.path, methods=WITH_BODY if self.body else BODILESS)
        if type(self.host) is not HostRule:
            raise DeclarationError(f"operation {self.name} needs a HostRule, not {self.host!r}")
        check_names(self.name, self.query, self.headers)
        for header in self.headers:
            if header not in HEADERS and not (self.body and header in OF_BODY):
                raise DeclarationError(f"operation {self.name} must not have the header {header!r}")
        if self.body and not set(OF_BODY) <= set(self.headers):
            raise DeclarationError(f"operation {self.name} has a body and must have {' and '.join(OF_BODY)}")


def check_line(name: object, method: object, path: object, *, methods: frozenset[str]) -> None:
    """The request line of a declaration: a plain name, the exact text of a verb, a pattern. Raises DeclarationError."""
    if not is_text(name) or not _NAME.fullmatch(name):
        raise DeclarationError(f"an operation's name looks like media.look_up, not {name!r}")
    if not is_text(method) or method not in methods:
        raise DeclarationError(
            f"operation {name} declares the method {method!r} ({type(method).__name__}): it must be the exact text "
            f"{' or '.join(sorted(methods))}"
        )
    if not isinstance(getattr(path, "pattern", None), str):
        raise DeclarationError(f"operation {name} needs a compiled pattern of text for its path")


def check_names(name: str, query: object, headers: object) -> None:
    """The query keys and headers of a declaration: closed, plain, no verb in disguise. Raises DeclarationError."""
    if not isinstance(query, frozenset | None) or not isinstance(headers, tuple):
        raise DeclarationError(f"operation {name} needs a frozenset of query keys and a tuple of headers")
    for key in query or ():
        if not is_text(key) or in_disguise(key) in UNDECLARABLE:
            raise DeclarationError(f"operation {name} must not have {key!r} in its query")
    for header in headers:
        if not is_text(header) or in_disguise(header) in OVERRIDES:
            raise DeclarationError(f"operation {name} must not have the header {header!r}")


def is_text(value: object) -> TypeGuard[str]:
    """Exactly ``str``: a subclass of it (an enum member, say) may be compared by one layer and printed by the next."""
    return type(value) is str


def in_disguise(name: str) -> str:
    """A key as servers may read it: "method[]", "?method", " method" and "Method" are "method" to some of them."""
    return _PUNCTUATION.sub("_", name.partition("[")[0].strip("? ")).lower()


def registry(*operations: T) -> Mapping[str, T]:
    """A closed set of operations by name. Raises DeclarationError when two have the same name."""
    known = {operation.name: operation for operation in operations}
    if len(known) != len(operations):
        raise DeclarationError("two operations have the same name")
    return MappingProxyType(known)


VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")
# Meta's are digits; nothing here can leave its place in the path. A webhook or an import brings no other ones.
MEDIA_ID = re.compile(r"[0-9A-Za-z_:-][0-9A-Za-z_.:-]{0,127}")
PHONE_NUMBER_ID = re.compile(r"[0-9]{1,32}")

LOOK_UP = Operation(
    name="media.look_up",
    method="GET",
    host=HostRule.GRAPH,
    path=re.compile(rf"/{VERSION.pattern}/{MEDIA_ID.pattern}"),
)
DOWNLOAD = Operation(
    name="media.download",
    method="GET",
    host=HostRule.MEDIA,
    path=re.compile(r"/(?:[0-9A-Za-z._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"),
    query=None,  # Meta signs these URLs and changes what is in them
)
UPLOAD = Operation(  # of a file of Penstock's own, for the number by which it is looked up again
    name="media.upload",
    method="POST",
    host=HostRule.GRAPH,
    path=re.compile(rf"/{VERSION.pattern}/{PHONE_NUMBER_ID.pattern}/media"),
    headers=(*HEADERS, *OF_BODY),
    body=True,
)
REGISTRY = registry(LOOK_UP, DOWNLOAD, UPLOAD)
