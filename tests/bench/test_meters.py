"""The kernel's counters, read for this very process."""

import os
import time

from penstock.bench import meters


def burn(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_the_cpu_of_a_process_is_read_from_outside_as_it_reads_it_itself() -> None:
    before, own = meters.cpu_s(os.getpid()), time.process_time()
    burn(0.1)
    assert abs((meters.cpu_s(os.getpid()) - before) - (time.process_time() - own)) < 0.05


def test_memory_is_at_least_what_is_held() -> None:
    before = meters.pss_bytes(os.getpid())
    held = os.urandom(32 * 1_048_576)
    assert meters.pss_bytes(os.getpid()) - before > len(held) / 2
    assert meters.peak_rss_bytes(os.getpid()) >= len(held)


def test_what_is_measured_is_told_when_it_is_over() -> None:
    with meters.measured(os.getpid(), os.getpid()) as meter:
        burn(0.02)
    assert meter.wall_s > 0
    assert meter.cpu_s >= 0.01
    assert meter.others_cpu_s >= 0
