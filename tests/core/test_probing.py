"""The synthetic probe: what is due at which moment, and after which results somebody is told."""

import random
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.detector import Key
from penstock.core.form import Form
from penstock.core.gate import Gate
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.probing import (
    EVERY_S,
    FILE,
    LIVES_S,
    LOST_AGAIN_S,
    RENEW_S,
    UPLOAD_AGAIN_S,
    UPLOAD_RARELY_S,
    Known,
    Schedule,
    Step,
    Synthetic,
    narrowest,
)
from penstock.core.work import Outcome

NOW = 1_795_000_000.0
DAY_S = 86_400.0


def known(age_s: float = 0.0, media_id: str = "1", *, now: float = NOW) -> Known:
    return Known(media_id, FILE.sha256, len(FILE.data), now - age_s)


def gate(opening: float | None, owner: str = "operator") -> Gate:
    return Gate(1, {}, opening, owner, "x", "y", NOW, None, override_automatic=False)


def test_the_file_can_be_uploaded() -> None:
    assert Form.of(FILE) is not None


class TestWhatIsDue:
    def test_without_a_file_one_is_uploaded_and_nothing_is_fetched(self) -> None:
        schedule = Schedule()
        assert schedule.due(NOW, None, suspected=True) == [Step.UPLOAD]
        assert not schedule.usable(None, NOW)
        assert schedule.due(NOW + 1, None, suspected=True) == []  # it is under way

    def test_a_file_is_fetched_at_once_and_then_every_half_minute(self) -> None:
        schedule = Schedule()
        fetched = [second for second in range(200) if schedule.due(NOW + second, known(), suspected=False)]
        assert fetched == [0, 30, 60, 90, 120, 150, 180]

    def test_a_suspicion_is_probed_once_a_second(self) -> None:
        schedule = Schedule()
        schedule.due(NOW, known(), suspected=False)
        burst = [second for second in range(1, 21) if Step.BURST in schedule.due(NOW + second, known(), suspected=True)]
        assert burst == list(range(1, 21))
        assert schedule.due(NOW + 20.5, known(), suspected=True) == []

    def test_a_file_is_renewed_ten_days_before_it_dies_and_goes_on_being_fetched(self) -> None:
        schedule = Schedule()
        assert schedule.due(NOW, known(RENEW_S - 1), suspected=False) == [Step.FETCH]
        assert schedule.due(NOW + 30, known(RENEW_S), suspected=False) == [Step.UPLOAD, Step.FETCH]
        assert schedule.usable(known(LIVES_S - 1), NOW)
        assert not schedule.usable(known(LIVES_S), NOW)

    def test_a_file_that_graph_lost_is_replaced_at_once_but_a_new_one_only_once_an_hour(self) -> None:
        schedule = Schedule()
        old, new = known(DAY_S, "old"), known(0.0, "new")
        schedule.lost(old)
        assert not schedule.usable(old, NOW)
        assert schedule.due(NOW, old, suspected=False) == [Step.UPLOAD]
        schedule.uploaded(NOW + 1, ok=True)
        assert schedule.due(NOW + 2, new, suspected=False) == [Step.FETCH]
        schedule.lost(new)
        assert schedule.due(NOW + 40, new, suspected=False) == [Step.FETCH]  # and fails: somebody should be told
        assert schedule.due(NOW + LOST_AGAIN_S, new, suspected=False) == [Step.UPLOAD]

    def test_a_gate_that_lets_less_through_keeps_probes_away_too(self) -> None:
        schedule = Schedule()
        assert schedule.due(NOW, known(), suspected=True, opening=0.0) == []
        assert schedule.due(NOW, known(), suspected=True, opening=0.5) == [Step.FETCH]
        assert schedule.due(NOW, known(), suspected=True, opening=1.0) == [Step.BURST]

    @pytest.mark.parametrize(
        ("gates", "opening"),
        [
            ([], float("inf")),
            ([gate(None)], float("inf")),
            ([gate(0.0)], 0.0),
            ([gate(5.0), gate(2.0, "throttle")], 2.0),
            ([gate(0.0, "auth")], 0.0),
            ([gate(0.2, "breaker")], float("inf")),
            ([gate(0.0, "breaker"), gate(3.0)], 3.0),
        ],
        ids=["none", "open", "shut", "narrow", "token", "breaker", "breaker and a narrow one"],
    )
    def test_only_a_breakers_gate_lets_probes_pass(self, gates: Sequence[Gate], opening: float) -> None:
        assert narrowest(gates) == opening

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.booleans(), max_size=40))
    def test_uploads_that_fail_are_tried_less_and_less_often_but_at_least_once_an_hour(self, ends: list[bool]) -> None:
        schedule, now = Schedule(), NOW
        for ok in ends:
            waited = next(s for s in range(int(UPLOAD_RARELY_S) + 2) if schedule.due(now + s, None, suspected=False))
            assert waited <= UPLOAD_RARELY_S
            now += waited
            schedule.uploaded(now, ok=ok)
            if not ok:
                assert schedule.due(now + UPLOAD_AGAIN_S - 1, None, suspected=False) == []

    @settings(max_examples=20, deadline=None)
    @given(st.floats(0, 0.9), st.integers(0, 1_000))
    def test_a_probe_always_has_a_file_while_some_uploads_in_ten_days_succeed(self, failing: float, seed: int) -> None:
        schedule, rng, now = Schedule(), random.Random(seed), NOW
        file = known()
        for _ in range(24 * 90):
            now += 3_600.0
            for step in schedule.due(now, file, suspected=False):
                if step is Step.UPLOAD:
                    ok = rng.random() >= failing
                    schedule.uploaded(now, ok=ok)
                    file = known(now=now) if ok else file
            assert schedule.usable(file, now)


class TestItsResults:
    @staticmethod
    def told(synthetic: Synthetic, results: Sequence[Outcome], operation: str = LOOK_UP.name) -> list[tuple[int, str]]:
        said: list[tuple[int, str]] = []
        for nth, outcome in enumerate(results):
            said += [(nth, signal.kind) for signal in synthetic.probed(operation, outcome, NOW + EVERY_S * nth)]
        return said

    def test_one_failure_is_nothing_and_two_in_a_row_are_an_alarm(self) -> None:
        good, bad = Outcome.DELIVERED, Outcome.UPSTREAM
        assert self.told(Synthetic(), [good] * 50 + [bad] + [good] * 50) == []
        synthetic = Synthetic()
        assert self.told(synthetic, [good] * 50 + [bad, bad]) == [(51, "alarm")]

    def test_the_alarm_says_since_when_and_how_many(self) -> None:
        synthetic = Synthetic()
        for nth, outcome in enumerate([Outcome.DELIVERED] * 3 + [Outcome.TIMEOUT, Outcome.UPSTREAM]):
            said = synthetic.probed(DOWNLOAD.name, outcome, NOW + EVERY_S * nth)
        (signal,) = said
        assert signal.key == Key(DOWNLOAD.name, "upstream")
        assert signal.onset_at == NOW + 3 * EVERY_S
        assert (signal.outcomes, signal.why) == (2, "2 of 2 synthetic probes failed, of a file that was there")

    def test_it_recovers_by_evidence_and_begins_anew(self) -> None:
        good, bad = Outcome.DELIVERED, Outcome.CLIENT_BUG
        synthetic = Synthetic()
        said = self.told(synthetic, [bad, bad] + [bad] * 5 + [good] * 30 + [bad, bad])
        assert [kind for _, kind in said] == ["alarm", "recovered", "alarm"]
        assert 20 < said[1][0] <= 30

    def test_an_incident_that_was_closed_otherwise_begins_anew(self) -> None:
        synthetic = Synthetic()
        assert [kind for _, kind in self.told(synthetic, [Outcome.UPSTREAM] * 2)] == ["alarm"]
        synthetic.closed(Key(LOOK_UP.name, "upstream"))
        synthetic.closed(Key("media.other", "upstream"))
        assert [kind for _, kind in self.told(synthetic, [Outcome.UPSTREAM] * 2)] == ["alarm"]

    @pytest.mark.parametrize("outcome", [Outcome.LOCAL, Outcome.AUTH, Outcome.THROTTLE, Outcome.CONTRACT])
    def test_what_says_nothing_about_upstream_is_not_counted(self, outcome: Outcome) -> None:
        assert self.told(Synthetic(), [outcome] * 30) == []

    def test_families_and_operations_are_streams_of_their_own(self) -> None:
        synthetic = Synthetic()
        assert self.told(synthetic, [Outcome.UPSTREAM, Outcome.CLIENT_BUG]) == []
        assert self.told(synthetic, [Outcome.UPSTREAM], DOWNLOAD.name) == []

    def test_nearly_a_third_of_a_fleet_gone_bad_is_told_within_a_few_minutes_and_a_tenth_within_ten(self) -> None:
        def delay_s(rate: float, seed: int) -> float:
            rng, synthetic = random.Random(seed), Synthetic()
            for nth in range(10_000):
                bad = rng.random() < rate
                if synthetic.probed(LOOK_UP.name, Outcome.UPSTREAM if bad else Outcome.DELIVERED, EVERY_S * nth):
                    return EVERY_S * (nth + 1)
            raise AssertionError("never")

        assert statistics.median(delay_s(0.3, seed) for seed in range(200)) <= 210
        assert statistics.median(delay_s(1.0, seed) for seed in range(5)) == 60
        assert statistics.median(delay_s(0.1, seed) for seed in range(200)) <= 660

    def test_single_failures_far_apart_wake_nobody(self) -> None:
        synthetic = Synthetic()  # one in ten thousand, for 30 days
        rng = random.Random(11)
        alarms = 0
        for nth in range(int(30 * DAY_S / EVERY_S)):
            outcome = Outcome.UPSTREAM if rng.random() < 1e-4 else Outcome.DELIVERED
            alarms += sum(signal.kind == "alarm" for signal in synthetic.probed(LOOK_UP.name, outcome, EVERY_S * nth))
        assert alarms <= 1
