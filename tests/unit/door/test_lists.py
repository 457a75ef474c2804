"""Lists put in the place of shipped ones: all or none, and what was made of the old ones is made anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fraud_guard.door import hosts, lexicon, peers
from fraud_guard.door.lists import FIXED, list_names, use_lists
from fraud_guard.door.tables import replaced, shipped_text
from fraud_guard.errors import ConfigurationError
from fraud_guard.tags.kinds import Flag
from tests.reference.harness import make_door

HEADER = "# source: test\n# date: 2026-01-05\n# licence: Apache-2.0\n"
NUMBERS = f"{HEADER}number,name_zh\n96123,测试热线\n"
SHORT = f"{HEADER}kurz.example\n"


@pytest.fixture(autouse=True)
def shipped_afterwards() -> Iterator[None]:
    yield
    use_lists({})


def test_every_shipped_list_is_sound() -> None:
    """What is shipped passes the checks, and says the same when it is put in its own place."""
    use_lists({name: shipped_text(name) for name in list_names()})
    assert peers.official_name("110")
    assert hosts.reduce_host("t.cn").flags & Flag.SHORT_LINK


def test_lists_take_the_place_of_shipped_ones() -> None:
    """Own numbers and hosts count from then on and the shipped ones of these lists no more; going back is the same."""
    assert (peers.official_name("96123"), bool(peers.official_name("110"))) == ("", True)
    use_lists({"official_numbers.csv": NUMBERS, "shorteners.txt": SHORT})
    assert (peers.official_name("96123"), peers.official_name("110")) == ("测试热线", "")
    assert hosts.reduce_host("kurz.example").flags & Flag.SHORT_LINK
    use_lists({})
    assert (peers.official_name("96123"), bool(peers.official_name("110"))) == ("", True)
    assert not hosts.reduce_host("kurz.example").flags & Flag.SHORT_LINK


def test_words_and_brands_count_at_once() -> None:
    """Texts and look-alikes are judged by the new words, also those that were judged before."""
    text, host = "点击办理佰事通 http://a.example/x", "secure-quuxbank.example"
    before = lexicon.read_text(text).lures, hosts.reduce_host(host).flags & Flag.LOOKALIKE
    lures = shipped_text("lures.csv") + "LOAN,佰事通,,\n"
    use_lists({"lures.csv": lures, "brands.csv": shipped_text("brands.csv") + "quuxbank,quuxbank.test\n"})
    assert not any(before)
    assert lexicon.read_text(text).lures
    assert hosts.reduce_host(host).flags & Flag.LOOKALIKE


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("official_numbers.csv", NUMBERS + "12x,谁\n", r"^official_numbers\.csv:6: a number and its Chinese name"),
        ("shorteners.txt", SHORT + "https://x.example/a\n", r"^shorteners\.txt:5: .*without http"),
        ("shorteners.txt", HEADER, r"^shorteners\.txt:1: no entries; leave the file out"),
        ("shorteners.txt", "kurz.example\n", r"^shorteners\.txt:1: .*source"),
        ("lures.csv", f"{HEADER}lure,all_of,any_of,none_of\nLOAN,@nosuch,,\n", r"^lures\.csv:5: no set @nosuch"),
        ("word_sets.csv", f"{HEADER}set,words\n@x,词\n", r"^word_sets\.csv:1: the set @bank is missing"),
        ("mobile_ranges.csv", f"{HEADER}prefix,operator,kind\n139,x,banana\n", r"^mobile_ranges\.csv:5: kind must be one of"),
        ("traditional.csv", HEADER, r"^traditional\.csv: no list .*brands\.csv"),
    ],
)
def test_a_bad_list_is_refused(name: str, text: str, said: str) -> None:
    """File, line and what to do are said, and the lists in force stay, also those that came along and were good."""
    use_lists({"shorteners.txt": SHORT})
    with pytest.raises(ConfigurationError, match=said):
        use_lists({"stores.csv": shipped_text("stores.csv")} | {name: text})
    assert replaced() == {"shorteners.txt": SHORT}
    assert hosts.reduce_host("kurz.example").flags & Flag.SHORT_LINK


def test_a_door_forgets_what_it_knew() -> None:
    """A number that the door has met is judged anew."""
    assert set(FIXED).isdisjoint(list_names())
    door = make_door()
    tag = b'{"id":"%d","source":"a","channel":"call","ts_ms":1790000000000,"subject":"+8619900000001","peer":"96123","direction":"in","phase":"start","call_id":"c"}'
    flags = []
    for n, lists in enumerate(({}, {"official_numbers.csv": NUMBERS})):
        use_lists(lists)
        door.rows.forget_lists()
        flags.append(int((door.take([tag % n], [n]) + door.flush()).rows["flags"][0]) & Flag.OFFICIAL)
    assert [bool(f) for f in flags] == [False, True]
