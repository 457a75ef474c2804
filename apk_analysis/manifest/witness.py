"""One usual parser, asked in a process of its own: a manifest comes in by stdin, what it reads goes out as JSON.

    python -m apk_analysis.manifest.witness androguard|apkInspector|apk_info < AndroidManifest.xml

The parsers are optional, so they are imported by name. A parser that fails ends the process with 1.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import resource
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

MEMORY_BYTES = 2 << 30
MOST_NAMES, LONGEST_NAME = 10_000, 1_000
_ANDROID = "{http://schemas.android.com/apk/res/android}"
_COMPONENTS = {"activity", "activity-alias", "service", "receiver", "provider"}


def _facts(root: Any) -> dict[str, Any]:
    """Package, version, permissions and components of an XML tree."""
    nodes = list(root.iter())
    return {
        "package": root.get("package") or "",
        "permissions": _names(one for one in nodes if str(one.tag) == "uses-permission"),
        "components": _names(one for one in nodes if str(one.tag) in _COMPONENTS),
    }


def _names(nodes: Iterable[Any]) -> list[str]:
    return _bounded(one.get(f"{_ANDROID}name") or "" for one in nodes)


def _bounded(names: Iterable[str]) -> list[str]:
    """Names without repetition, few and short enough for whoever asked."""
    return sorted({name[:LONGEST_NAME] for name in names})[:MOST_NAMES]


def _androguard(data: bytes) -> dict[str, Any]:
    importlib.import_module("loguru").logger.disable("androguard")
    printer = importlib.import_module("androguard.core.axml").AXMLPrinter(data)
    return _facts(printer.get_xml_obj())


def _apk_inspector(data: bytes) -> dict[str, Any]:
    logging.disable(logging.CRITICAL)
    text = importlib.import_module("apkInspector.axml").get_manifest(io.BytesIO(data))
    return _facts(ET.fromstring(text))  # noqa: S314  expat of today bounds entities; and no document type gets here


def _apk_info(data: bytes) -> dict[str, Any]:
    """This one takes archives alone: the manifest is put into one."""
    with tempfile.NamedTemporaryFile(suffix=".apk") as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("AndroidManifest.xml", data)
        file.flush()
        apk = importlib.import_module("apk_info").APK(file.name)
        kinds = (apk.get_activities(), apk.get_activity_aliases(), apk.get_services(), apk.get_receivers(), apk.get_providers())
        names = {one.name or "" for kind in kinds for one in kind}
        return {
            "package": apk.get_package_name() or "", "permissions": _bounded(apk.get_permissions()),
            "components": _bounded(names),
        }  # fmt: skip


WITNESSES: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "androguard": _androguard, "apkInspector": _apk_inspector, "apk_info": _apk_info,
}  # fmt: skip


def main() -> None:
    """Answer for the parser that the command line names."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    answer = WITNESSES[sys.argv[1]](sys.stdin.buffer.read())
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
