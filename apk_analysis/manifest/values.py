"""Attributes as text, numbers and truth, references followed through the resource table."""

from __future__ import annotations

from apk_analysis.manifest.axml import TYPE_BOOLEAN, TYPE_REFERENCE, TYPE_STRING, Attribute, Element
from apk_analysis.manifest.resources import Resources

_NUMBERS = range(0x10, 0x20)
_COLOURS = range(0x1C, 0x20)
_PREFERRED = ("", "zh-CN", "zh-Hans-CN", "zh-Hans", "zh", "en", "en-US")
_FUTURE_SDK = 10_000        # Android's own number for a version that is not out yet


class Values:
    """Reads attributes; without a resource table a reference is nothing."""

    def __init__(self, resources: Resources | None) -> None:
        self.resources = resources

    def texts(self, attribute: Attribute | None) -> dict[str, str]:
        """The text of an attribute by locale."""
        if attribute is None:
            return {}
        if attribute.kind == TYPE_STRING:
            return {"": attribute.text} if attribute.text else {}
        if attribute.kind == TYPE_REFERENCE:
            return self.resources.texts(attribute.data) if self.resources else {}
        return {"": self._scalar(attribute.kind, attribute.data)} if attribute.kind else {}

    def text(self, element: Element, name: str) -> str:
        """The text of an attribute in the default locale, or the nearest to it."""
        attribute = element.attributes.get(name)
        texts = self.texts(attribute)
        found = next((texts[locale] for locale in _PREFERRED if locale in texts), next(iter(texts.values()), ""))
        if not found and attribute is not None and attribute.kind == TYPE_REFERENCE:
            number = self._referred(attribute)
            return "" if number is None else str(number)
        return found

    def number(self, element: Element, name: str, default: int = 0) -> int:
        """An attribute as a number, as Android reads it; a code name is a version of the future."""
        attribute = element.attributes.get(name)
        if attribute is None:
            return default
        if attribute.kind in _NUMBERS:
            return attribute.data
        if attribute.kind == TYPE_REFERENCE:
            referred = self._referred(attribute)
            return default if referred is None else referred
        text = attribute.text.strip()
        if text.isascii() and text.isdecimal() and len(text) <= 10:
            return int(text)
        return _FUTURE_SDK if text and name.endswith("SdkVersion") else default

    def flag(self, element: Element, name: str, *, default: bool) -> bool:
        """An attribute as true or false."""
        attribute = element.attributes.get(name)
        if attribute is None:
            return default
        if attribute.kind == TYPE_STRING:
            return attribute.text.lower() in {"true", "1"} if attribute.text else default
        return bool(self.number(element, name, int(default)))

    def files_or_colours(self, attribute: Attribute) -> list[tuple[str, int]]:
        """The paths (with densities) or colours that a drawable is, best first."""
        from_table = self.resources.resolved(attribute.data) if attribute.kind == TYPE_REFERENCE and self.resources else []
        if attribute.kind == TYPE_STRING and attribute.text:
            return [(attribute.text, 0)]
        found = [
            (value.text if value.kind == TYPE_STRING else f"#{value.data:08x}", value.density)
            for value in from_table
            if value.kind in _COLOURS or (value.kind == TYPE_STRING and value.text)
        ]
        if attribute.kind in _COLOURS:
            found.append((f"#{attribute.data:08x}", 0))
        return list({path: (path, density) for path, density in sorted(found, key=lambda one: one[1])}.values())[::-1]

    def _referred(self, attribute: Attribute) -> int | None:
        """The number that a reference ends in, if it does."""
        values = self.resources.resolved(attribute.data) if self.resources else []
        return next((value.data for value in values if value.kind in _NUMBERS), None)

    @staticmethod
    def _scalar(kind: int, data: int) -> str:
        if kind == TYPE_BOOLEAN:
            return "true" if data else "false"
        return str(data) if kind in _NUMBERS else ""
