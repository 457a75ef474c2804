"""How a worker proves itself to Kafka: TLS, and a user with a password inside of it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Literal

from faust.auth import SASLCredentials, SSLCredentials

from fraud_guard.errors import ConfigurationError

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
Credentials = SASLCredentials | SSLCredentials


def credentials(
    *, tls: bool, ca: Path | None, user: str | None, password: str | None, mechanism: Mechanism = "SCRAM-SHA-512"
) -> Credentials | None:
    """What Faust and the driver take; None for a broker that asks for nothing.

    `ca`: PEM of the authority of the brokers' certificates, default the system's. Raises ConfigurationError for a
    file that is none, half a login, or a login without TLS, which would travel in the clear.
    """
    if (user is None) != (password is None):
        raise ConfigurationError("kafka_user and kafka_password go together; set both or none")
    if not (tls or ca):
        if user is not None:
            raise ConfigurationError("kafka_user without TLS would send the password in the clear; set kafka_tls or kafka_ca")
        return None
    context = _context(ca)
    if user is None:
        return SSLCredentials(context=context)
    return SASLCredentials(username=user, password=password, ssl_context=context, mechanism=mechanism)


def _context(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"kafka_ca {ca}: {error}; give the PEM file of the brokers' authority") from None
