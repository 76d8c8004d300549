"""Verbs in disguise inside a body: ``method=get`` in a form or in JSON, by which some servers are told another verb.

Only what lies in memory is looked at; a body that is streamed is not read. A field counts when its name is an override
*and* its value is a verb, for JSON-RPC has a ``method`` of its own. Pure. Used by the guards.

>>> tunnelled(fields("application/x-www-form-urlencoded", b"access_token=x&method=get"))
'method'
>>> tunnelled(fields("application/json", b'{"method": "orders.list"}')) is None
True
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl

import msgspec

from penstock.core.answers import PARSE_FAILURES
from penstock.core.operation import OVERRIDES, in_disguise

MOST_BYTES = 1_048_576  # more than any form; a larger body is not looked at
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_FORM = "application/x-www-form-urlencoded"


def fields(content_type: str, content: bytes) -> list[tuple[str, object]]:
    """The outermost fields of a form or of a JSON object; none of anything else."""
    kind = content_type.partition(";")[0].strip().lower()
    if len(content) > MOST_BYTES:
        return []
    if kind == _FORM:
        return list(parse_qsl(content.decode("latin-1"), keep_blank_values=True))
    if kind == "application/json" or kind.endswith("+json"):
        try:
            tree = msgspec.json.decode(content)
        except PARSE_FAILURES:
            return []
        return list(tree.items()) if isinstance(tree, dict) else []
    return []


def tunnelled(pairs: Iterable[tuple[str, object]]) -> str | None:
    """The name of the first field that asks to be taken for another verb."""
    for name, value in pairs:
        if in_disguise(name) in OVERRIDES and isinstance(value, str) and value.strip().lower() in _VERBS:
            return name
    return None
