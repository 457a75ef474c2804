"""Permissions explained, and the combinations of them that scam apps have: both are tables beside this file."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from apk_analysis.manifest.facts import Combination, Component, Permission

_PREFIX = "android.permission."
_UNKNOWN = ("unknown", "应用自定义或未收录的权限", "a permission of the app's own, or one not in our table")
_PROJECTION = 0x20      # of foregroundServiceType


@cache
def _table(name: str) -> Any:
    return yaml.safe_load(files("apk_analysis.manifest").joinpath(name).read_text("utf-8"))


def explain(name: str, since_sdk: int = 0, max_sdk: int = 0) -> Permission:
    """What a permission allows; one that is not in the table says so."""
    level, zh, en = _table("permissions.yaml").get(name.removeprefix(_PREFIX), _UNKNOWN)
    return Permission(name, level, zh, en, since_sdk, max_sdk)


def combinations(permissions: Iterable[str], components: Collection[Component]) -> tuple[Combination, ...]:
    """The combinations that this app has, strongest first."""
    able = _abilities(permissions, components)
    found = []
    for row in _table("combinations.yaml"):
        grants = [sorted(able & set(choices)) for choices in row["all"]]
        if all(grants):
            names = tuple(dict.fromkeys(name for grant in grants for name in grant))
            found.append(Combination(row["id"], row["weight"], row["zh"], row["en"], names))
    return tuple(sorted(found, key=lambda one: -one.weight))


def _abilities(permissions: Iterable[str], components: Collection[Component]) -> set[str]:
    """Short names of all that is granted or bound: permissions asked for, permissions that guard a service, actions."""
    able = {name.removeprefix(_PREFIX) for name in permissions}
    for one in components:
        able.add(one.permission.removeprefix(_PREFIX))
        able |= {f"action:{action}" for each in one.filters for action in each.actions}
        if one.foreground_types & _PROJECTION:
            able.add("type:mediaProjection")
    return able
