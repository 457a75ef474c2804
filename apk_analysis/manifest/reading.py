"""From an archive to a manifest: our own reader, by Android's rules. What cannot be read is evidence, never an error."""

from __future__ import annotations

import re

import msgspec

from apk_analysis.errors import ApkError, LimitExceeded
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive
from apk_analysis.manifest.axml import Attribute, Element, read_xml, scan
from apk_analysis.manifest.components import full_name, is_launcher, read_components
from apk_analysis.manifest.facts import Component, Flags, Manifest, Permission
from apk_analysis.manifest.members import read_icon, read_network
from apk_analysis.manifest.permissions import combinations, explain
from apk_analysis.manifest.resources import Resources
from apk_analysis.manifest.values import Values
from apk_analysis.manifest.wording import NOTES

MANIFEST = "AndroidManifest.xml"
RESOURCES = "resources.arsc"
_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+")
_PERMISSION_TAGS = {"uses-permission": 0, "uses-permission-sdk-23": 23, "uses-permission-sdk-m": 23}     # since
MOST_META_DATA = 500


def read_manifest(archive: Archive) -> Manifest:
    """The manifest; with an empty package and evidence where there is none to be read. Raises nothing."""
    ledger = Ledger(NOTES)
    root = _root(archive, ledger)
    if root is None:
        return Manifest(evidence=ledger.evidence())
    values = Values(open_resources(archive, ledger))
    application = (root.named("application") or [Element("application", {}, [])])[0]
    manifest = Manifest(package=root.attributes["package"].text if "package" in root.attributes else "", parser="own")
    try:
        manifest = _facts(root, values)
        manifest = msgspec.structs.replace(
            _with_application(manifest, application, values),
            icon=read_icon(archive, _icon(application), values, ledger),
            network=read_network(archive, application, manifest.target_sdk, values, ledger),
        )
    except ApkError as problem:
        ledger.note("limit_reached" if isinstance(problem, LimitExceeded) else "resources_unreadable", problem)
    if not _PACKAGE.fullmatch(manifest.package):
        ledger.note("package_odd", manifest.package)
    return msgspec.structs.replace(manifest, evidence=ledger.evidence())


def open_resources(archive: Archive, ledger: Ledger) -> Resources | None:
    """The archive's resource table, or None where there is none to be read."""
    if RESOURCES not in archive:
        return None
    try:
        return Resources(archive.read(RESOURCES), ledger)
    except ApkError as problem:
        ledger.note("resources_unreadable", problem)
        return None


def _root(archive: Archive, ledger: Ledger) -> Element | None:
    if MANIFEST not in archive:
        ledger.note("manifest_missing")
        return None
    early = Ledger(NOTES)       # what the first look notes, the reader notes too
    try:
        data = archive.read(MANIFEST)
        scan(data, early)
    except ApkError as problem:
        for item in early.evidence():
            ledger.note(item.code, ", ".join(item.where))
        _note_unreadable(problem, ledger)
        return None
    try:
        return read_xml(data, ledger)
    except ApkError as problem:
        _note_unreadable(problem, ledger)
        return None


def _note_unreadable(problem: ApkError, ledger: Ledger) -> None:
    if isinstance(problem, LimitExceeded):
        ledger.note("limit_reached", problem)
    ledger.note("manifest_unreadable", problem)


def _facts(root: Element, values: Values) -> Manifest:
    """What stands outside of the application."""
    sdk = (root.named("uses-sdk") or [Element("uses-sdk", {}, [])])[-1]
    min_sdk = values.number(sdk, "minSdkVersion", 1)
    asked: dict[str, Permission] = {}
    for one in root.children:
        if one.tag in _PERMISSION_TAGS and (name := values.text(one, "name")):
            asked.setdefault(name, explain(name, _PERMISSION_TAGS[one.tag], values.number(one, "maxSdkVersion")))
    return Manifest(
        package=values.text(root, "package"),
        version_code=values.number(root, "versionCodeMajor") << 32 | values.number(root, "versionCode"),
        version_name=values.text(root, "versionName"),
        min_sdk=min_sdk,
        target_sdk=values.number(sdk, "targetSdkVersion", min_sdk),
        target_sandbox=values.number(root, "targetSandboxVersion", 1),
        permissions=tuple(asked.values()),
        declared_permissions=tuple(text for one in root.named("permission") if (text := values.text(one, "name"))),
        features=tuple(text for one in root.named("uses-feature") if (text := values.text(one, "name"))),
        shared_user=values.text(root, "sharedUserId"),
        flags=Flags(
            split=bool(values.text(root, "split")) or values.flag(root, "isFeatureSplit", default=False),
            needs_splits=values.flag(root, "isSplitRequired", default=False),
        ),
        parser="own",
    )


def _with_application(manifest: Manifest, application: Element, values: Values) -> Manifest:
    """And what stands inside."""
    package = manifest.package
    components = read_components(application, package, manifest.target_sdk, values)
    launchers = [one for one in components if is_launcher(one)]
    meta = [one for one in application.named("meta-data")[:MOST_META_DATA] if "name" in one.attributes]
    return msgspec.structs.replace(
        manifest,
        labels=_labels(application, launchers, values),
        components=components,
        main_activities=tuple(one.target or one.name for one in launchers),
        combinations=combinations((one.name for one in manifest.permissions), components),
        application=full_name(values.text(application, "name"), package),
        meta_data={values.text(one, "name"): values.text(one, "value") for one in meta},
        flags=msgspec.structs.replace(
            manifest.flags,
            debuggable=values.flag(application, "debuggable", default=False),
            test_only=values.flag(application, "testOnly", default=False),
            hidden_launcher=bool(components) and not launchers and not manifest.flags.split,
            backup=values.flag(application, "allowBackup", default=True),
            has_code=values.flag(application, "hasCode", default=True),
        ),
    )


def _icon(application: Element) -> Attribute | None:
    """The application's icon, or that of its first activity that has one."""
    owners = [application, *(one for one in application.children if one.tag.startswith("activity"))]
    icons = (one.attributes.get(name) for one in owners for name in ("icon", "roundIcon"))
    return next((icon for icon in icons if icon is not None), None)


def _labels(application: Element, launchers: list[Component], values: Values) -> dict[str, str]:
    """The name on the home screen by locale: the application's, or that of its first launcher."""
    labels = values.texts(application.attributes.get("label"))
    if labels or not launchers:
        return labels
    for one in application.children:
        if one.tag.startswith("activity") and (found := values.texts(one.attributes.get("label"))):
            return found
    return {}
