"""The fingerprint of an app: what the index keeps of it, and how it is made from what was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from apk_analysis.appearance.facts import Appearance, no_looks
from apk_analysis.brands.names import normalised
from apk_analysis.certificate.results import Signatures
from apk_analysis.certificate.x509 import Certificate
from apk_analysis.code.facts import Code, Module, no_hashes
from apk_analysis.code.hash_sets import unique
from apk_analysis.code.libraries import is_library
from apk_analysis.code.mixing import Hashes
from apk_analysis.errors import UnreadableMember
from apk_analysis.manifest.facts import Manifest

VERSION = 1
MOST_HASHES, MOST_FILES, MOST_IMAGES, MOST_HOSTS = 1_024, 512, 256, 64
MOST_MODULES, MODULE_HASHES = 32, 128
EVERYTHING = (1 << 64) - 1


class Sketch(msgspec.Struct, frozen=True):
    """The lowest of a set of hashes, sorted, and of them all those up to `bound`; `size` is how many there are in all."""

    values: Hashes = msgspec.field(default_factory=no_hashes)
    bound: int = EVERYTHING
    size: int = 0


def sketch(values: Hashes, most: int = MOST_HASHES) -> Sketch:
    """The `most` lowest of `values`: two sketches can be compared up to the lower of their bounds."""
    once = unique(values)
    if len(once) <= most:
        return Sketch(once, EVERYTHING, len(once))
    return Sketch(once[:most].copy(), int(once[most - 1]), len(once))


class Fingerprint(msgspec.Struct, frozen=True):
    """What two apps are compared by.

    `methods`, `grams`: of the app's own code, libraries known by name left out; `core`: of the packages that hold what the manifest starts, a framework's where nothing else does;
    `files`: of resources and assets.
    `name`: the label made comparable. `signers`: SHA-256 of certificates and of public keys whose private key is not public, those of the lineage too.
    `public_keys`: of the others, which anybody can sign with. `shell_only`: the code is a packer's and says nothing.
    """

    sha256: str
    package: str = ""
    version_code: int = 0
    label: str = ""
    name: str = ""
    signers: tuple[str, ...] = ()
    public_keys: tuple[str, ...] = ()
    methods: Sketch = Sketch()
    core: Sketch = Sketch()
    grams: Sketch = Sketch()
    files: Sketch = Sketch()
    layouts: Sketch = Sketch()
    images: Hashes = msgspec.field(default_factory=no_looks)
    icon: Hashes = msgspec.field(default_factory=no_looks)
    icon_png: bytes = b""
    app_ids: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    modules: tuple[Module, ...] = ()
    shell_only: bool = False
    version: int = VERSION


def fingerprint_of(
    sha256: str, manifest: Manifest, signatures: Signatures, code: Code, appearance: Appearance, hosts: Iterable[str] = ()
) -> Fingerprint:
    """The fingerprint of an app; `hosts` are those that it talks to, benign infrastructure left out."""
    started = {one.name.rpartition(".")[0] for one in manifest.components}
    label = (appearance.labels or tuple(manifest.labels.values()) or ("",))[0]
    own = () if code.shell_only else [one for one in code.modules if not is_library(one.name)]
    return Fingerprint(
        sha256=sha256, package=manifest.package, version_code=manifest.version_code,
        label=label, name=normalised(label),
        signers=_signers(signatures), public_keys=tuple(sorted({one.sha256 for one in signatures.certificates if is_public(one)})), methods=sketch(_all_of(own)),
        core=sketch(_all_of([one for one in own if one.name in started] or [one for one in code.modules if one.name in started and not code.shell_only])),
        grams=Sketch() if code.shell_only else sketch(code.own_grams),
        files=sketch(appearance.files, MOST_FILES), layouts=sketch(appearance.layouts, MOST_FILES),
        images=appearance.images[:MOST_IMAGES], icon=appearance.icon, icon_png=appearance.icon_png,
        app_ids=tuple(f"{one.name}:{one.app_id}" for one in code.frameworks if one.app_id),
        frameworks=tuple(one.name for one in code.frameworks), hosts=tuple(sorted(set(hosts)))[:MOST_HOSTS],
        components=tuple(sorted({one.name.rpartition(".")[2] for one in manifest.components if not is_library(one.name.rpartition(".")[0])})),
        modules=_largest(own), shell_only=code.shell_only,
    )  # fmt: skip


def _signers(signatures: Signatures) -> tuple[str, ...]:
    of_its_own = [one for one in (*signatures.certificates, *signatures.lineage) if not is_public(one)]
    return tuple(sorted({sha for one in of_its_own for sha in (one.sha256, one.public_key_sha256)}))


def is_public(certificate: Certificate) -> bool:
    """Whether everybody can sign with its key: then it names nobody."""
    return bool(certificate.public_test_key)


def _all_of(modules: Sequence[Module]) -> Hashes:
    return np.concatenate([one.method_hashes for one in modules]) if modules else no_hashes()


def _largest(modules: Sequence[Module]) -> tuple[Module, ...]:
    largest = sorted(modules, key=lambda one: (-len(one.method_hashes), one.name))[:MOST_MODULES]
    return tuple(Module(one.name, one.method_hashes[:MODULE_HASHES]) for one in largest)


# --- as bytes ------------------------------------------------------------------------------


def encode(fingerprint: Fingerprint) -> bytes:
    """As MessagePack; arrays as their bytes, little-endian."""
    return msgspec.msgpack.encode(fingerprint, enc_hook=_array_bytes)


def decode(data: bytes) -> Fingerprint:
    """Raises UnreadableMember for what is no fingerprint of this version."""
    try:
        found = msgspec.msgpack.decode(data, type=Fingerprint, dec_hook=_array)
    except (msgspec.MsgspecError, ValueError, OverflowError) as broken:
        raise UnreadableMember(f"a stored fingerprint is damaged: {broken}") from broken
    if found.version != VERSION:
        raise UnreadableMember(f"a stored fingerprint is of version {found.version}, not {VERSION}; make the index anew")
    if not _well_formed(found):
        raise UnreadableMember("a stored fingerprint is damaged: arrays of another shape")
    return found


def _well_formed(f: Fingerprint) -> bool:
    """Whether it is as `fingerprint_of` makes them: one that a sandbox told may be a lie."""
    sketches = ((f.methods, MOST_HASHES), (f.core, MOST_HASHES), (f.grams, MOST_HASHES), (f.files, MOST_FILES), (f.layouts, MOST_FILES))
    sets = [*((one.values, most) for one, most in sketches), *((one.method_hashes, MODULE_HASHES) for one in f.modules)]
    return (
        all(one.ndim == 1 and len(one) <= most and bool(np.all(one[1:] > one[:-1])) for one, most in sets)
        and all(one.shape[1:] == (2,) and len(one) <= MOST_IMAGES for one in (f.images, f.icon))
        and all(0 <= one.bound <= EVERYTHING for one, _ in sketches)
    )


def _array_bytes(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"rows": list(value.shape), "data": value.astype("<u8").tobytes()}
    raise NotImplementedError


class _Stored(msgspec.Struct):
    rows: tuple[int, ...]
    data: bytes


def _array(kind: Any, value: Any) -> Any:
    del kind
    stored = msgspec.convert(value, _Stored)
    return np.frombuffer(stored.data, "<u8").reshape(stored.rows).astype(np.uint64)
