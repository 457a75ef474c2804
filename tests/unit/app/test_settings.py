"""Settings: precedence, complaints that name everything at once, and a site key that is private and never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from fraud_guard.app.settings import Settings, read, site_key
from fraud_guard.errors import ConfigurationError

KEY = "an example key that is not secret at all"


@pytest.fixture(autouse=True)
def quiet_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and no settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("FG_CONFIG", "FG_DATA_DIR", "FG_SITE_KEY", "FG_SLACK_MS", "FG_IDLE_MS"):
        monkeypatch.delenv(name, raising=False)


def test_option_before_environment_before_file_before_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value given in the call wins over the environment, that over the TOML file, that over the default."""
    Path("fraud-guard.toml").write_text("slack_ms = 1\nidle_ms = 1001\ncheckpoint_tags = 7\n")
    monkeypatch.setenv("FG_SLACK_MS", "2")
    monkeypatch.setenv("FG_IDLE_MS", "1002")
    settings = read(slack_ms=3)
    assert (settings.slack_ms, settings.idle_ms, settings.checkpoint_tags) == (3, 1002, 7)


def test_none_leaves_the_choice_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that was not given (None) hides nothing."""
    monkeypatch.setenv("FG_DATA_DIR", "elsewhere")
    assert read(data_dir=None).data_dir == Path("elsewhere")


def test_every_bad_field_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three faults, three lines, each with the name to set and what it means."""
    monkeypatch.setenv("FG_SLACK_MS", "-1")
    monkeypatch.setenv("FG_IDLE_MS", "soon")
    Path("fraud-guard.toml").write_text("retention_h = 0\n")
    with pytest.raises(ConfigurationError) as complaint:
        read()
    lines = str(complaint.value).splitlines()
    assert len(lines) == 3
    for name in ("FG_SLACK_MS", "FG_IDLE_MS", "FG_RETENTION_H"):
        assert sum(name in line and "it is: " in line for line in lines) == 1


def test_an_unknown_name_in_the_file_is_refused() -> None:
    """A misspelt setting is named, and where the right names stand."""
    Path("fraud-guard.toml").write_text("slak_ms = 5\n")
    with pytest.raises(ConfigurationError, match=r"slak_ms: no such setting; .*config show"):
        read()


def test_a_file_that_is_no_toml_is_named() -> None:
    """The complaint names the file."""
    Path("fraud-guard.toml").write_text("slack_ms = = 5\n")
    with pytest.raises(ConfigurationError, match=r"fraud-guard\.toml: .*mend the TOML"):
        read()


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """FG_CONFIG that points nowhere is an error, not a default."""
    monkeypatch.setenv("FG_CONFIG", "nowhere.toml")
    with pytest.raises(ConfigurationError, match=r"FG_CONFIG=nowhere\.toml: no such file"):
        read()


def test_a_list_that_is_no_json_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets given without brackets are refused without being repeated."""
    monkeypatch.setenv("FG_WEBHOOK_SECRETS", "whsec_abc")
    with pytest.raises(ConfigurationError, match=r"webhook_secrets.*as JSON") as complaint:
        read()
    assert "whsec_abc" not in str(complaint.value)


@pytest.mark.parametrize("partitions", [3, 100])
def test_partitions_divide_the_shards(partitions: int) -> None:
    """The number of partitions divides 512, or the remedy is told."""
    with pytest.raises(ConfigurationError, match="does not divide 512"):
        read(tags_partitions=partitions)


def test_tables_in_the_data_folder_are_found(tmp_path: Path) -> None:
    """Tables beside the data are used unless others are named."""
    (tmp_path / "data").mkdir()
    for name in ("stations.csv", "subjects.csv"):
        (tmp_path / "data" / name).touch()
    assert read().stations == Path("data/stations.csv")
    named = read(stations=Path("mine.csv"))
    assert (named.stations, named.subjects) == (Path("mine.csv"), Path("data/subjects.csv"))


def test_the_first_start_makes_a_private_key() -> None:
    """Without a key set, a random one of 64 hex digits is made, for this user only, and kept."""
    settings = read()
    key = site_key(settings)
    file = settings.data_dir / "site.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(bytes.fromhex(key)) == 32
    assert site_key(read()) == key != site_key(read(data_dir=Path("other")))


def test_a_weak_key_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The complaint tells the length and the remedy, never the key."""
    monkeypatch.setenv("FG_SITE_KEY", "hunter2")
    with pytest.raises(ConfigurationError, match=r"7 characters, needs 32; .*openssl rand") as complaint:
        site_key(read())
    assert "hunter2" not in str(complaint.value)


def test_a_key_file_that_others_can_read_is_refused() -> None:
    """The remedy is the command to run."""
    file = Path("key")
    file.write_text(KEY)
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="run: chmod 600 key"):
        site_key(read(site_key_file=file))
    file.chmod(0o600)
    assert site_key(read(site_key_file=file)) == KEY


def test_a_named_key_file_is_never_made() -> None:
    """A key file that is named and missing is an error: a new key would orphan all data."""
    with pytest.raises(ConfigurationError, match="set FG_SITE_KEY_FILE to a readable file"):
        site_key(read(site_key_file=Path("gone")))
    assert not Path("gone").exists()


def test_a_data_folder_that_cannot_be_made_is_named() -> None:
    """The remedy names the setting."""
    Path("file").touch()
    with pytest.raises(ConfigurationError, match="set FG_DATA_DIR"):
        site_key(read(data_dir=Path("file/data")))


def test_secrets_are_masked_wherever_settings_are_shown() -> None:
    """Neither text nor JSON of the settings shows a secret."""
    settings = read(site_key=KEY, webhook_secrets=["whsec_c2VjcmV0"])
    shown = f"{settings!r} {settings} {settings.model_dump_json()}"
    assert KEY not in shown
    assert "whsec_c2VjcmV0" not in shown


def test_every_setting_says_what_it_is() -> None:
    """A setting without a description would be a riddle in `config show`."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
