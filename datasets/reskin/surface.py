"""Another name, label, icon, pictures and texts for an app, without touching its code."""

from __future__ import annotations

import io
from collections.abc import Mapping
from random import Random

from PIL import Image, UnidentifiedImageError

from apk_analysis.intake.archive import open_archive
from apk_analysis.manifest.facts import Manifest
from apk_analysis.manifest.reading import read_manifest
from datasets.reskin.axml import read_pool, replace_strings
from datasets.reskin.base_app import draw_picture
from datasets.reskin.packing import Members, pack
from datasets.reskin.vocabulary import LABELS, WORDS

MANIFEST, RESOURCES = "AndroidManifest.xml", "resources.arsc"
_TYPE_WITH_NAMES = 0x0200


def manifest_of(members: Members) -> Manifest:
    """The manifest, read as the product reads it."""
    return read_manifest(open_archive(pack(members)))


def rename_package(members: Members, chance: Random) -> str:
    """Another package name in manifest and resource table; classes keep theirs."""
    old = manifest_of(members).package
    new = f"com.{chance.choice(WORDS)}.{chance.choice(WORDS)}{chance.randrange(1000)}"
    strings = read_pool(members[MANIFEST])
    changes = {old: new} | {text: old + text for text in strings if text.startswith(".") and text[1:2].isalpha()}
    changes |= {text: new + text[len(old) :] for text in strings if text.startswith(old + ".") and text[len(old) + 1 :].islower()}
    members[MANIFEST] = replace_strings(members[MANIFEST], changes)
    if RESOURCES in members:
        members[RESOURCES] = _rename_table(members[RESOURCES], old, new)
    return f"package {old} → {new}"


def _rename_table(table: bytes, old: str, new: str) -> bytes:
    """The name of the package in the resource table: 128 UTF-16 units."""
    before, after = (text.encode("utf-16-le").ljust(256, b"\0") for text in (old, new))
    return table.replace(before, after, 1)


def rename_in_manifest(members: Members, names: Mapping[str, str]) -> None:
    """Let the manifest name classes as the code does now; `names` are descriptors."""
    package = manifest_of(members).package
    dotted = {old[1:-1].replace("/", "."): new[1:-1].replace("/", ".") for old, new in names.items()}
    relative = {old[len(package) :]: new for old, new in dotted.items() if old.startswith(package + ".")}
    members[MANIFEST] = replace_strings(members[MANIFEST], {**relative, **dotted})


def relabel(members: Members, chance: Random) -> str:
    """Another label, in all languages."""
    new = chance.choice(LABELS)
    old = {label for label in manifest_of(members).labels.values() if label}
    for name in (MANIFEST, RESOURCES):
        if name in members:
            members[name] = replace_strings(members[name], dict.fromkeys(old, new))
    return f"label {'/'.join(sorted(old)) or '(none)'} → {new}"


def change_icon(members: Members, chance: Random) -> str:
    """Another picture in place of every icon that is one."""
    changed = 0
    for one in manifest_of(members).icon.files:
        size = _size(members.get(one.path, b""))
        if size:
            members[one.path] = draw_picture(chance, max(size, 24))
            changed += 1
    return f"{changed} icons"


def recolour(members: Members, chance: Random) -> str:
    """Another hue for all pictures; nine-patches are left alone."""
    shift, changed = chance.randrange(40, 216), 0
    for name, content in members.items():
        if name.endswith(".png") and not name.endswith(".9.png") and _size(content):
            members[name] = _shifted(content, shift)
            changed += 1
    return f"{changed} pictures, hue by {shift}/256"


def _size(content: bytes) -> int:
    """The longer side of a picture in pixels; 0 where it is none."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return max(picture.size)
    except (UnidentifiedImageError, OSError):
        return 0


def _shifted(content: bytes, shift: int) -> bytes:
    with Image.open(io.BytesIO(content)) as picture:
        whole = picture.convert("RGBA")
    hue, saturation, value = whole.convert("RGB").convert("HSV").split()
    turned = Image.merge("HSV", (hue.point(lambda one: (one + shift) % 256), saturation, value)).convert("RGB")
    turned.putalpha(whole.getchannel("A"))
    out = io.BytesIO()
    turned.save(out, "PNG")
    return out.getvalue()


def change_texts(members: Members, chance: Random) -> str:
    """Other words in the resource table; file names in it stay."""
    if RESOURCES not in members:
        return "no table"
    texts = read_pool(members[RESOURCES])
    changes = {text: text + chance.choice(("。", " ✓", " 2", "～")) for text in texts if "/" not in text and len(text) > 1 and chance.random() < 0.4}
    members[RESOURCES] = replace_strings(members[RESOURCES], changes)
    return f"{len(changes)} of {len(texts)} texts"


def change_assets(members: Members, chance: Random) -> str:
    """Another host in text assets."""
    host, changed = f"api.{chance.choice(WORDS)}{chance.randrange(1000)}.test".encode(), 0
    for name, content in members.items():
        if name.startswith("assets/") and name.endswith((".json", ".js", ".xml", ".txt")) and b".example" in content:
            start = content.index(b".example")
            first = max(content.rfind(mark, 0, start) for mark in (b'"', b"/", b" ")) + 1
            members[name] = content[:first] + host + content[start + len(b".example") :]
            changed += 1
    return f"{changed} assets with another host"
