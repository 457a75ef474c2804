"""What an app looks like: icon, pictures, files and names. Raises nothing; what cannot be read is evidence."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image, ImageColor

from apk_analysis.appearance.facts import Appearance
from apk_analysis.appearance.layouts import layouts
from apk_analysis.appearance.pictures import Grey, crops, decode, grey, looks, shows_something
from apk_analysis.appearance.wording import NOTES
from apk_analysis.code.hash_sets import unique
from apk_analysis.code.mixing import Hashes, mix
from apk_analysis.errors import ApkError, LimitExceeded
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive
from apk_analysis.intake.entry import Entry
from apk_analysis.manifest.facts import Icon, Manifest

MOST_PICTURES, MOST_PICTURE_BYTES, ALL_PICTURES_BYTES = 200, 1 << 20, 24 << 20
LEAST_BYTES, LEAST_SIDE = 64, 24
ICON_SIDE, THUMBNAIL_SIDE = 192, 96
_PICTURE = re.compile(r"\.(png|webp|jpe?g|gif|bmp)$", re.IGNORECASE)
_NO_RESOURCE = re.compile(r"(META-INF/|lib/|classes\d*\.dex$|AndroidManifest\.xml$|resources\.arsc$|kotlin/)")


def read_appearance(archive: Archive, manifest: Manifest) -> Appearance:
    """The appearance of an APK."""
    ledger = Ledger(NOTES)
    icon = _icon(archive, manifest.icon, ledger)
    pictures, cut = _pictures(archive, ledger)
    return Appearance(
        icon=looks(crops(icon)) if icon else looks([]),
        images=np.unique(looks(pictures), axis=0),
        files=_files(archive.entries),
        layouts=layouts(archive),
        labels=_labels(manifest),
        icon_png=_thumbnail(icon) if icon else b"",
        evidence=ledger.evidence(),
        limits_hit=("pictures",) if cut else (),
    )


def _labels(manifest: Manifest) -> tuple[str, ...]:
    default = manifest.labels.get("", "")
    return tuple(dict.fromkeys(one for one in (default, *manifest.labels.values()) if one))


def _files(entries: Iterable[Entry]) -> Hashes:
    """Of each file that is neither code nor signature: its check sum and size, as the directory says."""
    kept = [(one.crc32, one.size_bytes) for one in entries if one.size_bytes >= LEAST_BYTES and not _NO_RESOURCE.match(one.name)]
    pairs = np.array(kept, np.uint64).reshape(-1, 2)
    return unique(mix(pairs[:, 0] << np.uint64(32) ^ pairs[:, 1]))


def _pictures(archive: Archive, ledger: Ledger) -> tuple[list[Grey], bool]:
    """Pictures that show something, of each name the largest; and whether a limit kept some from being read."""
    found: list[Grey] = []
    left_bytes = ALL_PICTURES_BYTES
    chosen = _chosen(archive.entries)
    for entry in chosen[:MOST_PICTURES]:
        if entry.size_bytes > left_bytes:
            return found, True
        left_bytes -= entry.size_bytes
        image = _decoded(archive, entry, ledger)
        if image is not None and min(image.size) >= LEAST_SIDE and shows_something(small := grey(image)):
            found.append(small)
    return found, len(chosen) > MOST_PICTURES


def _chosen(entries: Iterable[Entry]) -> list[Entry]:
    """Pictures by size, the largest first; of those that differ in folder alone (densities) one."""
    largest: dict[str, Entry] = {}
    for entry in entries:
        if _PICTURE.search(entry.name) and LEAST_BYTES <= entry.size_bytes <= MOST_PICTURE_BYTES and ".9." not in entry.name:
            name = entry.name.rpartition("/")[2]
            if name not in largest or largest[name].size_bytes < entry.size_bytes:
                largest[name] = entry
    return sorted(largest.values(), key=lambda one: (-one.size_bytes, one.name))


def _decoded(archive: Archive, entry: Entry | str, ledger: Ledger) -> Image.Image | None:
    name = entry if isinstance(entry, str) else entry.name
    try:
        return decode(archive.read(entry), ICON_SIDE)
    except LimitExceeded as limit:
        ledger.note("picture_flood" if limit.limit == "pixels" else "picture_damaged", name)
    except ApkError:
        ledger.note("picture_damaged", name)
    return None


# --- the icon ----------------------------------------------------------------------------------


def _icon(archive: Archive, icon: Icon, ledger: Ledger) -> Image.Image | None:
    """The icon as a launcher shows it; of an adaptive one the background with the foreground on it."""
    layers = [*_layer(archive, icon.background, ledger), *_layer(archive, icon.foreground, ledger)] if icon.adaptive else []
    plain = sorted((one for one in icon.files if _PICTURE.search(one.path)), key=lambda one: -(one.density % 65534))
    if not icon.foreground or len(layers) < 1 or not _has_picture(icon.foreground):
        layers = [image for one in plain[:3] if (image := _decoded(archive, one.path, ledger))][:1] or layers
    if not layers:
        if icon.files or icon.foreground:
            ledger.note("icon_unreadable" if plain else "icon_drawn", (icon.files or icon.foreground)[0])
        return None
    whole = Image.new("RGBA", (ICON_SIDE, ICON_SIDE))
    for layer in layers:
        whole.alpha_composite(layer.resize((ICON_SIDE, ICON_SIDE)))
    if not shows_something(grey(whole)):    # a colour alone, behind a drawing in XML: thousands of apps have it
        ledger.note("icon_drawn", next(iter(icon.foreground), ""))
        return None
    return whole


def _has_picture(layer: tuple[str, ...]) -> bool:
    return any(_PICTURE.search(one) for one in layer)


def _layer(archive: Archive, layer: tuple[str, ...], ledger: Ledger) -> Iterator[Image.Image]:
    """The last picture or colour of a layer: of several densities the largest."""
    for one in reversed(layer):
        if one.startswith("#"):
            alpha, colour = (one[1:3], one[3:]) if len(one) == 9 else ("ff", one[1:])
            yield Image.new("RGBA", (ICON_SIDE, ICON_SIDE), ImageColor.getcolor(f"#{colour}{alpha}", "RGBA"))
            return
        if _PICTURE.search(one) and (image := _decoded(archive, one, ledger)):
            yield image
            return


def _thumbnail(icon: Image.Image) -> bytes:
    buffer = io.BytesIO()
    icon.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE)).save(buffer, "PNG")
    return buffer.getvalue()
