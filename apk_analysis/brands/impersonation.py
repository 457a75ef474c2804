"""Whether an app bears the name or the icon of a brand that did not sign it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from apk_analysis.appearance.facts import no_looks
from apk_analysis.appearance.pictures import CROPS, same_icon
from apk_analysis.brands.names import alike, normalised
from apk_analysis.brands.table import Brand
from apk_analysis.code.mixing import Hashes
from apk_analysis.report.facts import Impersonation

LEAST = 0.6
OF_A_PATTERN, OF_AN_ICON = 0.9, 0.9


def wears(labels: Iterable[str], package: str, signers: Collection[str], brands: Iterable[Brand], icon: Hashes | None = None) -> Impersonation | None:
    """The brand whose name or icon it bears without its certificate, the closest one; None when there is none. `icon`: the looks of its icon.

    An app under a brand's own package is never one while the brand's certificates are not known: it may be the real one.
    """
    names, looks = [one for one in map(normalised, labels) if one], no_looks() if icon is None else icon
    found = [one for brand in brands if (one := _worn(names, looks, package, signers, brand))]
    return max(found, key=lambda one: (one.similarity, len(one.by)), default=None)


def signed_by(package: str, signers: Collection[str], brands: Iterable[Brand]) -> str:
    """The brand that this app is of, by package and a known certificate; "" when none."""
    return next((one.brand for one in brands if package in one.packages and one.certificates & set(signers)), "")


def _worn(names: list[str], icon: Hashes, package: str, signers: Collection[str], brand: Brand) -> Impersonation | None:
    if brand.certificates & set(signers) or (package in brand.packages and not brand.certificates):
        return None
    close = {"package": 1.0 if package in brand.packages else 0.0, "label": _named(names, brand), "icon": OF_AN_ICON if _looks_alike(icon, brand) else 0.0}
    by = tuple(what for what, likeness in close.items() if likeness >= LEAST)
    if not by:
        return None
    zh, en = _in_words(by, close["label"], brand)
    return Impersonation(brand.brand, by, max(close.values()), zh, en)


def _named(names: list[str], brand: Brand) -> float:
    close = max((alike(name, one) for name in names for one in brand.names), default=0.0)
    fits = any(re.fullmatch(one, name) for one in brand.patterns for name in names)
    return max(close, OF_A_PATTERN if fits else 0.0)


def _looks_alike(icon: Hashes, brand: Brand) -> bool:
    return any(same_icon(icon, brand.icons[i : i + CROPS]) for i in range(0, len(brand.icons), CROPS)) if len(icon) else False


def _in_words(by: tuple[str, ...], label: float, brand: Brand) -> tuple[str, str]:
    if "package" in by:
        return f"使用“{brand.brand}”的包名，但不是其证书签名", f"bears the package of {brand.brand} without its certificate"
    zh = {"label": f"名称与“{brand.brand}”{'相同' if label == 1.0 else '近似'}", "icon": f"图标与“{brand.brand}”近似"}
    en = {"label": f"its name is {'that of' if label == 1.0 else 'close to that of'} {brand.brand}", "icon": f"its icon looks like that of {brand.brand}"}
    return f"{'，'.join(zh[one] for one in by)}，但不是该机构的包名和证书", f"{', '.join(en[one] for one in by)}; its package and certificate are not"
