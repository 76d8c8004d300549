"""A request with everything that is said about it: its hop, whose token, which media, what method it tunnels.

Worked out once for each request by ``Upstream``, then read by the two hops, the faults and the record.
"""

import re
from dataclasses import dataclass
from typing import Literal

from .incoming import Incoming, Override, override_of, token_of
from .media import PATH, Media
from .world import World

Place = Literal["lookup", "download", "upload", "other"]

_NODE = re.compile(r"/(?:v\d{1,3}\.\d/)?(\d{1,25})(/media)?/?")


@dataclass(slots=True)
class Case:
    """One request, understood. ``token`` is the name of a known token; ``stranger`` says that it is not a known one."""

    request: Incoming
    place: Place
    object_id: str
    media: Media | None
    token: str | None
    stranger: bool
    override: Override
    trace: str

    @property
    def token_label(self) -> str | None:
        """How a record names the token: by its name, as ``unknown``, or not at all when none was sent."""
        return "unknown" if self.stranger else self.token

    @property
    def tunnelled(self) -> bool:
        """Whether this is a POST (or another verb) that asks to be taken for another method."""
        return self.override.disagree or self.override.method is not None


def case_of(request: Incoming, world: World) -> Case:
    """What this request is about."""
    path = request.path
    place: Place = "other"
    object_id = ""
    if path == PATH or path == PATH[:-1]:
        place = "download"
        object_id = next((value for name, value in request.query() if name == "mid"), "")
    elif node := _NODE.fullmatch(path):
        place = "upload" if node[2] else "lookup"
        object_id = node[1]
    token = token_of(request)
    name = world.tokens.name_of(token) if token is not None else None
    return Case(
        request=request,
        place=place,
        object_id=object_id,
        media=world.shelf.get(object_id) if place in {"lookup", "download"} else None,
        token=name,
        stranger=token is not None and name is None,
        override=override_of(request) if place == "lookup" else Override(None),
        trace=world.trace(),
    )
