"""The fetcher beside a bare loop, with sizes so small that the figures mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.bench import fetch

Facts = dict[str, Any]


async def test_the_fetcher_is_compared_with_a_bare_loop_over_tls(
    tmp_path: Path,
    told: Callable[[int, int], None],
    assert_compared: Callable[[Facts, str], None],
    assert_told: Callable[[Facts], None],
) -> None:
    options = fetch.Options(rounds=1, files=30, size_bytes=20_000, concurrency=8, tls=True)
    facts = await fetch.measure(options, tmp_path, told)
    assert_compared(facts, "penstock")
    assert facts["upstream"]["ceiling_pairs_per_s"] is None  # the cheapest client speaks no TLS
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


def test_a_small_run_warms_up_no_longer_than_it_measures() -> None:
    assert fetch.Options(files=10).warm_up == 10
    assert fetch.Options(files=10_000).warm_up == 200


async def test_on_postgresql_two_processes_share_one_backlog(
    tmp_path: Path,
    told: Callable[[int, int], None],
    assert_compared: Callable[[Facts, str], None],
    assert_told: Callable[[Facts], None],
    postgres: Any,
) -> None:
    del postgres  # it skips where there is no PostgreSQL
    options = fetch.Options(rounds=1, files=30, size_bytes=1_000, concurrency=4, store="postgres", processes=(2,))
    facts = await fetch.measure(options, tmp_path, told)
    found = facts["by_processes"]["2"]
    assert_compared(found, "penstock")
    assert found["penstock"]["rounds"][0]["operations"] >= 30
    assert found["ratios"]["wall"]["target"] == found["ratios"]["cpu"]["target"] == 0.5
    assert_told(facts)
    assert list(tmp_path.iterdir()) == []


def test_there_is_more_to_fetch_than_is_measured_so_that_nobody_runs_out_first() -> None:
    options = fetch.Options(files=1_000, processes=(1, 2))
    assert options.share(2) == 200 + 1_000
    assert options.written() == 2 * options.share(2)
