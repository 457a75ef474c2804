"""Checks all signatures of an archive and says what each Android platform from 7 on makes of them."""

from __future__ import annotations

from collections.abc import Iterator

from apk_analysis.certificate.content_digest import ContentDigests
from apk_analysis.certificate.jar import JarResult, check_jar, has_jar_signature
from apk_analysis.certificate.results import Platform, Scheme, Signatures, Signer
from apk_analysis.certificate.schemes import SCHEME_IDS, check_scheme
from apk_analysis.certificate.signing_block import SigningBlock, find_signing_block
from apk_analysis.certificate.wording import NOTES
from apk_analysis.certificate.x509 import Certificate
from apk_analysis.errors import UnreadableMember
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive

PLATFORMS = (24, 26, 28, 33)        # what came with each: v2, the sandbox rule, v3, v3.1
_SANDBOX_SDK = 26
_SCHEME_NUMBERS = {2: "v2", 3: "v3"}
_V4_VERSION = b"\2\0\0\0"
_KNOWN_PAIRS = {
    *SCHEME_IDS.values(), 0x4272_6577, 0x504B_4453, 0x2B09_189E, 0x6DFF_800D, 0x2146_444E,
}  # fmt: skip
_CHANNEL_PAIRS = {0x7177_7777, 0x8811_55FF}     # Walle and VasDolly


def verify_signatures(
    archive: Archive, *, min_sdk: int = 1, target_sandbox: int = 1, idsig: bytes = b""
) -> Signatures:
    """All schemes, checked; raises nothing.

    `min_sdk` and `target_sandbox` come from the manifest, `idsig` is the v4 signature that may come beside an APK.
    """
    ledger = Ledger(NOTES)
    schemes, announced = _check_all(archive, ledger)
    platforms = tuple(_platforms(schemes, announced, min_sdk, target_sandbox))
    newest = schemes.get(platforms[-1].scheme) if platforms[-1].verified else None
    current = _signers_for(newest, platforms[-1].since_sdk) if newest else []
    certificates = tuple(one.certificate for one in current if one.certificate)
    lineage = current[0].lineage if len(current) == 1 else ()
    _note(schemes, platforms, certificates, lineage, ledger)
    return Signatures(
        all(one.verified for one in platforms), platforms[-1].verified, platforms, tuple(schemes.values()),
        certificates, lineage, idsig[:4] == _V4_VERSION, ledger.evidence(),
    )  # fmt: skip


def _check_all(archive: Archive, ledger: Ledger) -> tuple[dict[str, Scheme], frozenset[int]]:
    """Each scheme that is there, newest first, and those that v1 announces by number."""
    block = _block(archive, ledger)
    present = {name for name, number in SCHEME_IDS.items() if block and number in block.values}
    schemes: dict[str, Scheme] = {}
    if block:
        digests = ContentDigests(archive, block)
        for name in ("v3.1", "v3", "v2"):
            if name in present:
                schemes[name] = check_scheme(name, block.values[SCHEME_IDS[name]], digests, present)
        _note_pairs(block, ledger)
    jar = JarResult(Scheme("v1"))
    if has_jar_signature(archive):
        jar = check_jar(archive, entries_too=not present)
        schemes["v1"] = jar.scheme
    return schemes, jar.announced


def _block(archive: Archive, ledger: Ledger) -> SigningBlock | None:
    try:
        return find_signing_block(archive)
    except UnreadableMember as problem:
        ledger.note("signing_block_damaged", problem)
        return None


def _note_pairs(block: SigningBlock, ledger: Ledger) -> None:
    for number, value in block.values.items():
        if number in _CHANNEL_PAIRS:
            ledger.note("channel_marker", value[:120].decode("utf-8", "replace"))
        elif number not in _KNOWN_PAIRS:
            ledger.note("unknown_pair", f"0x{number:08x}: {len(value)} bytes")


def _platforms(
    schemes: dict[str, Scheme], announced: frozenset[int], min_sdk: int, target_sandbox: int
) -> Iterator[Platform]:
    """One verdict for each platform that the APK is for; at least for the newest."""
    for since, following in zip(PLATFORMS, (*PLATFORMS[1:], 0), strict=True):
        if following == 0 or min_sdk < following:
            yield _platform(schemes, announced, max(since, min_sdk), target_sandbox)


def _platform(schemes: dict[str, Scheme], announced: frozenset[int], sdk: int, target_sandbox: int) -> Platform:
    name = _scheme_of(schemes, sdk)
    if not name:
        return Platform(sdk, "", verified=False, problems=("no signature that this platform knows",))
    scheme = schemes[name]
    problems = list(scheme.problems)
    signers = _signers_for(scheme, sdk)
    problems += [problem for signer in signers for problem in signer.problems]
    if not signers and not problems:
        problems.append("no signer for this platform")
    if name in {"v3", "v3.1"} and len(signers) > 1:
        problems.append("several signers for this platform")
    if name == "v1":
        problems += [
            f"the {scheme_name} signature was stripped"
            for number, scheme_name in _SCHEME_NUMBERS.items()
            if number in announced and (number == 2 or sdk >= 28)
        ]
        if target_sandbox > 1 and sdk >= _SANDBOX_SDK:
            problems.append("targetSandboxVersion needs scheme v2 or newer")
    return Platform(sdk, name, not problems, tuple(problems))


def _scheme_of(schemes: dict[str, Scheme], sdk: int) -> str:
    """The scheme that a platform goes by: the newest that it knows and that is there."""
    if sdk >= 33 and "v3.1" in schemes and (_signers_for(schemes["v3.1"], sdk) or schemes["v3.1"].problems):
        return "v3.1"
    for since, name in ((28, "v3"), (24, "v2"), (0, "v1")):
        if sdk >= since and name in schemes:
            return name
    return ""


def _signers_for(scheme: Scheme, sdk: int) -> list[Signer]:
    """The signers of a scheme that are for this platform."""
    if scheme.name in {"v1", "v2"}:
        return list(scheme.signers)
    return [one for one in scheme.signers if one.min_sdk <= sdk <= one.max_sdk or one.certificate is None]


def _note(
    schemes: dict[str, Scheme], platforms: tuple[Platform, ...], certificates: tuple[Certificate, ...],
    lineage: tuple[Certificate, ...], ledger: Ledger,
) -> None:  # fmt: skip
    if not schemes:
        ledger.note("unsigned")
    elif set(schemes) == {"v1"}:
        ledger.note("v1_only")
    for problem in {problem for platform in platforms if platform.scheme for problem in platform.problems}:
        ledger.note("signature_stripped" if "stripped" in problem else "signature_invalid", problem)
    for one in certificates:
        _note_certificate(one, ledger)
    if len(lineage) > 1:
        ledger.note("rotated", lineage[0].sha256)
    _note_signers(schemes, lineage, ledger)


def _note_certificate(one: Certificate, ledger: Ledger) -> None:
    if one.public_test_key:
        ledger.note("public_test_key", one.public_test_key)
    if one.debug:
        ledger.note("debug_key", one.subject)
    if one.strict and one.not_after_s <= one.not_before_s:
        ledger.note("expired", one.sha256)


def _note_signers(schemes: dict[str, Scheme], lineage: tuple[Certificate, ...], ledger: Ledger) -> None:
    """Schemes signed by certificates that no lineage joins, and weak digests."""
    known = {one.sha256 for one in lineage}
    found: set[frozenset[str]] = set()
    for scheme in schemes.values():
        digests = {one.certificate.sha256 for one in scheme.signers if one.certificate} - known
        if digests:
            found.add(frozenset(digests))
        if any("MD5" in name or "SHA1" in name for one in scheme.signers for name in one.algorithms):
            ledger.note("weak_digest", scheme.name)
    if len(found) > 1 or (known and found):
        ledger.note("signers_differ", ", ".join(schemes))
