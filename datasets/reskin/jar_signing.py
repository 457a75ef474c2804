"""JAR signing (scheme v1): a manifest of digests, a signature file over it, and a PKCS#7 block over that."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LINE_BYTES = 70


def add_jar_signature(
    apk: bytes, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey, certificate: bytes,
    scheme_numbers: Sequence[str] = (), stem: str = "CERT",
) -> bytes:  # fmt: skip
    """`apk` with three more entries in META-INF; `scheme_numbers` are announced against stripping.

    Raises TypeError for a DSA key: the library's PKCS#7 has none.
    """
    if isinstance(key, dsa.DSAPrivateKey):
        raise TypeError("v1 is signed by RSA and EC keys here")
    with zipfile.ZipFile(io.BytesIO(apk)) as archive:
        contents = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    named = {name: content for name, content in contents.items() if not name.startswith("META-INF/")}
    sections = {name: _section(name, content) for name, content in named.items()}
    main = b"Manifest-Version: 1.0\r\nCreated-By: fraud-guard\r\n\r\n"
    manifest = main + b"".join(sections.values())
    signature_file = _signature_file(manifest, sections, scheme_numbers)
    options = [PKCS7Options.DetachedSignature, PKCS7Options.NoAttributes, PKCS7Options.Binary]
    builder = PKCS7SignatureBuilder().set_data(signature_file)
    builder = builder.add_signer(x509.load_der_x509_certificate(certificate), key, hashes.SHA256())
    kind = "RSA" if isinstance(key, rsa.RSAPrivateKey) else "EC"
    return _with_entries(apk, {
        "META-INF/MANIFEST.MF": manifest, f"META-INF/{stem}.SF": signature_file,
        f"META-INF/{stem}.{kind}": builder.sign(Encoding.DER, options),
    })  # fmt: skip


def _signature_file(manifest: bytes, sections: dict[str, bytes], scheme_numbers: Sequence[str]) -> bytes:
    head = b"Signature-Version: 1.0\r\nCreated-By: fraud-guard\r\n"
    head += b"SHA-256-Digest-Manifest: " + _digest(manifest) + b"\r\n"
    if scheme_numbers:
        head += b"X-Android-APK-Signed: " + ", ".join(scheme_numbers).encode() + b"\r\n"
    return head + b"\r\n" + b"".join(_section(name, section) for name, section in sections.items())


def _section(name: str, content: bytes) -> bytes:
    line = b"Name: " + name.encode()
    pieces = [line[:_LINE_BYTES]] + [
        b" " + line[at : at + _LINE_BYTES - 1] for at in range(_LINE_BYTES, len(line), _LINE_BYTES - 1)
    ]
    return b"\r\n".join(pieces) + b"\r\nSHA-256-Digest: " + _digest(content) + b"\r\n\r\n"


def _digest(content: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(content).digest())


def _with_entries(apk: bytes, entries: dict[str, bytes]) -> bytes:
    """`apk` with these entries at its end, the others byte for byte where they were."""
    out = io.BytesIO(apk)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name, _EARLIEST), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
