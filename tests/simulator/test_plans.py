"""Answers as bytes."""

from penstock.simulator.plans import Answer, Send, head, plainly


def test_a_short_answer_is_one_write() -> None:
    plan = plainly(Answer(200, b"{}", headers={"X-A": "1"}), "X-B: 2")

    assert plan.status == 200
    assert plan.steps == (
        Send(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: 2\r\n"
            b"X-B: 2\r\nX-A: 1\r\n\r\n{}"
        ),
    )


def test_a_long_body_is_not_copied_into_the_head() -> None:
    body = bytes(100_000)
    plan = plainly(Answer(200, body))

    assert isinstance(plan.steps[1], Send)
    assert plan.steps[1].data is body


def test_a_head_is_always_latin_letters() -> None:
    assert head(Answer(299, b"", "x/\u2026")).startswith(b"HTTP/1.1 299 Status\r\nContent-Type: x/?\r\n")
