"""Settings come from the environment before a file before the defaults; what is wrong gives one line that names it."""

from pathlib import Path

import pytest

from penstock.core.errors import WrongUse
from penstock.settings import Settings, load
from penstock.settings.values import Bind


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a settings file."""
    monkeypatch.chdir(tmp_path)


def refused(environ: dict[str, str], *, config: str | None = None) -> str:
    with pytest.raises(WrongUse) as raised:
        load(environ, config=config)
    sentence = str(raised.value)
    assert "\n" not in sentence
    return sentence


def test_without_anything_the_defaults_hold() -> None:
    assert load({}) == Settings()


def test_what_belongs_to_others_in_the_environment_is_left_alone() -> None:
    assert load({"PATH": "/bin", "PENSTOCKING": "1"}) == Settings()


def test_a_variable_wins_over_the_file() -> None:
    Path("penstock.toml").write_text('bind = "127.0.0.1:1"\ngraph_version = "v25.0"\n')

    settings = load({"PENSTOCK_BIND": "127.0.0.1:2"})

    assert settings.bind == Bind("127.0.0.1", 2)
    assert settings.graph_version == "v25.0"


def test_a_named_file_wins_over_the_one_in_the_working_directory() -> None:
    Path("penstock.toml").write_text('bind = "127.0.0.1:1"\n')
    Path("other.toml").write_text('bind = "127.0.0.1:2"\n')
    Path("third.toml").write_text('bind = "127.0.0.1:3"\n')

    assert load({"PENSTOCK_CONFIG": "other.toml"}).bind.port == 2
    assert load({"PENSTOCK_CONFIG": "other.toml"}, config="third.toml").bind.port == 3


def test_a_file_may_use_the_types_of_toml() -> None:
    Path("penstock.toml").write_text(
        'secret_key = ["new", "old"]\n'
        "fetch_concurrency = 8\n"
        "allow_insecure_upstream = true\n"
        'media_hosts = [".example.com", "127.0.0.1"]\n'
        'alerts = "mailto:ops@example.com"\n'
    )

    settings = load({})

    assert settings.secret_key == ("new", "old")
    assert settings.fetch_concurrency == 8
    assert settings.allow_insecure_upstream is True
    assert settings.media_hosts == (".example.com", "127.0.0.1")
    assert [target.name for target in settings.alerts] == ["mail to ops@example.com"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PENSTOCK_BINDS", "PENSTOCK_BIND"),
        ("PENSTOCK_DATABASEURL", "PENSTOCK_DATABASE_URL"),
        ("PENSTOCK_bind", "PENSTOCK_BIND"),
        ("PENSTOCK_FETCH_CONCURENCY", "PENSTOCK_FETCH_CONCURRENCY"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_one(name: str, meant: str) -> None:
    sentence = refused({name: "1"})

    assert name in sentence
    assert f"did you mean {meant}?" in sentence


def test_an_unknown_variable_that_is_like_no_other_lists_them_all() -> None:
    assert "PENSTOCK_LOG_FORMAT" in refused({"PENSTOCK_ZZZZ": "1"})


def test_an_unknown_name_in_the_file_is_refused_with_the_nearest_one() -> None:
    Path("penstock.toml").write_text('blob_url = "file:///b"\n')

    assert "'blob_url' in penstock.toml; did you mean blobs_url?" in refused({})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PENSTOCK_DATABASE_URL", "penstock.db"),
        ("PENSTOCK_BLOBS_URL", "blobs"),
        ("PENSTOCK_BIND", "8080"),
        ("PENSTOCK_PUBLIC_URL", "media.example.com"),
        ("PENSTOCK_GRAPH_URL", "graph"),
        ("PENSTOCK_GRAPH_VERSION", "26"),
        ("PENSTOCK_MEDIA_HOSTS", ".com"),
        ("PENSTOCK_ALLOW_INSECURE_UPSTREAM", "perhaps"),
        ("PENSTOCK_FETCH_CONCURRENCY", "lots"),
        ("PENSTOCK_LOG_FORMAT", "xml"),
    ],
)
def test_a_malformed_variable_is_named_with_what_was_given_and_what_is_expected(name: str, text: str) -> None:
    assert f"{name} is {text!r}, but it must be " in refused({name: text})


@pytest.mark.parametrize(
    "name", ["PENSTOCK_DATABASE_URL", "PENSTOCK_BIND", "PENSTOCK_SECRET_KEY", "PENSTOCK_LOG_FORMAT"]
)
def test_an_empty_variable_is_malformed_and_not_absent(name: str) -> None:
    assert name in refused({name: ""})


@pytest.mark.parametrize(
    ("name", "text"),
    [("PENSTOCK_SECRET_KEY", "topsecret,,other"), ("PENSTOCK_ALERTS", "https://hooks.example.com/topsecret")],
)
def test_a_secret_is_never_part_of_the_sentence(name: str, text: str) -> None:
    sentence = refused({name: text})

    assert f"{name} is not in its form" in sentence
    assert "topsecret" not in sentence


def test_a_password_in_an_address_is_left_out_of_the_sentence() -> None:
    sentence = refused({"PENSTOCK_DATABASE_URL": "postgresql://user:topsecret@db/penstock"})

    assert "topsecret" not in sentence
    assert "PostgreSQL" in sentence


def test_what_was_given_is_cut_and_kept_on_one_line() -> None:
    sentence = refused({"PENSTOCK_BIND": "x\ny" * 200})

    assert len(sentence) < 250


@pytest.mark.parametrize(
    "line",
    [
        "fetch_concurrency = 6.5",
        "fetch_concurrency = true",
        "bind = 8080",
        "bind = ['127.0.0.1:1']",
        "media_hosts = [1, 2]",
        "allow_insecure_upstream = []",
        "log_format = 1979-05-27",
        "[bind]\nhost = 'a'",
    ],
)
def test_a_value_of_the_wrong_type_in_the_file_is_named(line: str) -> None:
    Path("penstock.toml").write_text(line + "\n")

    assert "in penstock.toml must be" in refused({})


def test_a_file_that_is_not_there_is_named() -> None:
    assert "gone.toml cannot be read: No such file or directory" in refused({}, config="gone.toml")
    assert "gone.toml cannot be read: No such file or directory" in refused({"PENSTOCK_CONFIG": "gone.toml"})


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in refused({}, config=str(tmp_path))


def test_a_file_that_is_not_toml_says_where_and_shows_nothing_of_it() -> None:
    Path("penstock.toml").write_text('bind = "127.0.0.1:1"\nsecret_key = "topsecret\n')
    sentence = refused({})

    assert "penstock.toml is not valid TOML, at line 2" in sentence
    assert "topsecret" not in sentence


def test_a_file_that_is_not_text_is_named() -> None:
    Path("penstock.toml").write_bytes(b"\xff\xfe\x00bind")

    assert "not a text in UTF-8" in refused({})


def test_plain_http_upstream_needs_a_word_that_it_is_meant() -> None:
    assert "PENSTOCK_GRAPH_URL is 'http://127.0.0.1:9', but it must be https://" in refused(
        {"PENSTOCK_GRAPH_URL": "http://127.0.0.1:9"}
    )
    settings = load({"PENSTOCK_GRAPH_URL": "http://127.0.0.1:9", "PENSTOCK_ALLOW_INSECURE_UPSTREAM": "1"})

    assert settings.graph_url == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PENSTOCK_PORT", "tcp://10.0.0.1:80"),
        ("PENSTOCK_SERVICE_HOST", "10.0.0.1"),
        ("PENSTOCK_SERVICE_PORT", "80"),
        ("PENSTOCK_WEB_SERVICE_PORT_HTTP", "8080"),
        ("PENSTOCK_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("PENSTOCK_PORT_80_TCP_PROTO", "tcp"),
    ],
)
def test_what_kubernetes_puts_into_every_pod_is_no_setting(name: str, value: str) -> None:
    assert load({name: value}) == Settings()


def test_a_port_of_somebodys_own_is_a_mistake_and_not_kubernetes() -> None:
    assert "PENSTOCK_PORT" in refused({"PENSTOCK_PORT": "8080"})


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_GRAPH_VERSION", "v24.0")

    assert load().graph_version == "v24.0"
