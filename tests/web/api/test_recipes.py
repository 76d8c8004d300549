"""Recipes through the API: seen by viewers of everything, made by operators, and sent elsewhere by admins alone."""

from typing import Any

PATH = "/api/v1/recipes"


async def test_a_viewer_sees_which_one_is_in_use(site: Any) -> None:
    (only,) = (await site.get(PATH, token=await site.token("viewer"))).json["recipes"]
    assert (only["recipe"], only["implementation"], only["in_use"], only["created_at"]) == (
        "standard/1",
        "declared",
        True,
        None,
    )


async def test_an_operator_makes_the_next_version(site: Any) -> None:
    new = {"name": "next", "why": "the next version", "parameters": {"graph_version": "v27.0", "use_url_hint": False}}
    assert (await site.post(PATH, token=await site.token("viewer"), json=new)).status == 403
    token = await site.token("operator", name="ops")
    got = await site.post(PATH, token=token, json=new)
    assert got.status == 201, got.text
    made = got.json
    assert (made["recipe"], made["by"], made["in_use"]) == ("next/1", "token:ops", False)
    assert made["parameters"] == {"graph_version": "v27.0", "use_url_hint": False}
    assert (await site.post(PATH, token=token, json=new)).status == 409
    listed = (await site.get(PATH, token=token)).json["recipes"]
    assert [each["recipe"] for each in listed] == ["next/1", "standard/1"]


async def test_what_cannot_be_used_is_refused(site: Any) -> None:
    token = await site.token("operator")
    for wrong in (
        {"name": "next"},
        {"name": "next", "why": ""},
        {"name": "Next", "why": "x"},
        {"name": "next", "why": "x", "parameters": {"graph_verison": "v27.0"}},
        {"name": "next", "why": "x", "parameters": {"head_s": 0}},
    ):
        assert (await site.post(PATH, token=token, json=wrong)).status == 400


async def test_only_an_admin_sends_tokens_elsewhere(site: Any) -> None:
    new = {"name": "next", "why": "a proxy", "parameters": {"graph_url": "https://graph.example.com"}}
    assert (await site.post(PATH, token=await site.token("operator"), json=new)).status == 403
    admin = await site.token("admin", name="root")
    assert (await site.post(PATH, token=admin, json=new)).status == 201
    new["parameters"] = {"graph_url": "http://graph.example.com"}
    assert (await site.post(PATH, token=admin, json=new)).status == 400


async def test_a_token_with_a_workspace_has_no_part_in_it(site: Any) -> None:
    token = await site.token("admin", workspace="acme")
    assert (await site.get(PATH, token=token)).status == 403
    assert (await site.post(PATH, token=token, json={"name": "next", "why": "x"})).status == 403
