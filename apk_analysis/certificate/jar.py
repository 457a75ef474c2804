"""JAR signing (scheme v1): signature over the signature file, that over the manifest, that over every entry."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from apk_analysis.certificate.jar_manifest import Section, digest_holds, read_sections
from apk_analysis.certificate.pkcs7 import verify_block
from apk_analysis.certificate.results import Scheme, Signer
from apk_analysis.certificate.x509 import Certificate
from apk_analysis.errors import ApkError, UnreadableMember
from apk_analysis.intake.archive import Archive

MANIFEST = "META-INF/MANIFEST.MF"
FOLDER = "META-INF/"
_KINDS = (".RSA", ".DSA", ".EC")
_SIGNED_BY = "x-android-apk-signed"
MOST_SIGNERS = 10
MOST_PROBLEMS = 20


class JarResult(msgspec.Struct, frozen=True):
    """The scheme, and the newer schemes (by number) that its signature files say were there when signed."""

    scheme: Scheme
    announced: frozenset[int] = frozenset()


def has_jar_signature(archive: Archive) -> bool:
    """Whether there is a signature block of scheme v1."""
    return any(True for _ in _blocks(archive))


def check_jar(archive: Archive, *, entries_too: bool) -> JarResult:
    """Check scheme v1. Without `entries_too` the entries' own digests are left out.

    Android goes by v1 only where there is no newer scheme; then every entry counts.
    """
    try:
        manifest = archive.read(MANIFEST)
        main, sections = read_sections(manifest)
    except ApkError as problem:
        return JarResult(Scheme("v1", problems=(str(problem),)))
    signers: list[Signer] = []
    announced: set[int] = set()
    covered: list[set[str]] = []
    for stem, extension in _blocks(archive):
        signer, ids, names = _check_signer(archive, stem, extension, (manifest, main, sections))
        signers.append(signer)
        announced |= ids
        covered.append(names)
    problems = tuple(_entry_problems(archive, sections, covered)) if entries_too and signers else ()
    return JarResult(Scheme("v1", tuple(signers), problems[:MOST_PROBLEMS]), frozenset(announced))


def _blocks(archive: Archive) -> Iterator[tuple[str, str]]:
    """Stem and extension of each signature block."""
    found = 0
    for entry in archive.entries:
        stem, dot, extension = entry.name.rpartition(".")
        if dot and entry.name.startswith(FOLDER) and "/" not in stem[len(FOLDER) :] and dot + extension.upper() in _KINDS:
            found += 1
            if found <= MOST_SIGNERS:
                yield stem, dot + extension


def _check_signer(
    archive: Archive, stem: str, extension: str, manifest: tuple[bytes, Section, dict[str, Section]]
) -> tuple[Signer, set[int], set[str]]:
    """One signer, the scheme numbers it announces, and the entries that it vouches for."""
    certificate: Certificate | None = None
    algorithm: tuple[str, ...] = ()
    try:
        signature_file = archive.read(f"{stem}.SF")
        verified = verify_block(archive.read(stem + extension), signature_file)
        certificate, algorithm = verified.certificate.facts, (verified.algorithm,)
        main, sections = read_sections(signature_file)
        if "signature-version" not in main.attributes:
            raise UnreadableMember("signature file: no version")
        _check_manifest(main, sections, *manifest)
    except ApkError as problem:
        return Signer(certificate, algorithm, (str(problem),)), set(), set()
    ids = {int(part) for part in main.attributes.get(_SIGNED_BY, "").replace(" ", "").split(",") if part.isdecimal()}
    return Signer(certificate, algorithm), ids, set(sections)


def _check_manifest(
    main: Section, sections: dict[str, Section], manifest: bytes, manifest_main: Section, named: dict[str, Section]
) -> None:
    """Raises UnreadableMember unless the signature file vouches for the manifest, whole or section by section."""
    if digest_holds(main, "-Manifest", manifest):
        return
    if digest_holds(main, "-Manifest-Main-Attributes", manifest_main.raw) is False:
        raise UnreadableMember("signature file: main section of the manifest was changed")
    by_signtool = "signtool" in main.attributes.get("created-by", "")
    for name, section in sections.items():
        if name not in named:
            raise UnreadableMember(f"signature file: the manifest has no section {name!r:.80}")
        raw = named[name].raw
        if by_signtool and raw.endswith(b"\n\n"):
            raw = raw[:-1]
        if not digest_holds(section, "", raw):
            raise UnreadableMember(f"signature file: the manifest's section {name!r:.80} was changed")


def _entry_problems(archive: Archive, sections: dict[str, Section], covered: list[set[str]]) -> Iterator[str]:
    """Entries that nobody signed, that were changed, that are gone, or that occur twice."""
    seen: set[str] = set()
    for entry in archive.entries:
        if entry.name in seen:
            yield f"{entry.name[:80]}: occurs twice"
        seen.add(entry.name)
        if entry.name.startswith(FOLDER) or entry.is_directory:
            continue
        if entry.name not in sections or any(entry.name not in names for names in covered):
            yield f"{entry.name[:80]}: not signed"
            continue
        try:
            holds = digest_holds(sections[entry.name], "", archive.read(entry))
        except ApkError as problem:
            yield str(problem)
            continue
        if not holds:
            yield f"{entry.name[:80]}: the content was changed"
    for name in sections.keys() - seen:
        yield f"{name[:80]}: signed, but missing"
