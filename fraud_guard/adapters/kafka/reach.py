"""Whether a broker will have this worker: asked by itself, for the driver's clients hide why they were turned away."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from aiokafka import errors
from aiokafka.conn import create_conn
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from fraud_guard.adapters.kafka.access import Credentials
from fraud_guard.errors import ConfigurationError, DependencyError

PATIENCE_MS = 5_000
_REFUSED = (
    errors.SaslAuthenticationFailed, errors.AuthenticationFailedError, errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError, errors.AuthenticationMethodNotSupported,
)  # fmt: skip


def reach(servers: str, access: Credentials | None, patience_ms: int = PATIENCE_MS) -> None:
    """Return when one of `servers` (host:port,host:port) takes this login.

    Raises ConfigurationError when one turns it away or shows a certificate that is not trusted, DependencyError when none answers.
    """
    asyncio.run(_reach(servers, credentials_to_aiokafka_auth(access), patience_ms))


async def _reach(servers: str, access: Mapping[str, Any], patience_ms: int) -> None:
    why: Exception | None = None
    for server in filter(None, map(str.strip, servers.split(","))):
        host, _, port = server.rpartition(":")
        try:
            connection = await asyncio.wait_for(
                create_conn(host.strip("[]"), int(port), request_timeout_ms=patience_ms, **access), patience_ms / 1_000
            )
        except ssl.SSLCertVerificationError as error:
            raise ConfigurationError(f"kafka {server}: {error.verify_message}; set kafka_ca to the authority of its certificate") from None
        except _REFUSED as error:
            raise ConfigurationError(
                f"kafka {server} turns this worker away ({_words(error)}); check kafka_user, kafka_password and kafka_mechanism"
            ) from None
        except (OSError, errors.KafkaError, TimeoutError) as error:
            why = error
        else:
            connection.close()
            return
    raise DependencyError(f"kafka {servers}: {_words(why)}; check that the brokers run and can be reached")


def _words(error: Exception | None) -> str:
    return str(error) or type(error).__name__
