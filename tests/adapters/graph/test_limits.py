"""How long a file may take."""

from penstock.adapters.graph.limits import MIB, Limits, file_seconds


def test_a_file_has_time_by_its_size() -> None:
    limits = Limits()
    assert file_seconds(limits, 0) == 60
    assert file_seconds(limits, 16 * MIB) == 60 + 1024


def test_a_file_of_unknown_size_has_the_time_of_the_largest_one() -> None:
    limits = Limits()
    assert file_seconds(limits, None) == file_seconds(limits, limits.file_bytes)


def test_the_limit_is_metas_100_mb_by_its_larger_reading() -> None:
    assert Limits().file_bytes == 104_857_600 > 100_000_000


def test_a_drip_is_slower_than_what_a_file_has_time_for() -> None:
    limits = Limits()
    assert limits.drip_bytes_per_s < limits.file_rate_bytes_per_s
