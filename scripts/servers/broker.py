"""A broker process: speaks the Kafka protocol at its address."""

from __future__ import annotations

from scripts.servers.process import Server, Unreachable, free_port

__all__ = ["Broker", "Unreachable", "free_port"]


class Broker(Server):
    """Whatever speaks the Kafka protocol at `address`."""

    name = "a broker"
