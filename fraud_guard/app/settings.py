"""Settings: environment variables `FG_*`, then a TOML file, then defaults. All bad fields are named at once."""

from __future__ import annotations

import os
import secrets
import stat
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from fraud_guard.errors import ConfigurationError
from fraud_guard.shipped import shipped

CONFIG_VARIABLE = "FG_CONFIG"
DEFAULT_CONFIG = "fraud-guard.toml"
KEY_CHARACTERS = 32
_TABLES = ("subjects", "stations")


class Settings(BaseSettings):
    """Everything an operator may set. Times carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="FG_", extra="forbid", frozen=True)

    data_dir: Path = Field(default=Path("data"), description="folder of log, memory, truth and vault")
    site_key: SecretStr | None = Field(default=None, description="secret of this site, at least 32 characters")
    site_key_file: Path | None = Field(default=None, description="file of the secret, mode 600; default: site.key in data_dir, made once")
    kafka: str | None = Field(default=None, description="brokers of Apache Kafka, host:port,host:port; default: log.db in data_dir")
    kafka_replicas: int = Field(default=1, ge=1, le=10, description="replicas of topics that a worker makes in Kafka")
    kafka_tls: bool = Field(default=False, description="speak TLS with Kafka, by the system's authorities")
    kafka_ca: Path | None = Field(default=None, description="PEM of the authority of the brokers' certificates; given, Kafka is spoken to by TLS")
    kafka_user: str | None = Field(default=None, description="user at Kafka (SASL); needs TLS")
    kafka_password: SecretStr | None = Field(default=None, description="password of kafka_user")
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(default="SCRAM-SHA-512", description="how kafka_user proves itself")
    worker_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,64}$", description="this worker's fixed place in Kafka's group, so that a restart moves no partitions")
    truth_url: SecretStr | None = Field(default=None, description="PostgreSQL of alerts and orders, postgresql://…; default: truth.db in data_dir")
    memory_url: SecretStr | None = Field(default=None, description="Redis or Valkey of the memory, redis://…, rediss://… or unix://…; default: memory.db in data_dir")
    site_name: str = Field(default="fraud-guard", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="keeps sites on one Redis apart: a-z, 0-9 and -")
    rules_dir: Path | None = Field(default=None, description="folder of rules; default: the shipped ones")
    rules_from: Literal["folder", "topic"] = Field(default="folder", description="where workers take rules from: rules_dir, or the topic `rules` (see `rules publish`)")
    lists_dir: Path | None = Field(default=None, description="folder of lists that take the place of shipped ones of the same name (see `lists show`); default: none")
    lists_from: Literal["folder", "topic"] = Field(default="folder", description="where doors take lists from: lists_dir, or the topic `lists` (see `lists publish`)")
    subjects: Path | None = Field(default=None, description="who is protected, CSV; default: subjects.csv in data_dir, if there")
    stations: Path | None = Field(default=None, description="who serves which area, CSV; default: stations.csv in data_dir, if there")
    tags_partitions: int = Field(default=1, ge=1, le=512, description="partitions of the log; divides 512")
    tags_generation: int = Field(default=1, ge=1, description="generation of the log; `topics repartition` says when it is another one")
    inlet_partitions: int = Field(default=1, ge=1, le=512, description="partitions of each inlet; so many workers can be doors at once")
    slack_ms: int = Field(default=5_000, ge=0, le=3_600_000, description="the watermark lags this much behind")
    idle_ms: int = Field(default=5_000, ge=500, description="a quiet door moves the watermark after this long")
    checkpoint_ms: int = Field(default=10_000, ge=100, description="longest time between checkpoints")
    checkpoint_tags: int = Field(default=200_000, ge=1, description="most tags between checkpoints")
    degrade_ms: int = Field(default=0, ge=0, le=86_400_000, description="event time that waits before a worker leaves out reasons of the model, at twice this also the model on people no rule speaks of; 0: never")
    snapshot_dir: Path | None = Field(default=None, description="folder of the memory's snapshots, one for all workers of the site; default: none are taken")
    snapshot_ms: int = Field(default=3_600_000, ge=1_000, description="how often a snapshot of each partition is taken")
    snapshots_kept: int = Field(default=3, ge=1, le=1_000, description="newest snapshots of a partition that are kept")
    accept_gap: bool = Field(default=False, description="go on although the log no longer reaches back to the memory; what lies between is lost")
    history_dir: Path | None = Field(default=None, description="folder of the history (Parquet by day), which all workers of a site share; default: none is kept")
    history_days: int = Field(default=90, ge=1, le=3_660, description="days that the history keeps")
    history_write_ms: int = Field(default=300_000, ge=1_000, description="longest time until a tag is in the history")
    retention_h: int = Field(default=24, ge=1, description="hours that log and inlets keep records")
    clock_tick_ms: int = Field(default=500, ge=50, description="how often deadlines are looked at")
    relay_tick_ms: int = Field(default=100, ge=10, description="how often the outbox is looked at")
    rules_poll_ms: int = Field(default=2_000, ge=100, description="how often rules and lists are looked at")
    apk_dir: Path | None = Field(default=None, description="folder of APK samples and their reports, which all `apk work` of a site share; default: apk in data_dir")
    apk_index: Path | None = Field(default=None, description="folder of the fingerprint index of APKs; one writes at a time, any number read; default: apk-index in data_dir")
    apk_partitions: int = Field(default=1, ge=1, le=512, description="partitions of the topics of APK files; so many `apk work` can share them")
    apk_sandbox: Literal["none", "rlimits", "seccomp", "bubblewrap"] = Field(default="seccomp", description="weakest sandbox in which `apk work` works")
    health_address: str | None = Field(default=None, pattern=r"^(\[[0-9A-Fa-f:]+\]|[^:\s]+):\d{1,5}$", description="host:port of /healthz, /readyz and /metrics; default: nothing listens")
    log_format: Literal["json", "console"] | None = Field(default=None, description="how the log is written; default: console on a terminal, else json")
    webhook_url: str | None = Field(default=None, description="where issued orders are posted")
    webhook_secrets: list[SecretStr] = Field(default=[], description="JSON list of whsec_… secrets, newest first")
    webhook_allow_private: bool = Field(default=False, description="let the webhook point into a private network")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """Call, environment, then the TOML file named by FG_CONFIG (or ./fraud-guard.toml)."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_path())

    @property
    def apk_folder(self) -> Path:
        """The folder of APK samples and their reports."""
        return self.apk_dir or self.data_dir / "apk"

    @property
    def rules(self) -> Path:
        """The folder of rules in force."""
        return self.rules_dir or shipped("rules")


def config_path() -> Path:
    """The TOML file that is read when it is there."""
    return Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)


def read(**overrides: Any) -> Settings:
    """Read the settings. Raises ConfigurationError that names every bad field and its remedy."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise ConfigurationError(f"{CONFIG_VARIABLE}={named}: no such file; create it or unset the variable")
    try:
        settings = Settings(**{k: v for k, v in overrides.items() if v is not None})
    except ValidationError as error:
        raise ConfigurationError("\n".join(_complaint(e) for e in error.errors())) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{config_path()}: {error}; mend the TOML") from None
    except SettingsError as error:
        raise ConfigurationError(f'{error}; write a list as JSON, e.g. ["whsec_…"]') from None
    except OSError as error:
        raise ConfigurationError(f"{config_path()}: {error.strerror}; give a readable TOML file") from None
    if 512 % settings.tags_partitions:
        raise ConfigurationError(f"tags_partitions = {settings.tags_partitions} does not divide 512; use 1, 2, 4, 8, …")
    return settings.model_copy(update=_tables_beside(settings))


def key_path(settings: Settings) -> Path:
    """The file that holds the site's secret when no setting does."""
    return settings.site_key_file or settings.data_dir / "site.key"


def site_key(settings: Settings) -> str:
    """The site's secret. Without one set, a file in the data folder holds one that is made once."""
    if settings.site_key is not None:
        return _strong(settings.site_key.get_secret_value(), "FG_SITE_KEY")
    path = key_path(settings)
    if settings.site_key_file is None and not path.exists():
        _make_key(path)
    try:
        if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            raise ConfigurationError(f"{path} can be read by others; run: chmod 600 {path}")
        return _strong(path.read_text(encoding="utf-8").strip(), str(path))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; set FG_SITE_KEY_FILE to a readable file") from None


def _make_key(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; set FG_DATA_DIR to a folder you may write") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")


def _strong(key: str, where: str) -> str:
    if len(key) < KEY_CHARACTERS:
        raise ConfigurationError(
            f"{where}: the site key has {len(key)} characters, needs {KEY_CHARACTERS}; make one with: openssl rand -hex 32"
        )
    return key


def _complaint(error: Any) -> str:
    name = str(error["loc"][0])
    field = Settings.model_fields.get(name)
    if field is None:
        return f"setting {name}: no such setting; remove it, `fraud-guard config show` lists all names"
    return f"setting {name} (FG_{name.upper()}): {error['msg']}; it is: {field.description}"


def _tables_beside(settings: Settings) -> dict[str, Path]:
    """Tables that lie in the data folder and are not named."""
    beside = {name: settings.data_dir / f"{name}.csv" for name in _TABLES if getattr(settings, name) is None}
    return {name: path for name, path in beside.items() if path.is_file()}
