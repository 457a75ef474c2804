"""What the checking of signatures gives: results by scheme, and what Android makes of them by platform."""

from __future__ import annotations

import msgspec

from apk_analysis.certificate.x509 import Certificate
from apk_analysis.evidence import Evidence


class Signer(msgspec.Struct, frozen=True):
    """One signer of one scheme; `problems` is empty exactly when its signature and digests hold.

    `min_sdk` and `max_sdk` bound the platforms that it is for (v3 and v3.1).
    """

    certificate: Certificate | None
    algorithms: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    min_sdk: int = 0
    max_sdk: int = 0
    lineage: tuple[Certificate, ...] = ()


class Scheme(msgspec.Struct, frozen=True):
    """One scheme that was found: v1, v2, v3 or v3.1, by its signers; `problems` concern all of it."""

    name: str
    signers: tuple[Signer, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether the scheme and every signer hold."""
        return bool(self.signers) and not self.problems and not any(one.problems for one in self.signers)


class Platform(msgspec.Struct, frozen=True):
    """What Android from API level `since_sdk` on makes of it: the scheme it goes by, and whether it installs."""

    since_sdk: int
    scheme: str
    verified: bool
    problems: tuple[str, ...] = ()


class Signatures(msgspec.Struct, frozen=True):
    """All signatures of an APK.

    `verified`: every platform from Android 7 on that the APK is for would take it. `accepted`: the newest would.
    `certificates` are those of the current signers, from a *verified* scheme only; `lineage` the
    certificates that the newest of them proves to have had, oldest first.
    """

    verified: bool
    accepted: bool
    platforms: tuple[Platform, ...]
    schemes: tuple[Scheme, ...]
    certificates: tuple[Certificate, ...]
    lineage: tuple[Certificate, ...] = ()
    has_v4: bool = False
    evidence: tuple[Evidence, ...] = ()
