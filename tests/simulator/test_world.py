"""What the platform knows."""

from penstock.simulator import Platform

NUMBER = "100000000000002"


async def test_trace_ids_never_repeat(meta: Platform) -> None:
    traces = [meta.world.trace() for _ in range(100)]

    assert len(set(traces)) == 100
    assert all(len(trace) == 23 and trace.isalnum() for trace in traces)


async def test_a_fresh_url_expires_when_it_is_told(meta: Platform) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    now = meta.clock.now()
    url = meta.world.fresh_url(media, source="getMedia", life_s=100)

    assert url.startswith(meta.graph_url)
    assert now + 99 <= int(url.split("ext=")[1].split("&")[0]) <= now + 160


async def test_a_token_sees_media_of_its_numbers_only(meta: Platform) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)

    assert meta.world.sees("token-a", media)
    assert not meta.world.sees("token-b", media)
    assert meta.world.sees("token-b", meta.upload(b"x", "image/jpeg"))
