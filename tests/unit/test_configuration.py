"""The file, the environment and options, put together; and what is said when something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from parvis.configuration import DEFAULT, Configuration, homes
from parvis.errors import UserError
from parvis.settings import ArchiveSettings, ControlSettings, EdgeSettings, StageSettings


def load(folder: Path, text: str, **environment: str) -> Configuration:
    file = folder / "parvis.toml"
    file.write_text(text)
    return Configuration.load(file, environment)


def test_without_a_file_all_is_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    configuration = Configuration.load(environment={"PARVIS_CONFIG": ""})
    assert configuration.settings("edge", EdgeSettings()) == EdgeSettings()
    assert {one.source for one in configuration.in_force()} == {DEFAULT}


def test_a_file_in_the_folder_is_found_unless_none_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parvis.toml").write_text('host = "192.0.2.1"')
    assert Configuration.load(environment={}).file == Path("parvis.toml")
    assert Configuration.load(environment={"PARVIS_CONFIG": ""}).file is None


def test_the_file_is_below_the_environment(tmp_path: Path) -> None:
    configuration = load(tmp_path, 'host = "192.0.2.1"\n[edge]\nport = 9000\ndrain_s = 3', PARVIS_PORT="9001")
    edge = configuration.settings("edge", EdgeSettings())
    assert (edge.host, edge.port, edge.drain_s) == ("192.0.2.1", 9001, 3.0)
    assert configuration.source("edge", "host") == f"{tmp_path / 'parvis.toml'}: host"
    assert configuration.source("edge", "port") == "PARVIS_PORT"
    assert configuration.source("edge", "drain_s") == f"{tmp_path / 'parvis.toml'}: [edge] drain_s"
    assert configuration.source("edge", "name") == DEFAULT


def test_a_table_counts_for_its_process_alone(tmp_path: Path) -> None:
    configuration = load(tmp_path, 'host = "192.0.2.1"\n[edge]\nhost = "192.0.2.2"')
    assert configuration.settings("edge", EdgeSettings()).host == "192.0.2.2"
    assert configuration.settings("control", ControlSettings()).host == "192.0.2.1"


def test_each_kind_of_value(tmp_path: Path) -> None:
    archived = "[archive]\narchive_keep_local = false\narchive_memory_s = 90"
    text = f'data = "/srv/parvis"\n{archived}\n[stage]\nrtc_port_min = 40000'
    configuration = load(tmp_path, text)
    archive = configuration.settings("archive", ArchiveSettings())
    assert (archive.data, archive.archive_keep_local, archive.archive_memory_s) == (
        Path("/srv/parvis"),
        False,
        90.0,
    )
    assert configuration.settings("stage", StageSettings()).rtc_port_min == 40_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hots = 'x'", "{file}: hots is not known; did you mean host?"),
        ("[edge]\ndrain = 1", "{file}: [edge] drain is not known; did you mean drain_s?"),
        ("[egde]\n", "{file}: [egde] is not known; did you mean edge?"),
        ("[bus]\n", "{file}: [bus] is not known; allowed here: archive, "),
        ("port = 1", "{file}: port belongs into the table [edge]"),
        ("[stage]\nport = 1", "{file}: [stage] port is not known"),
        ("[edge]\nport = '80'", "{file}: [edge] port must be a whole number, not '80'"),
        ("[edge]\nport = true", "{file}: [edge] port must be a whole number, not True"),
        ("[edge]\ndrain_s = 'long'", "{file}: [edge] drain_s must be a number, not 'long'"),
        ("[archive]\narchive_keep_local = 1", "{file}: [archive] archive_keep_local must be true or false,"),
        ("host = 1", "{file}: host must be a text, not 1"),
        ("metrics_token_file = 1", "{file}: metrics_token_file must be a path, not 1"),
        ("metrics_token = 'a'\nmetrics_token_file = 'b'", "{file}: give metrics_token or"),
        ("name = 'x'", "{file}: name is not known"),
        ("host", "{file} is not TOML: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        load(tmp_path, text)
    assert raised.value.code == "setting-invalid"
    assert raised.value.detail.startswith(said.format(file=tmp_path / "parvis.toml"))
    assert "\n" not in raised.value.detail


def test_what_is_out_of_range_is_said_in_the_words_of_who_gave_it(tmp_path: Path) -> None:
    configuration = load(tmp_path, "[stage]\nopus_bps = 1")
    with pytest.raises(UserError) as raised:
        configuration.settings("stage", StageSettings())
    assert raised.value.detail == f"{tmp_path / 'parvis.toml'}: [stage] opus_bps must be 16000 to 128000"
    configuration = load(tmp_path, "[stage]\nopus_bps = 32000", PARVIS_OPUS_BPS="1")
    with pytest.raises(UserError) as raised:
        configuration.settings("stage", StageSettings())
    assert raised.value.detail == "PARVIS_OPUS_BPS must be 16000 to 128000"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*none.toml: No such file"):
        Configuration.load(tmp_path / "none.toml", {})
    with pytest.raises(UserError, match=r"cannot read .*other.toml: No such file"):
        Configuration.load(environment={"PARVIS_CONFIG": str(tmp_path / "other.toml")})


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    configuration = load(tmp_path, f'metrics_token_file = "{secret}"')
    assert configuration.settings("edge", EdgeSettings()).metrics_token == "s3cret"
    assert configuration.from_file("edge") == {"PARVIS_METRICS_TOKEN_FILE": str(secret)}
    assert "s3cret" not in repr(list(configuration.in_force()))
    shown = next(one for one in configuration.in_force() if one.name == "metrics_token")
    assert (shown.value, shown.source) == ("(set)", f"{tmp_path / 'parvis.toml'}: metrics_token_file")


def test_the_environment_overrides_a_secret_in_any_form(tmp_path: Path) -> None:
    configuration = load(tmp_path, 'metrics_token_file = "/none"', PARVIS_METRICS_TOKEN="mine")
    assert configuration.settings("edge", EdgeSettings()).metrics_token == "mine"
    assert configuration.from_file("edge") == {}


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot read"), (b"", "is empty"), (b"\xff", "not text")]
)
def test_a_secret_that_cannot_be_had_is_said(tmp_path: Path, content: bytes | None, said: str) -> None:
    secret = tmp_path / "token"
    if content is not None:
        secret.write_bytes(content)
    configuration = load(tmp_path, f'metrics_token_file = "{secret}"')
    with pytest.raises(UserError, match=said) as raised:
        configuration.settings("edge", EdgeSettings())
    assert "metrics_token_file" in raised.value.detail


def test_processes_that_share_a_setting_have_the_same_default() -> None:
    from parvis.configuration import DEFAULTS

    for name, processes in homes().items():
        assert len({getattr(DEFAULTS[process], name) for process in processes}) == 1, name
