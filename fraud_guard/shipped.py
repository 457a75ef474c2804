"""Where the data that travel with the product are found: rules and models.

A wheel carries them inside the package (`fraud_guard/_shipped/`); a checkout, and an
editable install of it, has them beside the package.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from fraud_guard.errors import ConfigurationError

APK_RULES = "apk"
"""The folder of rules on APK files below a rules folder; one without it has none."""

def shipped(name: str) -> Path:
    """The folder `name` (`rules`, `models`) of this installation.

    Raises ConfigurationError naming both places that were tried.
    """
    package = Path(str(resources.files("fraud_guard")))
    inside, beside = package / "_shipped" / name, package.parent / name
    for place in (inside, beside):
        if place.is_dir():
            return place
    raise ConfigurationError(f"the folder {name!r} is missing: tried {inside} and {beside}; install it again")
