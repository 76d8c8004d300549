"""The OpenAPI document against what is really served."""

import re
from typing import Any

from starlette.routing import Route

from penstock.web.api import openapi
from penstock.web.api.routes import PREFIX


async def document(site: Any) -> dict[str, Any]:
    got = await site.get("/api/v1/openapi.json")
    assert got.status == 200
    found: dict[str, Any] = got.json
    return found


async def test_it_names_every_route_and_no_other(site: Any) -> None:
    described = {
        (method.upper(), path) for path, methods in (await document(site))["paths"].items() for method in methods
    }
    served = {
        (method, re.sub(r":path}", "}", route.path))
        for route in site.app._router.routes
        if isinstance(route, Route) and route.path.startswith(f"{PREFIX}/") and not route.path.endswith("openapi.json")
        for method in route.methods or ()
        if method != "HEAD"
    }

    assert described == served


async def test_every_reference_leads_somewhere(site: Any) -> None:
    found = await document(site)
    schemas = found["components"]["schemas"]
    references = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(found)))

    assert references
    assert references <= schemas.keys()


async def test_every_operation_has_a_name_of_its_own_and_says_who_may_do_it(site: Any) -> None:
    operations = [each for methods in (await document(site))["paths"].values() for each in methods.values()]
    names = [operation["operationId"] for operation in operations]

    assert len(set(names)) == len(names)
    assert all("Needs the role" in operation["description"] for operation in operations)
    assert all({"400", "401", "403", "503"} <= operation["responses"].keys() for operation in operations)


async def test_parameters_in_the_path_are_described(site: Any) -> None:
    for path, methods in (await document(site))["paths"].items():
        named = set(re.findall(r"{(\w+)}", path))
        for operation in methods.values():
            assert {each["name"] for each in operation["parameters"] if each["in"] == "path"} == named


async def test_parameters_of_a_query_say_what_they_may_be(site: Any) -> None:
    listed = (await document(site))["paths"]["/api/v1/media"]["get"]["parameters"]
    by_name = {each["name"]: each["schema"] for each in listed}

    assert by_name["limit"]["maximum"] == 200
    assert "held" in str(by_name["state"])
    assert "upstream" in str(by_name["error"])
    assert "$ref" not in str(by_name)


async def test_a_parameter_that_cannot_be_left_out_says_so(site: Any) -> None:
    listed = (await document(site))["paths"]["/api/v1/gates"]["delete"]["parameters"]

    assert {each["name"]: each["required"] for each in listed} == {
        **dict.fromkeys(("all", "host", "operation", "app", "workspace", "credential", "number", "kind"), False),
        "why": True,
    }


async def test_secrets_are_only_ever_written(site: Any) -> None:
    schemas = (await document(site))["components"]["schemas"]

    assert "writeOnly" in str(schemas["AppNew"])
    assert not {"secret", "verify_token", "token"} & schemas["App"]["properties"].keys()
    assert "token" not in schemas["Credential"]["properties"]


async def test_answers_have_exactly_the_fields_that_are_described(site: Any) -> None:
    await site.receive(site.file("image", "m1"))
    found = await document(site)
    token = await site.token("admin")
    for path, shape in {
        "/api/v1/media": "MediaPage",
        "/api/v1/conversations": "ConversationPage",
        "/api/v1/events": "EventPage",
        "/api/v1/status": "Status",
        "/api/v1/numbers": "NumberList",
        "/api/v1/gates": "GateList",
        "/api/v1/changes": "ChangePage",
    }.items():
        got = (await site.get(path, token=token)).json
        assert got.keys() == found["components"]["schemas"][shape]["properties"].keys(), path
    media = (await site.get("/api/v1/media", token=token)).json["media"][0]
    assert media.keys() == found["components"]["schemas"]["Media"]["properties"].keys()


async def test_it_is_of_the_version_that_it_says(site: Any) -> None:
    found = await document(site)

    assert found["openapi"].startswith("3.1")
    assert found["info"]["version"] == "1.2.3"
    assert found["servers"] == [{"url": site.base}]


def test_an_empty_table_makes_an_empty_document() -> None:
    assert openapi.document((), prefix="/x", base="http://x", version="1")["paths"] == {}
