"""The desk of a site, and the one policy file that it needs: light, so that an officer's command starts at once."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from fraud_guard.app.settings import Settings, site_key
from fraud_guard.dispatch.desk import Desk
from fraud_guard.dispatch.stations import Stations
from fraud_guard.errors import ConfigurationError
from fraud_guard.escalation.ids import site_namespace
from fraud_guard.escalation.policy import EscalationPolicy


def make_desk(settings: Settings, policy: EscalationPolicy) -> Desk:
    """The desk of a site: its namespace, its stations and a policy. Raises ConfigurationError."""
    return Desk(site_namespace(site_key(settings)), stations_of(settings), policy)


def stations_of(settings: Settings) -> Stations:
    """The stations of a site; none when no table is set. Raises ConfigurationError."""
    if settings.stations is None:
        return Stations([])
    from fraud_guard.adapters.reference_tables import read_stations  # noqa: PLC0415  costs Arrow

    return read_stations(settings.stations)


def read_policy(rules: Path) -> EscalationPolicy:
    """The escalation policy of a rules folder, without compiling its rules. Raises ConfigurationError."""
    path = rules / "policy" / "escalation.yaml"
    try:
        return EscalationPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; restore it, or set FG_RULES_DIR to a folder of rules") from None
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError):
        raise ConfigurationError(f"{path} is no escalation policy; `fraud-guard rules lint` names the line") from None
