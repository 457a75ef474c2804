"""Reading what a worker answers at its health address."""

from __future__ import annotations

from typing import NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, ...], float]


class Answer(NamedTuple):
    """Status (0: nobody answered), text and headers."""

    status: int
    text: str
    headers: httpx.Headers


def get(address: str, path: str) -> Answer:
    """What is answered there."""
    try:
        answer = httpx.get(f"http://{address}{path}", timeout=10)
    except httpx.TransportError:
        return Answer(0, "", httpx.Headers())
    return Answer(answer.status_code, answer.text.strip(), answer.headers)


def samples(text: str) -> Samples:
    """Values by name and label values, these in order of the labels' names."""
    families = text_string_to_metric_families(text)
    return {(s.name, *(value for _, value in sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def metrics(address: str) -> Samples:
    """All metrics; empty while nobody answers."""
    return samples(get(address, "/metrics").text)
