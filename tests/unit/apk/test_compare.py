"""How alike two apps are: the code first, then all else, libraries and missing facts counting for nothing."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apk_analysis.code.facts import no_hashes
from apk_analysis.reskin.channels import KINDS, hashed, keys_of, salted
from apk_analysis.reskin.compare import DOUBTFUL, SURE, Likeness, Overlap, compare, shared_pictures
from apk_analysis.reskin.fingerprint import Fingerprint, sketch
from tests.prints import app, hashes, looks

NONE = no_hashes()
SETS = st.sets(st.integers(0, 200), max_size=80)


def sketched(values: set[int], most: int) -> object:
    return sketch(np.array(sorted(values), np.uint64), most)


def judged(a: Fingerprint, b: Fingerprint) -> float:
    return compare(a, b, NONE).probability


@given(SETS, SETS, st.integers(1, 90), st.integers(1, 90), SETS)
def test_an_overlap_counts_what_can_be_compared(a: set[int], b: set[int], most_a: int, most_b: int, library: set[int]) -> None:
    """Up to the lower bound of two sketches, and without libraries, exactly what the two sets share."""
    ours, theirs = sketched(a, most_a), sketched(b, most_b)
    known = np.sort(salted(np.array(sorted(library), np.uint64), KINDS.index("gram")))
    bound = min(ours.bound, theirs.bound)  # type: ignore[attr-defined]
    left, right = ({one for one in values if one <= bound and one not in library} for values in (a, b))
    found = compare(*(msgspec.structs.replace(Fingerprint("0" * 64), grams=one) for one in (ours, theirs)), known).grams
    assert found == Overlap(len(left & right), len(left), len(right))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_likeness_is_mutual(shared: int, a: int, b: int) -> None:
    """What a is to b, b is to a."""
    common = hashes("common", shared)
    ours, theirs = (app(name, methods=sketch(np.concatenate([common, hashes(name, count)]))) for name, count in (("a", a), ("b", b)))
    there, back = compare(ours, theirs, NONE), compare(theirs, ours, NONE)
    assert there.probability == back.probability
    assert (there.methods.a, there.methods.shared) == (back.methods.b, back.methods.shared)


def test_a_new_skin_is_sure_and_a_stranger_is_none() -> None:
    """The same code under another name, icon, package and key is surely the same; apps that share nothing surely are not."""
    assert judged(app("a"), app("b", code="a")) >= SURE
    assert judged(app("a"), app("b")) < DOUBTFUL


def test_a_library_that_nobody_has_named_makes_no_relatives() -> None:
    """Code in common beside what the manifests start is not sure to make one of the other; with the started code, or where it is not known, it is."""
    common = hashes("common", 80)
    cores = {name: sketch(hashes(name, 12)) for name in ("a", "b", "both")}
    ours, theirs = (app(name, methods=sketch(np.concatenate([common, hashes(name, 12)])), core=cores[name], grams=sketch(hashes("grams", 90))) for name in ("a", "b"))
    assert judged(ours, theirs) < SURE
    assert judged(*(msgspec.structs.replace(one, core=sketch(no_hashes())) for one in (ours, theirs))) >= SURE
    assert judged(*(msgspec.structs.replace(one, core=cores["both"]) for one in (ours, theirs))) >= SURE


def test_a_host_of_many_makers_is_nothing_in_common() -> None:
    """Hosts of a library that everybody carries count for nothing; the others do."""
    ours, theirs = (app(name, hosts=("cdn.example", "own.example")) for name in ("a", "b"))
    library = np.sort(salted(hashed(["cdn.example"]), KINDS.index("host")))
    assert compare(ours, theirs, NONE).hosts == 2 and compare(ours, theirs, library).hosts == 1


def test_junk_added_to_a_copy_does_not_hide_it() -> None:
    """A copy with as much code again beside it still contains the whole original."""
    original = app("a")
    swollen = app("b", code="a", methods=sketch(np.concatenate([original.methods.values, hashes("junk", 80)])))
    assert judged(original, swollen) >= SURE


def test_what_all_makers_have_counts_for_nothing() -> None:
    """Two apps whose common code, files and pictures are all in the library are strangers."""
    a, b = app("a"), app("b", code="a", images=looks("other", 8))
    assert compare(a, b, keys_of(a).values).probability < DOUBTFUL


def test_a_generator_is_told_by_app_ids() -> None:
    """Apps of one generator with different ids are strangers, and with the same id they are one, whatever their code."""
    ids = [{"app_ids": (f"uni-app:{one}",)} for one in "AB"]
    assert judged(app("a", **ids[0]), app("b", code="a", **ids[1])) < judged(app("a"), app("b", code="a"))
    assert compare(app("a", **ids[0]), app("b", **ids[1]), NONE).app_id == -1
    assert judged(app("a", **ids[0]), app("b", **ids[0])) >= SURE
    assert compare(app("a", **ids[0]), app("b", app_ids=("other:A",)), NONE).app_id == 0


def test_shells_are_not_compared_by_their_code() -> None:
    """Two packed apps are no relatives because of the packer."""
    assert judged(app("a", shell_only=True), app("b", code="a", shell_only=True, files=app("b").files, images=looks("b", 8))) < DOUBTFUL


def test_missing_facts_are_not_the_same() -> None:
    """Two apps without package, name, signer and icon do not have these in common."""
    a, b = (msgspec.structs.replace(Fingerprint("0" * 64), sha256=one * 64) for one in "12")
    assert compare(a, b, NONE) == Likeness(probability=compare(a, b, NONE).probability)
    assert judged(a, b) < DOUBTFUL


@given(st.integers(0, 10), st.integers(11, 30))
def test_pictures_alike_within_some_bits(near: int, far: int) -> None:
    """A picture of which few bits differ is the same one, of many it is another."""
    one = looks("picture", 1)
    assert shared_pictures(one, one ^ np.uint64((1 << near) - 1)) == Overlap(1, 1, 1)
    assert shared_pictures(one, one ^ np.uint64((1 << far) - 1)) == Overlap(0, 1, 1)
    assert shared_pictures(one, looks("nothing", 0)) == Overlap(0, 1, 0)


def test_one_picture_repeated_is_one() -> None:
    """Many copies of one picture do not make two apps alike."""
    copies = np.repeat(looks("picture", 1), 5, axis=0)
    assert shared_pictures(copies, looks("picture", 1)).shared == 1


def test_a_worn_skin() -> None:
    """Name and icon of another signer's app over other code is a mask; over its own code it is a copy."""
    genuine = app("bank")
    mask = app("scam", icon=genuine.icon, label=genuine.label, name=genuine.name)
    assert compare(mask, genuine, NONE).worn
    assert not compare(app("scam"), genuine, NONE).worn
    assert not compare(app("next", icon=genuine.icon, name=genuine.name, signers=genuine.signers), genuine, NONE).worn
