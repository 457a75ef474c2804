"""Which packages of classes are libraries by their names; the others are an app's own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml


def is_library(package: str) -> bool:
    """Whether `package` (`com.example.ui`) belongs to a library that many apps carry."""
    return f"{package}.".startswith(_prefixes())


@cache
def _prefixes() -> tuple[str, ...]:
    text = files(__package__).joinpath("libraries.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text))
