"""The index of fingerprints answers as a list that is compared one by one, through every change, compaction and opening anew."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apk_analysis.code.facts import no_hashes
from apk_analysis.errors import StoreDamaged
from apk_analysis.reskin.compare import SURE, compare
from apk_analysis.reskin.fingerprint import Fingerprint, encode, sketch
from apk_analysis.reskin.index import Index
from tests.prints import app, hashes, sha256

CODES, MAKERS = 4, 14
LABELS = ("", "scam", "good")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "index") as works:
        yield works


def skin(number: int) -> Fingerprint:
    """The app of this number: a quarter of its code is its own, all else that of one of four families, but its files."""
    code = number % CODES
    methods = np.concatenate([hashes(f"methods {code}", 60), hashes(f"own {number}", 20)])
    return app(number, code, methods=sketch(methods), files=sketch(hashes(f"files {number}", 9)))


ACTIONS = st.lists(
    st.tuples(st.just("add"), st.integers(0, MAKERS - 1), st.sampled_from(["", "A", "B"]), st.sampled_from(LABELS))
    | st.tuples(st.just("delete"), st.integers(0, MAKERS - 1))
    | st.tuples(st.sampled_from(["compact", "reopen"])),
    max_size=24,
)


@settings(max_examples=25)
@given(ACTIONS, st.integers(0, MAKERS))
def test_an_index_answers_as_a_list(actions: list[tuple], asked: int) -> None:
    """After any adding, deleting, compacting and opening anew, a question finds exactly what comparing with each app finds."""
    kept: dict[int, Fingerprint] = {}
    with tempfile.TemporaryDirectory() as folder:
        works = Index(Path(folder))
        for what, *more in actions:
            if what == "add":
                number, family, label = more
                kept[number] = skin(number)
                assert works.add(kept[number], family, label) == family or not family
            elif what == "delete":
                assert works.delete(sha256(more[0])) == (kept.pop(more[0], None) is not None)
            elif what == "compact":
                works.compact()
            else:
                works.close()
                works = Index(Path(folder))
        question = skin(asked)
        found = {one.sha256: one.likeness for one in works.query(question, MAKERS)}
        library = works.library()
        expected = {one.sha256: compare(question, one, library) for number, one in kept.items() if number != asked}
        assert found == {sha: likeness for sha, likeness in expected.items() if sha in found}
        assert {sha for sha, one in expected.items() if one.probability >= SURE} <= found.keys()
        assert len(works) == len(kept) == sum(count for *_, count in works.families())
        assert all(encode(works.get(one.sha256) or app("none")) == encode(one) for one in kept.values())
        works.close()


def test_an_app_without_a_family_joins_that_of_its_relative(index: Index) -> None:
    """A new skin of a scam app is of its family and a scam; a stranger begins a family of its own."""
    index.add(app("a"), "loans", "scam")
    assert index.add(app("b", code="a")) == "loans"
    assert index.add(app("c")).startswith("family-")
    assert [(family, label, count) for family, label, count in index.families() if family == "loans"] == [("loans", "scam", 2)]


def test_what_an_analyst_set_stays(index: Index) -> None:
    """An app that comes again without a family stays where an analyst put it, with its label."""
    index.add(app("a"), "loans", "scam")
    index.add(app("b", code="a"), "police", "scam")
    thin = app("t", methods=sketch(no_hashes()), grams=sketch(no_hashes()))
    index.add(thin, "thin", "good")
    for one, family in ((app("a"), "loans"), (app("b", code="a"), "police"), (thin, "thin")):
        assert index.add(one) == family
    assert sorted(index.families()) == [("loans", "scam", 1), ("police", "scam", 1), ("thin", "good", 1)]


def test_a_split_holds(index: Index) -> None:
    """Apps that an analyst took out stay out, also when they come again; the others stay."""
    index.add(app("a"), "loans", "scam")
    index.add(app("b", code="a"))
    assert index.split([sha256("b"), sha256("nobody")], "police") == 1
    assert index.add(app("b", code="a")) == "police"
    assert {family: count for family, _, count in index.families()} == {"loans": 1, "police": 1}


def test_a_join_makes_one_family(index: Index) -> None:
    """All apps of one family are of the other, with its label."""
    index.add(app("a"), "loans", "scam")
    index.add(app("b"), "unknown")
    assert index.join("unknown", "loans") == 1 and index.join("nobody", "loans") == 0
    assert index.families() == [("loans", "scam", 2)]
    assert index.add(app("c", code="b")) == "loans"


def test_relations_follow_labels(index: Index) -> None:
    """The same code is a new skin of a scam app, a genuine app packed anew, or of the same origin, by what the other is."""
    for name, label in zip("abc", ("scam", "good", ""), strict=True):
        index.add(app(name), name, label)
    assert [index.query(app(f"x{name}", code=name))[0].relation for name in "abc"] == ["reskin", "repackaged", "same_code"]
    assert index.query(app("a")) == () == index.query(app("stranger"))


def test_an_empty_index_answers(index: Index) -> None:
    """Nothing is found in nothing, and it can be compacted, asked by an empty fingerprint and told to forget."""
    index.compact()
    assert index.query(app("a")) == () == index.query(Fingerprint("0" * 64)) == index.wearing(app("a"))
    assert len(index) == 0 and not index.delete("0" * 64) and index.families() == [] and index.get("0" * 64) is None


def test_a_worn_skin_is_found(index: Index) -> None:
    """Name and icon of a genuine app over other code is found as worn, and is no relative."""
    genuine = app("bank")
    index.add(genuine, "bank", "good")
    mask = app("scam", icon=genuine.icon, label=genuine.label, name=genuine.name)
    assert [one.sha256 for one in index.wearing(mask)] == [genuine.sha256]
    assert index.wearing(app("other")) == ()


def test_code_of_many_makers_joins_nobody(index: Index) -> None:
    """Code that apps of many makers carry is a library's; of one maker with many apps it is its own."""
    library = sketch(hashes("library", 70))
    for number in range(8):
        index.add(app(f"m{number}", methods=sketch(np.concatenate([library.values, hashes(number, 90)]))), f"f{number}")
    assert index.query(app("new", methods=library, grams=sketch(no_hashes()))) == ()
    assert len(index.library()) >= 70
    for number in range(8):
        index.add(app(f"s{number}", code="s"), "one family", "scam")
    assert Counter(one.family for one in index.query(app("skin", code="s"))) == {"one family": 5}


def test_merging_takes_what_is_new(index: Index, tmp_path: Path) -> None:
    """All apps of another index that are not here, with family and label; what is here stays as it is."""
    index.add(app("a"), "ours", "good")
    with Index(tmp_path / "other") as other:
        other.add(app("a"), "theirs", "scam")
        other.add(app("b"), "theirs", "scam")
        assert index.merge(other) == 1 and index.merge(other) == 0
    assert sorted(index.families()) == [("ours", "good", 1), ("theirs", "scam", 1)]
    assert index.query(app("c", code="b"))[0].relation == "reskin"


def test_a_second_process_sees_what_was_added(index: Index, tmp_path: Path) -> None:
    """Who has the index open finds what another adds, deletes and compacts."""
    index.add(app("a"), "loans", "scam")
    with Index(tmp_path / "index") as reader:
        assert reader.query(app("x", code="a"))
        index.add(app("b"), "b", "scam")
        index.compact()
        assert reader.query(app("y", code="b")) and reader.query(app("x", code="a"))
        index.delete(sha256("a"))
        assert reader.query(app("x", code="a")) == ()


def test_compacting_twice_is_harmless(index: Index, tmp_path: Path) -> None:
    """Compacting without a change leaves one segment that is read again."""
    for number in range(5):
        index.add(skin(number), "f", "scam")
    for _ in range(2):
        index.compact()
        assert len(list((tmp_path / "index").glob("*.npy"))) == 3
        with Index(tmp_path / "index") as again:
            assert len(again.query(skin(9))) == len(index.query(skin(9))) > 0


@pytest.mark.parametrize("damage", ["cut", "gone", "blank", "short"])
def test_damaged_postings_are_made_anew(tmp_path: Path, damage: str) -> None:
    """Postings are made from the records: when a file of them is cut, gone or of another index, everything is still found."""
    with Index(tmp_path) as index:
        index.add_many((skin(number), "f", "scam") for number in range(5))
        index.compact()
    for path in tmp_path.glob("*.npy"):
        if damage == "gone":
            path.unlink()
        elif damage == "short":
            np.save(path, np.empty(1, np.load(path).dtype))
        else:
            path.write_bytes(path.read_bytes()[:90] if damage == "cut" else b"")
    with Index(tmp_path) as again:
        assert len(again) == 5 and len(again.query(skin(9), 9)) >= 1
        again.compact()


def test_a_damaged_store_is_told(tmp_path: Path) -> None:
    """A file of records that is none is refused with the place and the remedy."""
    (tmp_path / "index.db").write_bytes(b"SQLite format 3\0" + b"x" * 5_000)
    with pytest.raises(StoreDamaged, match="restore the folder from a copy"):
        Index(tmp_path)


def test_an_index_whose_newest_app_was_deleted_opens_again(tmp_path: Path) -> None:
    """Its postings still name a number that no app has any more."""
    with Index(tmp_path) as works:
        works.add(app("a"))
        works.compact()
        assert works.delete(app("a").sha256)
    with Index(tmp_path) as works:
        assert works.query(app("a")) == ()
        assert len(works) == 0
