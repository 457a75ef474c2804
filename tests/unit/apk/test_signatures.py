"""Signatures are checked as Android checks them: every change, cut and lie is noticed."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apk_analysis.certificate.asn1 import parse
from apk_analysis.certificate.pkcs7 import verify_block
from apk_analysis.certificate.results import Signatures
from apk_analysis.certificate.verify import verify_signatures
from apk_analysis.certificate.x509 import read_certificate
from apk_analysis.errors import ApkError
from apk_analysis.intake.archive import open_archive
from datasets.reskin.signing import (
    ALGORITHMS,
    LINEAGE,
    SCHEME_IDS,
    Key,
    SignerFields,
    content_digest,
    insert_block,
    lineage,
    make_key,
    scheme_value,
    sign,
)
from tests.archives import Member, archive

PLAIN = archive(
    Member(b"AndroidManifest.xml", b"manifest" * 30), Member(b"classes.dex", b"code" * 900, method=0),
    Member(b"res/a-name-that-is-longer-than-a-line-of-a-jar-manifest-may-be-in-bytes.png", b"picture"),
)  # fmt: skip


@cache
def key(kind: str = "ec", number: int = 0) -> Key:
    return make_key(kind, name=f"Nobody {number}")


@cache
def signed(*schemes: str, kind: str = "ec") -> bytes:
    return sign(PLAIN, key(kind), schemes=schemes)


def checked(apk: bytes, **facts: int) -> Signatures:
    return verify_signatures(open_archive(apk), **facts)


def codes(result: Signatures) -> set[str]:
    return {item.code for item in result.evidence}


def forged(change: Callable[[SignerFields], SignerFields], scheme: str = "v2", algorithms: tuple[int, ...] = (0x201,)) -> Signatures:
    """An APK whose only signer was changed before it was put into bytes."""
    room = insert_block(PLAIN, [])
    digests = [(number, content_digest(room, ALGORITHMS[number][1])) for number in algorithms if number in ALGORITHMS]
    fields = SignerFields(scheme, key(), algorithms, digests, [key().certificate])
    return checked(insert_block(PLAIN, [(SCHEME_IDS[scheme], scheme_value([change(fields)]))]))


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("schemes", [("v1",), ("v2",), ("v3",), ("v1", "v2"), ("v1", "v2", "v3")])
def test_each_scheme_holds(schemes: tuple[str, ...], kind: str) -> None:
    """What was signed holds on the newest platform, by the newest scheme, and names the signer."""
    result = checked(signed(*schemes, kind=kind))
    assert result.accepted and result.platforms[-1].scheme == schemes[-1]
    assert [one.sha256 for one in result.certificates] == [read_certificate(key(kind).certificate).facts.sha256]
    assert not {"signature_invalid", "signature_stripped", "signers_differ"} & codes(result)


@pytest.mark.parametrize(("kind", "number"), [
    ("rsa", 0x0101), ("rsa", 0x0102), ("rsa", 0x0103), ("rsa", 0x0104), ("ec", 0x0201), ("ec", 0x0202),
    ("dsa", 0x0301), ("rsa", 0x0421), ("ec", 0x0423), ("dsa", 0x0425),
])  # fmt: skip
def test_each_algorithm_holds_and_its_forgery_does_not(kind: str, number: int) -> None:
    """Every algorithm of the schemes is checked for real: another key's signature does not hold."""
    apk = sign(PLAIN, key(kind), schemes=("v2",), algorithms=(number,))
    assert checked(apk).accepted
    other = replace(key(kind, 1), certificate=key(kind).certificate)
    assert not checked(sign(PLAIN, other, schemes=("v2",), algorithms=(number,))).accepted


@given(st.integers(min_value=0), st.integers(0, 7))
@settings(max_examples=300, deadline=None)
def test_no_bit_can_be_changed(position: int, bit: int) -> None:
    """One bit changed anywhere, in any section or in the signing block, and not every platform takes it."""
    apk = bytearray(signed("v1", "v2", "v3"))
    apk[position % len(apk)] ^= 1 << bit
    try:
        result = checked(bytes(apk))
    except ApkError:
        return
    assert not result.verified


@given(st.integers(0, 5_000))
@settings(max_examples=60, deadline=None)
def test_nothing_can_be_cut_off(cut: int) -> None:
    """An archive cut short is taken by nobody."""
    apk = signed("v2", "v3")
    with suppress(ApkError):
        assert cut == 0 or not checked(apk[:-cut]).accepted


def test_a_changed_entry_breaks_the_jar_signature() -> None:
    """Under v1 a changed, an added, a removed and a doubled entry are each named."""
    changed = {
        "classes.dex: the content was changed": signed("v1").replace(b"codecode", b"kodecode"),
        "added.so: not signed": rebuilt(Member(b"added.so", b"new")),
        "classes.dex: signed, but missing": rebuilt(without="classes.dex"),
        "classes.dex: occurs twice": rebuilt(Member(b"classes.dex", b"other")),
    }
    for complaint, apk in changed.items():
        result = checked(apk)
        assert complaint in result.platforms[-1].problems and not result.certificates


def rebuilt(*more: Member, without: str = "") -> bytes:
    """The v1 archive with members added, or one left out, after signing."""
    opened = open_archive(signed("v1"))
    kept = [one for one in opened.entries if one.name != without]
    return archive(*(Member(one.raw_name, opened.read(one)) for one in kept), *more)


@pytest.mark.parametrize("scheme", ["v2", "v3"])
@pytest.mark.parametrize(("change", "complaint"), [
    (lambda one: replace(one, digests=[(0x201, bytes(32))]), "content was changed"),
    (lambda one: replace(one, digests=[(0x103, one.digests[0][1])]), "different algorithms"),
    (lambda one: replace(one, certificates=[]), "no certificate"),
    (lambda one: replace(one, certificates=[key("ec", 1).certificate]), "another key"),
    (lambda one: replace(one, certificates=[b"\x30\x03abc"]), ""),
    (lambda one: replace(one, public_key=key("ec", 1).public), "does not hold"),
    (lambda one: replace(one, public_key=b"garbage"), "does not hold"),
    (lambda one: replace(one, signatures=[]), "no signature of a known algorithm"),
    (lambda one: replace(one, signatures=[(0x9999, b"?")]), "no signature of a known algorithm"),
    (lambda one: replace(one, signatures=[(0x201, b"?")]), "does not hold"),
    (lambda one: replace(one, signatures=[(0x103, b"?")], digests=[(0x103, one.digests[0][1])]), "does not hold"),
])  # fmt: skip
def test_a_lie_in_a_signer_is_its_problem(scheme: str, change: Callable[[SignerFields], SignerFields], complaint: str) -> None:
    """Wrong digests, algorithms, keys and certificates are each refused by their own name."""
    result = forged(change, scheme)
    problems = [problem for one in result.schemes for signer in one.signers for problem in signer.problems]
    assert not result.accepted and not result.certificates and any(complaint in problem for problem in problems)


def test_unknown_algorithms_beside_a_known_one_do_no_harm() -> None:
    """A newer algorithm that we do not know is passed over, as Android does."""
    def with_unknown(one: SignerFields) -> SignerFields:
        return replace(one, digests=[(0x7777, b"?"), *one.digests], algorithms=(0x201,))

    assert not forged(with_unknown).accepted        # the signatures do not name it
    assert forged(lambda one: one).accepted


def test_a_platform_range_must_be_the_signed_one() -> None:
    """v3: a range outside that is not the one inside, or that spares the platform, is refused."""
    assert "platform range" in str(forged(lambda one: replace(one, inner_sdks=(28, 30)), "v3").schemes)
    spared = forged(lambda one: replace(one, sdks=(28, 30)), "v3")
    assert not spared.accepted and "no signer for this platform" in spared.platforms[-1].problems


def test_several_signers_of_v3_on_one_platform_are_refused() -> None:
    """v3 has one signer a platform."""
    room = insert_block(PLAIN, [])
    one = SignerFields("v3", key(), (0x201,), [(0x201, content_digest(room, "sha256"))], [key().certificate])
    assert not checked(insert_block(PLAIN, [(SCHEME_IDS["v3"], scheme_value([one, one]))])).accepted
    assert checked(insert_block(PLAIN, [(SCHEME_IDS["v3"], scheme_value([one]))])).accepted


@pytest.mark.parametrize(("schemes", "drop", "since_sdk"), [
    (("v1", "v2"), "v2", 24), (("v1", "v2", "v3"), "v3", 24), (("v2", "v3"), "v3", 24), (("v1", "v2", "v3"), "v2", 24),
])  # fmt: skip
def test_a_stripped_scheme_is_noticed(schemes: tuple[str, ...], drop: str, since_sdk: int) -> None:
    """What an older scheme says was there and is gone, is named as stripped."""
    apk = signed(*schemes).replace(struct.pack("<I", SCHEME_IDS[drop]), struct.pack("<I", 0x12345678))
    result = checked(apk)
    assert "signature_stripped" in codes(result) and not result.verified
    assert {"unknown_pair"} <= codes(result)


def test_rotation_is_proven_and_a_broken_proof_is_refused() -> None:
    """v3 and v3.1 carry the chain of certificates; a link that does not hold, and a chain of others, do not count."""
    chain = [key("rsa"), key("ec", 1), key("ec", 2)]
    for schemes in (("v1", "v2", "v3"), ("v1", "v2", "v3", "v3.1")):
        result = checked(sign(PLAIN, chain[-1], schemes=schemes, older=chain[:-1]))
        assert result.verified and "rotated" in codes(result) and "signers_differ" not in codes(result)
        assert [one.sha256 for one in result.lineage] == [read_certificate(one.certificate).facts.sha256 for one in chain]
    honest = lineage([key("rsa"), key()])
    wrong = lineage([replace(key("rsa"), private=key("rsa", 1).private), key()])
    other = lineage([key("rsa"), key("ec", 1)])
    for proof, accepted in ((honest, True), (wrong, False), (other, False), (honest[:-4], False), (b"", False)):
        assert forged(lambda one, proof=proof: replace(one, attributes=[(LINEAGE, proof)]), "v3").accepted == accepted


def test_the_newest_key_counts_from_its_platform_on() -> None:
    """With v3.1, Android 12 and older go by the old key, Android 13 and newer by the new one."""
    apk = sign(PLAIN, key(), schemes=("v2", "v3", "v3.1"), older=[key("rsa")])
    result = checked(apk)
    assert [(one.since_sdk, one.scheme) for one in result.platforms] == [(24, "v2"), (26, "v2"), (28, "v3"), (33, "v3.1")]
    assert result.certificates[0].sha256 == read_certificate(key().certificate).facts.sha256
    stripped = checked(apk.replace(struct.pack("<I", SCHEME_IDS["v3.1"]), struct.pack("<I", 0x12345678)))
    assert not stripped.accepted and "signature_stripped" in codes(stripped)


def test_two_signers_without_a_proof_are_said() -> None:
    """v1 by one and v2 by another: Android goes by v2, and the difference is evidence."""
    apk = sign(sign(PLAIN, key("rsa"), schemes=("v1",)), key(), schemes=("v2",))
    result = checked(apk)
    assert result.accepted and "signers_differ" in codes(result)
    assert [one.key.split()[0] for one in result.certificates] == [read_certificate(key().certificate).facts.key.split()[0]]


def test_who_is_who(tmp_path: Path) -> None:
    """Debug certificates, no signature, v1 alone, channel markers and v4 are named."""
    debug = make_key(name="Android Debug")
    assert "debug_key" in codes(checked(sign(PLAIN, debug, schemes=("v2",))))
    assert "unsigned" in codes(checked(PLAIN)) and not checked(PLAIN).accepted
    assert "v1_only" in codes(checked(signed("v1")))
    marked = insert_block(PLAIN, [(0x71777777, b'{"channel":"a"}')])
    assert "channel_marker" in codes(checked(marked))
    assert verify_signatures(open_archive(signed("v3")), idsig=b"\2\0\0\0").has_v4


def test_facts_of_the_manifest_count() -> None:
    """An app for new platforms only is judged for those; a second sandbox needs a newer scheme than v1."""
    assert not checked(signed("v3")).verified and checked(signed("v3"), min_sdk=28).verified
    assert [one.since_sdk for one in checked(signed("v3"), min_sdk=30).platforms] == [30, 33]
    assert not checked(signed("v1"), target_sandbox=2).accepted and checked(signed("v2"), target_sandbox=2).accepted


@pytest.mark.parametrize("at", [12, 60, 150, -5])
def test_a_certificate_that_strict_readers_refuse_keeps_its_identity(at: int) -> None:
    """Android takes certificates that are no strict DER: their digest and key still name the signer."""
    honest = key("rsa").certificate
    for byte in range(0, 256, 5):
        der = bytearray(honest)
        der[at] = byte
        with suppress(ApkError):
            facts = read_certificate(bytes(der)).facts
            assert len(facts.sha256) == len(facts.public_key_sha256) == 64
    versioned = honest.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x12", 1)
    lenient = read_certificate(versioned).facts
    assert not lenient.strict and lenient.public_key_sha256 == read_certificate(honest).facts.public_key_sha256


def test_endless_nesting_and_length_are_refused() -> None:
    """Octets within octets, and a scheme of megabytes, end in our words."""
    nested = b""
    for _ in range(2_000):
        nested = b"\x24\x84" + struct.pack(">I", len(nested)) + nested
    with pytest.raises(ApkError, match="without end"):
        parse(nested).octets()
    with pytest.raises(ApkError, match="unreadable"):
        parse(b"\x30\x80" * 2_000)
    long = checked(insert_block(PLAIN, [(SCHEME_IDS["v2"], bytes(3 << 20))]))
    assert "too long" in long.platforms[-1].problems[0]


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_garbage_raises_our_errors_alone(data: bytes) -> None:
    """Certificates, PKCS#7 blocks and signing blocks of any bytes raise nothing of others."""
    for read in (parse, read_certificate, lambda block: verify_block(block, b"x")):
        with suppress(ApkError):
            read(data)
    for scheme in SCHEME_IDS.values():
        msgspec.json.encode(checked(insert_block(PLAIN, [(scheme, data)])))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_blocks_raise_our_errors_alone(data: st.DataObject) -> None:
    """Real blocks with bytes overwritten raise nothing of others either."""
    opened = open_archive(signed("v1", kind=data.draw(st.sampled_from(["rsa", "ec"]))))
    block = bytearray(opened.read(next(one for one in opened.entries if one.name[-4:] in {".RSA", "T.EC"})))
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(block) - 1), st.integers(0, 255)), min_size=1, max_size=5)):
        block[at] = byte
    with suppress(ApkError):
        verify_block(bytes(block), opened.read("META-INF/CERT.SF"))


@pytest.mark.skipif(not shutil.which("apksigner"), reason="apksigner is not installed: it would be asked, too")
def test_apksigner_agrees(tmp_path: Path) -> None:
    """Android's own tool says the same of what we sign, and of what was changed."""
    for schemes in (("v1",), ("v1", "v2"), ("v2", "v3")):
        for apk in (signed(*schemes), signed(*schemes).replace(b"codecode", b"kodecode")):
            file = tmp_path / "sample.apk"
            file.write_bytes(apk)
            done = subprocess.run(
                ["apksigner", "verify", "--min-sdk-version", "28", file], capture_output=True, check=False
            )
            assert (done.returncode == 0) == checked(apk, min_sdk=28).verified
