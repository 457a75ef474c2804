"""Classes of callers; all subscriber numbers are invented."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.door.numbers import normalise
from fraud_guard.door.peers import PeerClass, classify, official_name, service_name
from fraud_guard.tags.kinds import Flag

NONE = Flag(0)


@pytest.mark.parametrize(
    ("peer", "flags", "country"),
    [
        ("19900001234", NONE, "CN"),
        ("17000001234", Flag.VIRTUAL, "CN"),
        ("+8616200001234", Flag.VIRTUAL, "CN"),
        ("16500001234", Flag.VIRTUAL, "CN"),
        ("16700001234", Flag.VIRTUAL, "CN"),
        ("17100001234", Flag.VIRTUAL, "CN"),
        ("16600001234", NONE, "CN"),
        ("0510-80001234", Flag.LANDLINE, "CN"),
        ("95588", Flag.SHORT_CODE, "CN"),
        ("10690001234", Flag.SHORT_CODE, "CN"),
        ("4000001234", Flag.SHORT_CODE, "CN"),
        ("96110", Flag.SHORT_CODE | Flag.OFFICIAL, "CN"),
        ("110", Flag.SHORT_CODE | Flag.OFFICIAL, "CN"),
        ("12381", Flag.SHORT_CODE | Flag.OFFICIAL, "CN"),
        ("0510-95588", Flag.SHORT_CODE, "CN"),
        ("0085253001234", Flag.OVERSEAS, "HK"),
        ("+85366001234", Flag.OVERSEAS, "MO"),
        ("+886912001234", Flag.OVERSEAS, "TW"),
        ("0012025550123", Flag.OVERSEAS, "US"),
        ("", Flag.NO_PEER, ""),
        ("Anonymous", Flag.NO_PEER, ""),
        ("未知号码", Flag.NO_PEER, ""),
        ("user-3f90", NONE, ""),
    ],
)
def test_known_classes(peer: str, flags: Flag, country: str) -> None:
    """Each documented kind of peer has its flags and country."""
    found = classify(peer)
    assert (Flag(found.flags), found.country) == (flags, country)


@pytest.mark.parametrize(
    "peer",
    ["+86110", "+8696110", "010110", "13490001234", "17400001234", "15400001234", "1234567", "0000", "55555555",
     "199000012345", "+881612345678", "+870773000000", "+19005550123", "123456789012345678901234", "+999123456"],
)  # fmt: skip
def test_irregular_numbers(peer: str) -> None:
    """Spoofed official, satellite, premium, unallocated, too long and too short numbers are irregular."""
    assert classify(peer).flags & Flag.IRREGULAR
    assert not classify(peer).flags & Flag.OFFICIAL


@given(st.one_of(st.text(max_size=40), st.text(alphabet="0123456789+- ()", max_size=26)))
def test_any_peer_has_a_class(peer: str) -> None:
    """Nothing raises, and the raw spelling has the class of the canonical one."""
    found = classify(peer)
    assert isinstance(found, PeerClass)
    assert classify(normalise(peer.strip())) == found


def test_service_names() -> None:
    """Well-known codes have Chinese names, offices included; others have none."""
    assert service_name("95588") == "中国工商银行"
    assert service_name("96110") == official_name("96110") == "反诈预警专线"
    assert service_name("99999") == official_name("95588") == ""


def test_what_libphonenumber_gets_wrong_for_china() -> None:
    """The reasons for an own Chinese table still hold in the library that is installed."""
    service, satellite = phonenumbers.parse("+8695588"), phonenumbers.parse("+8613490001234")
    assert not phonenumbers.is_valid_number(service)
    assert phonenumbers.number_type(satellite) == phonenumbers.PhoneNumberType.MOBILE
