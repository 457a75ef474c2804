"""What a manifest says, as frozen types."""

from __future__ import annotations

import msgspec

from apk_analysis.evidence import Evidence


class Permission(msgspec.Struct, frozen=True):
    """A permission that is asked for, explained; `level` is how dangerous: normal, dangerous, special, signature or unknown.

    `since_sdk` and `max_sdk` bound the platforms where it is asked for; 0 = no bound.
    """

    name: str
    level: str
    zh: str
    en: str
    since_sdk: int = 0
    max_sdk: int = 0


class Combination(msgspec.Struct, frozen=True):
    """Abilities that scam apps have together; `found` names what of the manifest grants them."""

    id: str
    weight: float
    zh: str
    en: str
    found: tuple[str, ...]


class Filter(msgspec.Struct, frozen=True):
    """An intent filter."""

    actions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    priority: int = 0


class Component(msgspec.Struct, frozen=True):
    """An activity, alias, service, receiver or provider; `exported` by Android's rules where it is not said."""

    kind: str
    name: str
    exported: bool
    enabled: bool = True
    permission: str = ""
    process: str = ""
    target: str = ""
    authorities: str = ""
    foreground_types: int = 0
    filters: tuple[Filter, ...] = ()


class IconFile(msgspec.Struct, frozen=True):
    """A file of an icon; `density` in dpi, 0 = none given, 65534 = any."""

    path: str
    density: int = 0


class Icon(msgspec.Struct, frozen=True):
    """The icon's files, and of an adaptive one the files or colours (#aarrggbb) of its layers."""

    files: tuple[IconFile, ...] = ()
    background: tuple[str, ...] = ()
    foreground: tuple[str, ...] = ()
    adaptive: bool = False


class NetworkSecurity(msgspec.Struct, frozen=True):
    """Whom the app trusts: traffic in the clear, authorities that a user (or a thief) added, pinned keys."""

    cleartext: bool
    user_authorities: bool = False
    cleartext_hosts: tuple[str, ...] = ()
    pinned_hosts: tuple[str, ...] = ()
    configured: bool = False


class Flags(msgspec.Struct, frozen=True):
    """What stands out about an app as a whole."""

    debuggable: bool = False
    test_only: bool = False
    hidden_launcher: bool = False
    split: bool = False
    needs_splits: bool = False
    backup: bool = True
    has_code: bool = True


class Manifest(msgspec.Struct, frozen=True):
    """The manifest. `labels` by locale ("" = default); `parser` says which reader it is from."""

    package: str = ""
    version_code: int = 0
    version_name: str = ""
    min_sdk: int = 1
    target_sdk: int = 1
    target_sandbox: int = 1
    labels: dict[str, str] = {}
    icon: Icon = Icon()
    permissions: tuple[Permission, ...] = ()
    declared_permissions: tuple[str, ...] = ()
    combinations: tuple[Combination, ...] = ()
    components: tuple[Component, ...] = ()
    main_activities: tuple[str, ...] = ()
    application: str = ""
    shared_user: str = ""
    meta_data: dict[str, str] = {}
    features: tuple[str, ...] = ()
    network: NetworkSecurity = NetworkSecurity(cleartext=True)
    flags: Flags = Flags()
    evidence: tuple[Evidence, ...] = ()
    parser: str = ""
