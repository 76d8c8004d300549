"""The counters by themselves."""

import msgspec

from penstock.core.work import Attempt, Claim, Outcome
from penstock.ledger.rows import Receipt
from penstock.web.metrics import Metrics

CLAIM = Claim(
    id=1,
    fence=1,
    workspace_id=1,
    workspace="acme",
    number_id=1,
    phone_number_id="1",
    app="main",
    credential_id=1,
    credential="token-a",
    kind="image",
    media_id="m",
    wamid="w",
    received_at=0,
    deadline=1,
    attempts=0,
)
ATTEMPT = Attempt(
    0, "media.look_up", "GET", "GET", "host", "1.1.1.1", 503, None, None, None, Outcome.UPSTREAM, 0.2, "r"
)


def test_attempts_are_counted_by_operation_and_class() -> None:
    metrics = Metrics(version="1")
    metrics.attempted(CLAIM, ATTEMPT)

    text = metrics.text().decode()
    assert 'penstock_attempts_total{operation="media.look_up",outcome="upstream"} 1.0' in text
    assert 'penstock_attempt_seconds_count{operation="media.look_up"} 1.0' in text


def test_updates_are_counted_by_what_they_were() -> None:
    metrics = Metrics(version="1")
    metrics.received(Receipt(webhook_id=1, messages=2, media=1, statuses=0, duplicates=3, strays=4))

    text = metrics.text().decode()
    for kind, count in {"message": 2, "media": 1, "status": 0, "duplicate": 3, "unknown_number": 4}.items():
        assert f'penstock_updates_total{{kind="{kind}"}} {float(count)}' in text


def test_two_applications_in_one_process_count_apart() -> None:
    first, second = Metrics(version="1"), Metrics(version="1")
    first.webhook("200", 0.01)

    assert 'answer="200"} 1.0' in first.text().decode()
    assert 'answer="200"} 0.0' in second.text().decode()


def test_requests_that_were_refused_are_counted_from_nothing_on() -> None:
    metrics = Metrics(version="1")
    assert 'penstock_contract_violations_total{operation="media.look_up"} 0.0' in metrics.text().decode()
    metrics.attempted(CLAIM, msgspec.structs.replace(ATTEMPT, outcome=Outcome.CONTRACT))

    text = metrics.text().decode()
    assert 'penstock_contract_violations_total{operation="media.look_up"} 1.0' in text
    assert 'penstock_contract_violations_total{operation="media.download"} 0.0' in text
