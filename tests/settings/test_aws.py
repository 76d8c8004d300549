"""A bucket is reached by the variables that every S3 tool reads; what is wrong with them is one line without secrets."""

import pytest

from penstock.core.errors import WrongUse
from penstock.settings import AwsAccess, S3Url, Settings, load

URL = {"PENSTOCK_BLOBS_URL": "s3://example-media/penstock"}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "topsecret"}


def access(**variables: str) -> AwsAccess:
    url = load({**URL, **variables}).blobs_url
    assert isinstance(url, S3Url)
    return url.access


def refused(**variables: str) -> str:
    with pytest.raises(WrongUse) as raised:
        load({**URL, **variables})
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert "topsecret" not in sentence
    return sentence


def test_without_variables_it_is_aws_itself_by_the_machines_role() -> None:
    assert access() == AwsAccess()
    assert access().address("example-media") == "https://example-media.s3.us-east-1.amazonaws.com"


def test_the_variables_are_read_by_their_usual_names() -> None:
    assert access(
        **KEYS,
        AWS_SESSION_TOKEN="a token",
        AWS_ENDPOINT_URL="https://s3.example.com/",
        AWS_DEFAULT_REGION="eu-central-1",
        AWS_VIRTUAL_HOSTED_STYLE_REQUEST="true",
    ) == AwsAccess(
        endpoint="https://s3.example.com",
        region="eu-central-1",
        key_id="AKIAEXAMPLE",
        secret="topsecret",
        session_token="a token",
        virtual_hosted=True,
    )


def test_the_narrower_name_wins() -> None:
    found = access(AWS_ENDPOINT="https://c", AWS_ENDPOINT_URL="https://b", AWS_ENDPOINT_URL_S3="https://a")
    assert found.endpoint == "https://a"
    assert access(AWS_DEFAULT_REGION="eu-west-1", AWS_REGION="eu-west-2").region == "eu-west-2"


def test_an_empty_variable_is_not_set() -> None:
    assert access(AWS_ENDPOINT_URL="", AWS_REGION=" ", AWS_ACCESS_KEY_ID="") == AwsAccess()


def test_the_variables_are_nobodys_business_while_files_are_in_a_folder() -> None:
    assert load({"AWS_ACCESS_KEY_ID": "alone", "AWS_REGION": "?"}) == Settings()


@pytest.mark.parametrize(
    ("given", "bucket", "address"),
    [
        (AwsAccess(region="eu-west-1"), "a-b", "https://a-b.s3.eu-west-1.amazonaws.com"),
        (AwsAccess(region="eu-west-1"), "a.b", "https://s3.eu-west-1.amazonaws.com/a.b"),
        (AwsAccess(region="cn-north-1"), "a-b", "https://a-b.s3.cn-north-1.amazonaws.com.cn"),
        (AwsAccess(endpoint="http://127.0.0.1:9000"), "a-b", "http://127.0.0.1:9000/a-b"),
        (AwsAccess(endpoint="https://s3.example.com", virtual_hosted=True), "a-b", "https://a-b.s3.example.com"),
        (AwsAccess(endpoint="https://a-b.s3.example.com", virtual_hosted=True), "a-b", "https://a-b.s3.example.com"),
        (AwsAccess(region="eu-west-1", virtual_hosted=False), "a-b", "https://s3.eu-west-1.amazonaws.com/a-b"),
    ],
)
def test_a_bucket_has_an_address(given: AwsAccess, bucket: str, address: str) -> None:
    assert given.address(bucket) == address


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"),
        ({"AWS_SECRET_ACCESS_KEY": "topsecret"}, "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not"),
        ({"AWS_ENDPOINT_URL": "minio:9000"}, "AWS_ENDPOINT_URL must be http:// or https://"),
        ({"AWS_ENDPOINT_URL": "https://me:topsecret@minio:9000"}, "AWS_ENDPOINT_URL must be http:// or https://"),
        ({"AWS_ENDPOINT": "https://minio:99999"}, "AWS_ENDPOINT must be http:// or https://"),
        ({"AWS_REGION": "Frankfurt am Main"}, "AWS_REGION is 'Frankfurt am Main', but it must be a region"),
        ({"AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "maybe"}, "is 'maybe', but it must be true or false"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(variables: dict[str, str], said: str) -> None:
    assert said in refused(**variables)


def test_a_malformed_url_is_not_repeated_with_what_may_be_a_key() -> None:
    with pytest.raises(WrongUse) as raised:
        load({"PENSTOCK_BLOBS_URL": "s3://AKIA:topsecret@bucket/p"})
    assert "topsecret" not in str(raised.value)
    assert "s3://BUCKET/PREFIX" in str(raised.value)


def test_printed_settings_show_no_keys() -> None:
    shown = repr(load({**URL, **KEYS, "AWS_SESSION_TOKEN": "topsecret"}))
    assert "topsecret" not in shown
    assert "AKIA" not in shown
