"""The kernel's counters, read for this very process."""

import os
import subprocess
import sys
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
    with meters.measured((os.getpid(),), (os.getpid(),)) as meter:
        burn(0.02)
    assert meter.wall_s > 0
    assert meter.cpu_s >= 0.01
    assert meter.others_cpu_s >= 0


def test_a_family_is_a_process_with_its_children_those_that_ended_included() -> None:
    before = meters.family_cpu_s(os.getpid())
    code = "import time\nuntil = time.process_time() + 0.3\nwhile time.process_time() < until: pass\nprint(1)\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline()
        alive = meters.family_cpu_s(os.getpid()) - before
        child.communicate(b"\n")
    ended = meters.family_cpu_s(os.getpid()) - before
    assert alive >= 0.3
    assert ended >= 0.28  # of a child that has ended the kernel tells hundredths of a second


def test_what_a_server_used_is_nobody_elses() -> None:
    used = iter([1.0, 3.5])
    with meters.measured((os.getpid(),), (), server_cpu_s=lambda: next(used)) as meter:
        burn(0.01)
    assert meter.server_cpu_s == 2.5
    assert meter.helper_cpu_s == 0.0
