"""The finder of the data that travel with the product."""

from __future__ import annotations

import pytest

from fraud_guard.errors import ConfigurationError
from fraud_guard.shipped import shipped


@pytest.mark.parametrize("name", ["rules", "models"])
def test_a_checkout_finds_its_data(name: str) -> None:
    """In a checkout the folders beside the package are found."""
    assert shipped(name).is_dir()
    assert shipped(name).name == name


def test_a_missing_folder_names_both_places() -> None:
    """The error tells both places that were tried, so that the reader can look."""
    with pytest.raises(ConfigurationError, match=r"(?s)_shipped/no-such-thing and .*/no-such-thing"):
        shipped("no-such-thing")
