"""The proof of rotation: each certificate of a chain signed for by the one before it."""

from __future__ import annotations

from apk_analysis.certificate.algorithms import SCHEME_ALGORITHMS, signature_holds
from apk_analysis.certificate.signing_block import Fields
from apk_analysis.certificate.x509 import Signed, read_certificate
from apk_analysis.errors import UnreadableMember

VERSION = 1
MOST_CERTIFICATES = 100


def read_lineage(data: bytes) -> list[Signed]:
    """The certificates of a proof, oldest first; raises UnreadableMember when a link does not hold."""
    fields = Fields(data)
    if fields.number() != VERSION:
        raise UnreadableMember("lineage: unknown version")
    chain: list[Signed] = []
    promised = 0
    for node in fields.fields():
        if len(chain) == MOST_CERTIFICATES:
            raise UnreadableMember("lineage: too many certificates")
        certificate, promised = _link(node, chain[-1] if chain else None, promised)
        if any(certificate.der == known.der for known in chain):
            raise UnreadableMember("lineage: a certificate occurs twice")
        chain.append(certificate)
    return chain


def _link(node: bytes, before: Signed | None, promised: int) -> tuple[Signed, int]:
    """The certificate of a node, checked against the one before, and the algorithm it promises for the next."""
    fields = Fields(node)
    signed = fields.field()
    fields.number()         # what the older key may still do
    following, signature = fields.number(), fields.field()
    inner = Fields(signed)
    certificate, algorithm = read_certificate(inner.field()), inner.number()
    if before is not None:
        known = SCHEME_ALGORITHMS.get(promised)
        if algorithm != promised or known is None or not signature_holds(before.public_key, known, signature, signed):
            raise UnreadableMember("lineage: a certificate is not signed for by the one before")
    return certificate, following
