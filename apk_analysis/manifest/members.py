"""The parts of an icon and the network security configuration: small binary XML files inside the archive."""

from __future__ import annotations

from apk_analysis.errors import ApkError
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive
from apk_analysis.manifest.axml import Attribute, Element, read_xml
from apk_analysis.manifest.facts import Icon, IconFile, NetworkSecurity
from apk_analysis.manifest.values import Values

MOST_ICON_FILES = 64
MOST_HOSTS = 500
_CLEARTEXT_UNTIL_SDK = 28
_USERS_UNTIL_SDK = 24


def read_icon(archive: Archive, attribute: Attribute | None, values: Values, ledger: Ledger) -> Icon:
    """The files of an icon, and the layers of an adaptive one."""
    if attribute is None:
        return Icon()
    found = values.files_or_colours(attribute)[:MOST_ICON_FILES]
    files = tuple(IconFile(path, density) for path, density in found if not path.startswith("#"))
    for file in files:
        root = _xml(archive, file.path, "icon_unreadable", ledger) if file.path.endswith(".xml") else None
        if root is not None and root.tag == "adaptive-icon":
            return Icon(files, _layer(root, "background", values), _layer(root, "foreground", values), adaptive=True)
    return Icon(files)


def _layer(root: Element, tag: str, values: Values) -> tuple[str, ...]:
    """Paths or colours of a layer; its drawable may stand inside."""
    for layer in root.named(tag):
        for element in layer.walk():
            drawable = element.attributes.get("drawable")
            if drawable is not None:
                return tuple(path for path, _ in values.files_or_colours(drawable)[:MOST_ICON_FILES])
    return ()


def _xml(archive: Archive, path: str, complaint: str, ledger: Ledger) -> Element | None:
    try:
        return read_xml(archive.read(path), ledger)
    except ApkError as problem:
        ledger.note(complaint, f"{path}: {problem}")
        return None


def read_network(
    archive: Archive, application: Element, target_sdk: int, values: Values, ledger: Ledger
) -> NetworkSecurity:
    """Whom the app trusts, by manifest and configuration; where nothing is said, by its target."""
    cleartext = values.flag(application, "usesCleartextTraffic", default=target_sdk < _CLEARTEXT_UNTIL_SDK)
    users = target_sdk < _USERS_UNTIL_SDK
    attribute = application.attributes.get("networkSecurityConfig")
    paths = values.files_or_colours(attribute) if attribute else []
    root = _xml(archive, paths[0][0], "network_config_unreadable", ledger) if paths else None
    if root is None:
        return NetworkSecurity(cleartext, users)
    default = target_sdk < _CLEARTEXT_UNTIL_SDK     # a configuration outweighs the manifest's attribute
    for base in root.named("base-config"):
        cleartext = values.flag(base, "cleartextTrafficPermitted", default=default)
        if base.named("trust-anchors"):
            users = _trusts_users(base)
    if not root.named("base-config"):
        cleartext = default
    domains = [element for element in root.walk() if element.tag == "domain-config"]
    open_hosts = [
        host for one in domains if values.flag(one, "cleartextTrafficPermitted", default=False) for host in _hosts(one)
    ]
    pinned = [host for one in domains if one.named("pin-set") for host in _hosts(one)]
    users = users or any(_trusts_users(one) for one in domains)
    return NetworkSecurity(cleartext, users, tuple(open_hosts[:MOST_HOSTS]), tuple(pinned[:MOST_HOSTS]), configured=True)


def _trusts_users(config: Element) -> bool:
    return any(
        (source := certificates.attributes.get("src")) is not None and source.text == "user"
        for anchors in config.named("trust-anchors")
        for certificates in anchors.named("certificates")
    )


def _hosts(config: Element) -> list[str]:
    return [domain.text for domain in config.named("domain") if domain.text]
