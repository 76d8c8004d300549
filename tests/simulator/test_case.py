"""What a request is about."""

import pytest

from penstock.simulator import Platform
from penstock.simulator.case import case_of
from penstock.simulator.incoming import Incoming
from penstock.simulator.media import PATH

NUMBER = "100000000000002"
GOOD = [("authorization", "Bearer EAAGtokenA")]


@pytest.mark.parametrize(
    ("target", "place", "object_id"),
    [
        ("/v26.0/123", "lookup", "123"),
        ("/123", "lookup", "123"),
        ("/v26.0/123/?fields=url", "lookup", "123"),
        (f"{PATH}?source=x&mid=123", "download", "123"),
        (PATH, "download", ""),
        ("/v26.0/123/media", "upload", "123"),
        ("/v26.0/me", "other", ""),
        ("/v26.0/123/messages", "other", ""),
        ("/", "other", ""),
    ],
)
async def test_the_path_says_which_place_is_asked(meta: Platform, target: str, place: str, object_id: str) -> None:
    case = case_of(Incoming("GET", target, []), meta.world)

    assert (case.place, case.object_id) == (place, object_id)


async def test_tokens_are_told_apart_by_name(meta: Platform) -> None:
    def label(headers: list[tuple[str, str]]) -> str | None:
        return case_of(Incoming("GET", "/v26.0/1", headers), meta.world).token_label

    assert label([]) is None
    assert label(GOOD) == "token-a"
    assert label([("authorization", "Bearer somebody")]) == "unknown"


async def test_the_media_is_found_on_both_hops(meta: Platform) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)

    for target in (f"/v26.0/{media.id}", f"{PATH}?mid={media.id}"):
        assert case_of(Incoming("GET", target, GOOD), meta.world).media is media


async def test_only_a_look_up_can_be_tunnelled(meta: Platform) -> None:
    assert case_of(Incoming("POST", "/v26.0/1?method=get", []), meta.world).tunnelled
    assert case_of(Incoming("POST", "/v26.0/1?method=get&method=put", []), meta.world).tunnelled
    assert not case_of(Incoming("GET", "/v26.0/1", []), meta.world).tunnelled
    assert not case_of(Incoming("POST", f"{PATH}?method=get", []), meta.world).tunnelled
