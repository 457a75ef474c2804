"""Activities, services, receivers and providers with their intent filters, exported or not by Android's rules."""

from __future__ import annotations

from apk_analysis.manifest.axml import Element
from apk_analysis.manifest.facts import Component, Filter
from apk_analysis.manifest.values import Values

KINDS = ("activity", "activity-alias", "service", "receiver", "provider")
_PROVIDERS_CLOSED_SDK = 17
_MAIN = "android.intent.action.MAIN"
_LAUNCHERS = {
    "android.intent.category.LAUNCHER", "android.intent.category.LEANBACK_LAUNCHER",
    "android.intent.category.CAR_LAUNCHER",
}  # fmt: skip


def read_components(application: Element, package: str, target_sdk: int, values: Values) -> tuple[Component, ...]:
    """All components, in the order of the manifest."""
    return tuple(
        _component(element, package, target_sdk, values) for element in application.children if element.tag in KINDS
    )


def full_name(name: str, package: str) -> str:
    """A class name as Android completes it."""
    if name.startswith("."):
        return package + name
    return name if "." in name or not name else f"{package}.{name}"


def is_launcher(component: Component) -> bool:
    """Whether the component puts an icon on the home screen."""
    return component.enabled and component.kind.startswith("activity") and any(
        _MAIN in one.actions and _LAUNCHERS & set(one.categories) for one in component.filters
    )  # fmt: skip


def _component(element: Element, package: str, target_sdk: int, values: Values) -> Component:
    filters = tuple(_filter(one, values) for one in element.named("intent-filter"))
    default = bool(filters) if element.tag != "provider" else target_sdk < _PROVIDERS_CLOSED_SDK
    return Component(
        element.tag,
        full_name(values.text(element, "name"), package),
        values.flag(element, "exported", default=default),
        values.flag(element, "enabled", default=True),
        values.text(element, "permission") or values.text(element, "readPermission"),
        values.text(element, "process"),
        full_name(values.text(element, "targetActivity"), package),
        values.text(element, "authorities"),
        values.number(element, "foregroundServiceType"),
        filters,
    )


def _filter(element: Element, values: Values) -> Filter:
    data = element.named("data")
    return Filter(
        _named(element, "action", values),
        _named(element, "category", values),
        tuple(dict.fromkeys(text for one in data if (text := values.text(one, "scheme")))),
        tuple(dict.fromkeys(text for one in data if (text := values.text(one, "host")))),
        _signed(values.number(element, "priority")),
    )


def _named(element: Element, tag: str, values: Values) -> tuple[str, ...]:
    return tuple(text for one in element.named(tag) if (text := values.text(one, "name")))


def _signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number
