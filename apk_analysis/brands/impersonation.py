"""Whether an app bears the name of a brand that did not sign it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from apk_analysis.brands.names import alike, normalised
from apk_analysis.brands.table import Brand
from apk_analysis.report.facts import Impersonation

LEAST = 0.6


def wears(labels: Iterable[str], package: str, signers: Collection[str], brands: Iterable[Brand]) -> Impersonation | None:
    """The brand whose name it bears without its certificate, the closest one; None when there is none.

    An app under a brand's own package is never one while the brand's certificates are not known: it may be the real one.
    """
    names = [one for one in map(normalised, labels) if one]
    found = [one for brand in brands if (one := _worn(names, package, signers, brand))]
    return max(found, key=lambda one: one.similarity, default=None)


def signed_by(package: str, signers: Collection[str], brands: Iterable[Brand]) -> str:
    """The brand that this app is of, by package and a known certificate; "" when none."""
    return next((one.brand for one in brands if package in one.packages and one.certificates & set(signers)), "")


def _worn(names: list[str], package: str, signers: Collection[str], brand: Brand) -> Impersonation | None:
    if brand.certificates & set(signers) or (package in brand.packages and not brand.certificates):
        return None
    if package in brand.packages:
        return Impersonation(brand.brand, ("package",), 1.0, f"使用“{brand.brand}”的包名，但不是其证书签名", f"bears the package of {brand.brand} without its certificate")
    close = max((alike(name, one) for name in names for one in brand.names), default=0.0)
    if close < LEAST:
        return None
    how = "相同" if close == 1.0 else "近似"
    return Impersonation(brand.brand, ("label",), close, f"名称与“{brand.brand}”{how}，但不是该机构的包名和证书", f"its name is {'that of' if close == 1.0 else 'close to that of'} {brand.brand}, its package and certificate are not")
