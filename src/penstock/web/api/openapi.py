"""The OpenAPI 3.1 document, made from the table of endpoints and the structs that they take and answer with.

So it cannot tell of an endpoint that is not there, or leave one out. Served at ``/api/v1/openapi.json`` to everybody.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from penstock.web.api.endpoint import Endpoint, NoQuery
from penstock.web.api.shapes import ProblemAnswer

_SAID = {
    400: "Something in the request is malformed; the sentence says what.",
    401: "There is no API token, or it is not known.",
    403: "The token's role or workspace does not allow this.",
    404: "It does not exist, or the token may not see it.",
    408: "The body did not come in time.",
    409: "It cannot be done as things stand.",
    410: "The file is not to be had any more.",
    413: "The body is too large.",
    416: "The file has no such bytes.",
    503: "The store cannot be used right now; ask again.",
}
_ALWAYS = (400, 401, 403, 503)
_PART = re.compile(r"{(\w+)(?::path)?}")

Json = dict[str, Any]


def document(endpoints: Sequence[Endpoint], *, prefix: str, base: str, version: str) -> Json:
    """The whole document."""
    shapes = {endpoint.answer for endpoint in endpoints if endpoint.answer is not None}
    shapes |= {endpoint.body for endpoint in endpoints if endpoint.body is not None} | {ProblemAnswer}
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        paths.setdefault(_PART.sub(r"{\1}", prefix + endpoint.path), {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Penstock",
            "version": version,
            "description": "Inbound WhatsApp messages and their files. Rows of another workspace than the token's "
            "do not exist. Times are RFC 3339 in UTC.",
        },
        "servers": [{"url": base}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint) -> Json:
    operation: Json = {
        "summary": endpoint.summary,
        "operationId": _id(endpoint),
        "description": f"Needs the role {endpoint.role} or better"
        + (", in a token for all workspaces." if endpoint.everywhere else "."),
        "parameters": _path_parameters(endpoint) + _query_parameters(endpoint),
        "responses": _responses(endpoint),
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(endpoint.body)}}}
    return operation


def _id(endpoint: Endpoint) -> str:
    """``get_media_content``: unique, as no two endpoints share a method and a path."""
    parts = [part for part in endpoint.path.split("/") if part]
    words = [endpoint.method.lower(), *(f"by_{found[1]}" if (found := _PART.match(part)) else part for part in parts)]
    return "_".join(words)


def _path_parameters(endpoint: Endpoint) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PART.findall(endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint) -> list[Json]:
    if endpoint.query is NoQuery:
        return []
    shape = _inlined(endpoint.query)
    return [
        {"name": name, "in": "query", "required": name in shape.get("required", ()), "schema": schema}
        for name, schema in shape["properties"].items()
    ]


def _inlined(query: type[msgspec.Struct]) -> Json:
    """A query's schema without references, as parameters have none of their own."""
    (_,), components = msgspec.json.schema_components([query], ref_template="#/{name}")
    inner = {name: schema for name, schema in components.items() if name != query.__name__}

    def plain(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return plain(inner[node["$ref"].removeprefix("#/")])
            return {key: plain(value) for key, value in node.items()}
        return [plain(each) for each in node] if isinstance(node, list) else node

    found: Json = plain(components[query.__name__])
    return found


def _responses(endpoint: Endpoint) -> Json:
    answers: Json = {str(endpoint.status): _success(endpoint)}
    if endpoint.elsewhere is not None:
        answers["302"] = {"description": endpoint.elsewhere}
    for status in sorted({*_ALWAYS, *endpoint.errors}):
        answers[str(status)] = {
            "description": _SAID[status],
            "content": {"application/json": {"schema": _ref(ProblemAnswer)}},
        }
    return answers


def _success(endpoint: Endpoint) -> Json:
    if endpoint.answer is not None:
        return {"description": "As asked.", "content": {"application/json": {"schema": _ref(endpoint.answer)}}}
    if endpoint.status == 204:
        return {"description": "Done."}
    return {"description": "The bytes.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}


def _ref(shape: type) -> Json:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
