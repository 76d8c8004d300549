"""The table of endpoints: what SURFACES promises is in it."""

from typing import Any

import pytest

PROMISED = [
    ("GET", "/messages/{id:path}"),
    ("GET", "/media"),
    ("GET", "/media/{id}"),
    ("GET", "/media/{id}/content"),
    ("GET", "/conversations"),
    ("GET", "/conversations/{id}/messages"),
    ("GET", "/events"),
    ("GET", "/gates"),
    ("POST", "/gates"),
    ("DELETE", "/gates"),
    ("GET", "/changes"),
    ("GET", "/reprocess"),
    ("POST", "/reprocess"),
    ("GET", "/reprocess/{id}"),
    *[("POST", f"/reprocess/{{id}}/{step}") for step in ("pause", "resume", "cancel")],
    *[
        (method, f"/{things}")
        for things in ("workspaces", "apps", "credentials", "numbers")
        for method in ("GET", "POST")
    ],
    *[
        (method, f"/{things}/{{name}}")
        for things in ("workspaces", "apps", "credentials", "numbers")
        for method in ("GET", "PATCH", "DELETE")
    ],
]


async def test_every_endpoint_that_was_promised_is_there(site: Any) -> None:
    there = {(endpoint.method, endpoint.path) for endpoint in site.app.endpoints}

    assert set(PROMISED) <= there


async def test_whatever_changes_who_is_served_is_for_admins_of_everything_and_steering_for_operators(site: Any) -> None:
    lax = {
        endpoint.path: endpoint.role
        for endpoint in site.app.endpoints
        if endpoint.method != "GET" and not (endpoint.role == "admin" and endpoint.everywhere)
    }

    assert {path.split("/")[1] for path in lax} == {
        *("gates", "incidents", "recipes", "reprocess", "rollouts", "traces"),
    }
    assert set(lax.values()) == {"operator"}


async def test_nothing_is_answered_without_a_token(site: Any) -> None:
    for endpoint in site.app.endpoints:
        path = "/api/v1" + endpoint.path.replace("{id:path}", "x").replace("{id}", "x").replace("{name}", "x")
        got = await site.ask(endpoint.method, path)
        assert got.status == 401, path
        assert got.headers["WWW-Authenticate"].startswith("Bearer")
        assert got.json["error"]["do"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_wrong_method_is_told_all_the_right_ones(site: Any, method: str) -> None:
    got = await site.ask(method, "/api/v1/apps")

    assert got.status == 405
    assert set(got.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "POST"}
    assert got.json["error"]["what"]
