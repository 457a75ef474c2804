"""Features of an app that rules may ask for beside the bytes: YARA's external variables, all with a default.

A rule written with them holds across members: a screen grabber in the code *and* a bank's name on the label.
"""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType

from apk_analysis.certificate.results import Signatures
from apk_analysis.code.facts import Code
from apk_analysis.intake.archive import Archive
from apk_analysis.manifest.facts import Manifest
from apk_analysis.yara_scan.facts import Value

EXTERNALS: MappingProxyType[str, Value] = MappingProxyType({
    "member_name": "",
    "label": "",                    # all labels, one a line
    "package": "",
    "permissions": "",              # all permissions, one a line, in full
    "permission_count": 0,
    "component_count": 0,
    "min_sdk": 1,
    "target_sdk": 1,
    "has_accessibility": False,
    "has_overlay": False,
    "has_sms": False,
    "has_contacts": False,
    "has_call_log": False,
    "has_call_control": False,
    "has_projection": False,
    "has_notification_listener": False,
    "has_device_admin": False,
    "has_installer": False,
    "has_camera": False,
    "has_microphone": False,
    "has_location": False,
    "starts_at_boot": False,
    "hidden_launcher": False,
    "debuggable": False,
    "cleartext": False,
    "trusts_user_certificates": False,
    "verified": False,
    "debug_certificate": False,
    "packer": "",                   # names, one a line
    "framework": "",                # names, one a line
    "app_id": "",
    "shell_only": False,
    "method_count": 0,
    "dex_count": 0,
    "native_count": 0,
    "member_count": 0,
    "archive_tricks": 0,
})  # fmt: skip
"""Names with their defaults, which also fix the types."""

_GRANTS = MappingProxyType({
    "has_accessibility": ("BIND_ACCESSIBILITY_SERVICE",),
    "has_overlay": ("SYSTEM_ALERT_WINDOW",),
    "has_sms": ("READ_SMS", "RECEIVE_SMS", "SEND_SMS"),
    "has_contacts": ("READ_CONTACTS",),
    "has_call_log": ("READ_CALL_LOG", "WRITE_CALL_LOG"),
    "has_call_control": ("PROCESS_OUTGOING_CALLS", "ANSWER_PHONE_CALLS", "CALL_PHONE", "BIND_INCALL_SERVICE"),
    "has_projection": ("FOREGROUND_SERVICE_MEDIA_PROJECTION",),
    "has_notification_listener": ("BIND_NOTIFICATION_LISTENER_SERVICE",),
    "has_device_admin": ("BIND_DEVICE_ADMIN",),
    "has_installer": ("REQUEST_INSTALL_PACKAGES", "INSTALL_PACKAGES"),
    "has_camera": ("CAMERA",),
    "has_microphone": ("RECORD_AUDIO",),
    "has_location": ("ACCESS_FINE_LOCATION", "ACCESS_COARSE_LOCATION"),
    "starts_at_boot": ("RECEIVE_BOOT_COMPLETED",),
})  # fmt: skip
_MEDIA_PROJECTION = 0x20    # of android:foregroundServiceType


def externals_of(
    archive: Archive, manifest: Manifest | None = None, signatures: Signatures | None = None, code: Code | None = None
) -> dict[str, Value]:
    """Every external of an app, typed as in `EXTERNALS`; what was not looked at keeps its default."""
    values = dict(EXTERNALS) | _of_archive(archive)
    if manifest:
        values |= _of_manifest(manifest)
    if signatures:
        values |= {
            "verified": signatures.verified,
            "debug_certificate": any(one.debug or bool(one.public_test_key) for one in signatures.certificates),
        }
    if code:
        values |= _of_code(code)
    return values


def _of_archive(archive: Archive) -> dict[str, Value]:
    ends = Counter(entry.name.rsplit(".", 1)[-1].lower() for entry in archive.entries)
    return {
        "member_count": len(archive.entries),
        "dex_count": ends["dex"],
        "native_count": ends["so"],
        "archive_tricks": len(archive.evidence),
    }


def _of_manifest(manifest: Manifest) -> dict[str, Value]:
    asked = {one.name for one in manifest.permissions} | {one.permission for one in manifest.components}
    short = {name.removeprefix("android.permission.") for name in asked}
    granted: dict[str, Value] = {name: not short.isdisjoint(wanted) for name, wanted in _GRANTS.items()}
    if any(one.foreground_types & _MEDIA_PROJECTION for one in manifest.components):
        granted["has_projection"] = True
    return granted | {
        "label": "\n".join(sorted(set(manifest.labels.values()))),
        "package": manifest.package,
        "permissions": "\n".join(sorted(one.name for one in manifest.permissions)),
        "permission_count": len(manifest.permissions),
        "component_count": len(manifest.components),
        "min_sdk": manifest.min_sdk,
        "target_sdk": manifest.target_sdk,
        "hidden_launcher": manifest.flags.hidden_launcher,
        "debuggable": manifest.flags.debuggable,
        "cleartext": manifest.network.cleartext,
        "trusts_user_certificates": manifest.network.user_authorities,
    }


def _of_code(code: Code) -> dict[str, Value]:
    return {
        "packer": "\n".join(code.packers),
        "framework": "\n".join(one.name for one in code.frameworks),
        "app_id": "\n".join(one.app_id for one in code.frameworks if one.app_id),
        "shell_only": code.shell_only,
        "method_count": code.methods,
    }
