"""What every test run shares: how hypothesis behaves, and the books of rules.

No deadline, since a busy machine is no failure. In continuous integration the examples are
the same at every run, so that a failure belongs to the change; on a desk they differ.
`--hypothesis-profile soak` looks much longer.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.reference.books import Book, shipped_book, synthetic_book

pytest_plugins = ["tests.servers"]

_QUICK = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("default", _QUICK)
settings.register_profile("ci", _QUICK, derandomize=True, database=None, print_blob=True)
settings.register_profile("soak", _QUICK, max_examples=1_000)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def shipped() -> Book:
    """The rules and policies that ship."""
    return shipped_book()


@pytest.fixture(scope="session")
def synthetic() -> Book:
    """Every shape of rule with low thresholds, so that much happens in a short day."""
    return synthetic_book()
