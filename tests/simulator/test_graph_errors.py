"""Graph's error objects."""

import json

import pytest

from penstock.simulator import graph_errors


def test_json_is_written_as_meta_writes_it() -> None:
    assert graph_errors.dumps({"a": "caf\u00e9 1/2 \U0001f44d"}) == b'{"a":"caf\\u00e9 1\\/2 \\ud83d\\udc4d"}'


@pytest.mark.parametrize("code", [1, 2, 4, 10, 17, 104, 190, 200, 80007, 130429, 131000, 131016, 131057, 4711])
def test_every_code_has_an_object_with_message_type_and_trace(code: int) -> None:
    answer = graph_errors.coded(400, code, "A1")
    error = json.loads(answer.body)["error"]

    assert (answer.status, error["code"], error["fbtrace_id"]) == (400, code, "A1")
    assert error["message"]
    assert error["type"].endswith("Exception")
    assert answer.headers["x-fb-trace-id"] == "A1"


def test_an_object_that_is_not_there_is_100_33_and_names_the_verb() -> None:
    error = json.loads(graph_errors.gone("17", "A1", "post").body)["error"]

    assert (error["code"], error["error_subcode"], error["type"]) == (100, 33, "GraphMethodException")
    assert error["message"].startswith("Unsupported post request. Object with ID '17'")


def test_a_wrong_verb_is_100_without_subcode() -> None:
    error = json.loads(graph_errors.wrong_verb("POST", "A1").body)["error"]

    assert error["message"] == "Unsupported request - method type: post"
    assert "error_subcode" not in error


def test_the_file_server_has_a_shape_of_its_own() -> None:
    assert json.loads(graph_errors.lookaside_401().body) == {
        "title": "Authentication Error",
        "detail": "Authentication Error",
        "status": 401,
    }
    assert graph_errors.lookaside_404().status == 404


def test_usage_headers_name_the_account_and_the_minutes() -> None:
    headers = graph_errors.usage_headers(100, "55", 3)

    assert json.loads(headers["x-app-usage"])["call_count"] == 100
    assert json.loads(headers["x-business-use-case-usage"])["55"][0]["estimated_time_to_regain_access"] == 3
    assert graph_errors.not_allowed("A1").headers["Allow"] == "GET, HEAD, DELETE"
