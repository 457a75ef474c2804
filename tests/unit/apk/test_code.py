"""Code is fingerprinted alike under every disguise, and no DEX stops the reading."""

from __future__ import annotations

import struct
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apk_analysis.code.abilities import explain_ability
from apk_analysis.code.dex import read_dex
from apk_analysis.code.facts import Code
from apk_analysis.code.fingerprints import fingerprint
from apk_analysis.code.limits import CodeLimits
from apk_analysis.code.markers import markers, rows
from apk_analysis.code.mixing import FINGERPRINT_VERSION, hash_text
from apk_analysis.code.reading import read_code
from apk_analysis.code.wording import NOTES
from apk_analysis.errors import ApkError, UnreadableMember
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import open_archive
from apk_analysis.manifest.facts import Component, Flags, Manifest
from apk_analysis.manifest.reading import read_manifest
from datasets.reskin.base_app import AppPlan, make_members
from datasets.reskin.class_maker import make_classes
from datasets.reskin.code_changes import (
    add_dead_arithmetic,
    add_hops,
    add_nops,
    change_code,
    reorder_blocks,
)
from datasets.reskin.dex_model import Body, Class, Line, Method, MethodRef, Prototype
from datasets.reskin.dex_names import edit_strings, rename_classes
from datasets.reskin.dex_octets import seal
from datasets.reskin.dex_writer import write_dex
from datasets.reskin.hostile import hostile_samples, mutants
from datasets.reskin.packing import pack

PLAN = AppPlan(7, classes=12, libraries=(3,), library_classes=6)
MEMBERS = make_members(PLAN)
DEX = MEMBERS["classes.dex"]


def code_of(members: dict[str, bytes], manifest: Manifest | None = None, limits: CodeLimits | None = None) -> Code:
    """The code of an APK with these members."""
    archive = open_archive(pack(members))
    return read_code(archive, manifest or read_manifest(archive), limits)


def codes(code: Code) -> set[str]:
    return {one.code for one in code.evidence}


def share(a: np.ndarray, b: np.ndarray) -> float:
    """How much of `a` is in `b`."""
    return len(np.intersect1d(a, b)) / len(a)


BASE = code_of(MEMBERS)


@pytest.mark.parametrize("change", [add_nops, add_dead_arithmetic, add_hops, reorder_blocks])
def test_junk_changes_no_fingerprint(change) -> None:
    """NOPs, dead arithmetic, goto hops and blocks in another order leave every method's hash as it is."""
    changed, count = change_code(DEX, change, 1.0, 5)
    code = code_of({**MEMBERS, "classes.dex": changed})
    assert count > 40 and changed != DEX
    for name in ("method_hashes", "gram_sketch", "opcode_sketch", "class_hashes", "lowest_grams"):
        assert np.array_equal(getattr(code, name), getattr(BASE, name)), name


def test_names_and_texts_change_no_fingerprint() -> None:
    """Renamed classes and other strings leave every method's hash as it is."""
    (renamed,), names = rename_classes([DEX], 3)
    edited, count = edit_strings(renamed, 0.5, 3)
    code = code_of({**MEMBERS, "classes.dex": edited}, Manifest())
    assert len(names) == 12 and count
    assert np.array_equal(code.method_hashes, BASE.method_hashes)
    assert {one.name for one in code.modules} != {one.name for one in BASE.modules}


def test_an_added_library_takes_nothing_away() -> None:
    """All methods are still there when another DEX is added."""
    library = write_dex(make_classes(Random(1), "org/other", 60))
    code = code_of({**MEMBERS, "classes2.dex": library})
    assert share(BASE.method_hashes, code.method_hashes) == 1.0
    assert code.methods > BASE.methods
    assert share(BASE.lowest_grams[BASE.lowest_grams <= code.lowest_grams[-1]], code.lowest_grams) == 1.0


def test_unlike_apps_are_unlike() -> None:
    """Two apps that share a library share the library's methods and next to nothing else."""
    other = code_of(make_members(AppPlan(8, classes=12, libraries=(3,), library_classes=6)))
    shared = set(np.intersect1d(BASE.method_hashes, other.method_hashes).tolist())
    library = next(set(one.method_hashes.tolist()) for one in BASE.modules if one.name == "org.library3")
    assert shared >= library
    assert len(shared - library) <= 2


def test_counts_agree_with_another_reader() -> None:
    """All methods and all kinds of platform calls are found, as androguard finds them."""
    dex = pytest.importorskip("androguard.core.dex").DEX(DEX)
    assert BASE.methods == len(dex.get_encoded_methods())
    platform = {
        hash((one.get_class_name(), one.get_name())) for one in dex.get_methods() if one.get_class_name().startswith(("Landroid/", "Ljava/", "Lorg/json/", "Ljavax/"))
    }
    assert len(BASE.apis) == len(platform)


def class_calling(owner: str, *calls: MethodRef, text: str = "x") -> Class:
    """A class whose one method calls these."""
    lines: list[Line] = [("const-string", 0, text)]
    lines += [("invoke-virtual", call, 0) for call in calls]
    return Class(owner, [Method("run", Prototype(), 1, Body(2, 1, 5, [*lines, ("return-void",)]))])


def test_hashes_are_stable() -> None:
    """Stored fingerprints stay comparable: a change here makes every index useless, and needs a new FINGERPRINT_VERSION."""
    calls = [MethodRef("Ljava/lang/String;", name) for name in ("trim", "length", "hashCode", "isEmpty", "strip", "intern", "notify")]
    code = code_of({"classes.dex": write_dex([class_calling("Lcom/a/B;", *calls)])}, Manifest())
    assert (FINGERPRINT_VERSION, hash_text("Landroid/app/Activity;")) == (1, 0xBA06EB68C03D8433)
    assert code.method_hashes.tolist() == [0x60F0C5ED7FD80E64]


def test_a_false_platform_class_is_no_platform() -> None:
    """A class that the app defines in the platform's name space does not count as a call of the platform, and is noted."""
    call = MethodRef("Landroid/fake/Helper;", "help")
    honest = code_of({"classes.dex": write_dex([class_calling("Lcom/a/B;", call)])})
    lying = code_of({"classes.dex": write_dex([class_calling("Lcom/a/B;", call), class_calling("Landroid/fake/Helper;")])})
    assert len(honest.apis) == 1 and len(lying.apis) == 0
    assert "framework_defined" in codes(lying)


def test_abilities_are_told() -> None:
    """Sharing the screen with gestures is remote control; naming 96110 beside ending calls is blocking of warnings."""
    service = "Landroid/accessibilityservice/AccessibilityService;"
    projection = MethodRef("Landroid/media/projection/MediaProjectionManager;", "createScreenCaptureIntent")
    calls = (projection, MethodRef(service, "dispatchGesture"), MethodRef("Landroid/telecom/TelecomManager;", "endCall"))
    code = code_of({"classes.dex": write_dex([class_calling("Lcom/a/B;", *calls, text="95599,96110,110")])})
    assert {"remote-control", "screen-capture", "warning-number", "warning-blocking", "call-blocking"} <= set(code.abilities)
    longer = code_of({"classes.dex": write_dex([class_calling("Lcom/a/B;", text="13961100000")])})
    assert "warning-number" not in longer.abilities
    assert explain_ability("remote-control")[1].startswith("can share")


def test_every_ability_can_be_looked_for() -> None:
    """Each term of the table is a string or a call that can be hashed, and each ability is in two languages."""
    for row in rows("abilities.yaml"):
        assert row["zh"] and row["en"]
        for choices in row["all"]:
            assert all(term.startswith("string:") or term.count("->") == 1 for term in choices)


def test_packers_and_frameworks_are_known() -> None:
    """A Chinese shell, a generator with its app id and an SDK are known by their files."""
    code = code_of({
        **MEMBERS, "lib/arm64-v8a/libjiagu_a64.so": b"x", "assets/apps/__UNI__AB12CD3/www/app-service.js": b"var a;",
        "lib/arm64-v8a/libagora-rtc-sdk.so": b"x",
    })  # fmt: skip
    assert code.packers == ("jiagu-360",) and code.kits == ("agora-rtc",)
    assert [(one.name, one.app_id) for one in code.frameworks] == [("uni-app", "__UNI__AB12CD3")]
    assert code.shell_only


def test_crash_reports_are_no_shell() -> None:
    """libBugly.so and libsgmain.so are SDKs: nothing is called packed for them."""
    code = code_of({**MEMBERS, "lib/arm64-v8a/libBugly.so": b"x", "lib/arm64-v8a/libsgmain.so": b"x"})
    assert code.packers == () and not code.shell_only


def test_hidden_components_tell_a_shell() -> None:
    """An app with next to none of its components in its code is a shell, though no packer is known."""
    components = tuple(Component("activity", f"com.real.Page{number}", exported=False) for number in range(5))
    code = code_of({"classes.dex": write_dex([class_calling("Lcom/a/B;")])}, Manifest(package="com.real", components=components))
    assert code.shell_only and "components_missing" in codes(code)


def test_hidden_code_is_found() -> None:
    """A DEX under another name is read; an APK inside is listed with its hash."""
    inner = pack(make_members(AppPlan(9, classes=2)))
    code = code_of({"AndroidManifest.xml": b"", "assets/logo.png": DEX, "assets/data.bin": inner})
    assert {"dex_hidden", "nested_apk"} <= codes(code)
    assert np.array_equal(code.method_hashes, BASE.method_hashes)
    (nested,) = code.nested
    assert nested.name == "assets/data.bin" and nested.size_bytes == len(inner)


def test_a_dex_before_the_archive_is_read() -> None:
    """The Janus trick: what stands before the archive is code too."""
    code = read_code(open_archive(DEX + pack({"AndroidManifest.xml": b""})), Manifest())
    assert "dex_before_archive" in codes(code) and code.methods == BASE.methods


def test_no_code_is_noted() -> None:
    """An app that says it has code, and has none, is noted; one that says it has none is not."""
    assert "code_missing" in codes(code_of({"a": b""}, Manifest()))
    assert "code_missing" not in codes(code_of({"a": b""}, Manifest(flags=Flags(has_code=False))))


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
def test_a_truncated_dex_gives_what_is_left(kept: float) -> None:
    """A DEX that breaks off is read as far as it goes, and noted."""
    code = code_of({**MEMBERS, "classes.dex": DEX[: int(len(DEX) * kept)]})
    assert "dex_size" in codes(code)


def test_what_is_no_dex_is_noted() -> None:
    """An encrypted classes.dex is evidence."""
    assert "dex_unreadable" in codes(code_of({**MEMBERS, "classes.dex": b"\x93" * 5_000}))
    with pytest.raises(UnreadableMember):
        read_dex("classes.dex", b"dex\n", CodeLimits(), Ledger(NOTES))


def test_overlapping_code_is_read_once() -> None:
    """Methods that claim the same place cost no more than the file is long."""
    lying = bytearray(DEX)
    offset = 0x60
    count, start = struct.unpack_from("<2I", lying, offset)
    (data,) = struct.unpack_from("<I", lying, start + 24)
    for row in range(start, start + 32 * count, 32):
        struct.pack_into("<I", lying, row + 24, data)
    code = code_of({**MEMBERS, "classes.dex": seal(lying)})
    assert code.methods > 0


def test_limits_give_a_part() -> None:
    """A limit leaves what was read before it standing, and is named."""
    code = code_of({**MEMBERS, "classes2.dex": DEX}, limits=CodeLimits(dex_bytes=len(DEX) + 1))
    assert code.limits_hit == ("code",) and np.array_equal(code.method_hashes, BASE.method_hashes)
    short = code_of(MEMBERS, limits=CodeLimits(methods=20, steps=3))
    assert short.limits_hit == ("code",)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_stops_the_reading(data) -> None:
    """Whatever is changed in a DEX, it is read or refused by the package's own error."""
    lying = bytearray(DEX)
    for _ in range(data.draw(st.integers(1, 20))):
        at = data.draw(st.one_of(st.integers(0x20, 0x6F), st.integers(0, len(lying) - 1)))
        lying[at] = data.draw(st.integers(0, 255))
    ledger = Ledger(NOTES)
    try:
        dex = read_dex("classes.dex", bytes(lying), CodeLimits(), ledger)
    except UnreadableMember:
        return
    own = np.ones(len(dex.class_types), np.bool_)
    fingerprint(dex, dex.type_hashes[dex.class_types], own, CodeLimits(), ledger)
    dex.class_names(), dex.string_data()


def test_tables_are_whole() -> None:
    """The tables of markers hold what was asked for, each name once."""
    for table, fewest in (("packers.yaml", 20), ("frameworks.yaml", 15), ("kits.yaml", 40)):
        names = [row.name for row in markers(table)]
        assert len(names) == len(set(names)) >= fewest


def test_hostile_samples_are_read() -> None:
    """Each hostile sample, and damaged copies of an app, are read or refused by the package's own error."""
    names = []
    base = pack(make_members(AppPlan(404, classes=3, images=1)))
    for name, data in [*hostile_samples(), *(("mutant", one) for one in mutants(base, 60, 1))]:
        names.append(name)
        try:
            archive = open_archive(data)
        except ApkError:
            continue
        code = read_code(archive, read_manifest(archive))
        assert code.methods <= CodeLimits().methods * CodeLimits().dex_files
    hostile = [name for name in names if name != "mutant"]
    assert len(hostile) == len(set(hostile)) >= 90
    assert sum(name.startswith("bomb") for name in hostile) >= 5
