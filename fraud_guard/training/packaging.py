"""Writing of artefacts: the same arrays and documents always give the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraud_guard.errors import ConfigurationError
from fraud_guard.learned.artefact import SUMS, Artefact, check_files
from fraud_guard.training.card import Card, card_file

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""A zip archive cannot be older; the date of training would make each run another file."""


def array_file(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An `.npz` file of `arrays`, compressed, without dates."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), (1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return buffer.getvalue()


def json_file(document: Mapping[str, Any]) -> bytes:
    """`document` as indented JSON, Chinese as it is."""
    return (json.dumps(document, ensure_ascii=False, indent=1, default=_plain) + "\n").encode("utf-8")


def artefact_of(name: str, version: str, files: Mapping[str, bytes]) -> Artefact:
    """The artefact made of `files`, its sums added, checked as a reader would."""
    return check_files(name, version, with_sums(files))


def descriptions(name: str, version: str, seed: int, figures: Mapping[str, Any], options: str = "") -> dict[str, bytes]:
    """What every artefact tells of itself: `metrics.json` and `card.md`; `options` as in `Card`."""
    return {"metrics.json": json_file(figures), "card.md": card_file(Card(name, version, seed, figures, options))}


def with_sums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """`files` and their SHA256SUMS."""
    sums = "".join(f"{hashlib.sha256(files[file]).hexdigest()}  {file}\n" for file in sorted(files))
    return {**files, SUMS: sums.encode("ascii")}


def write_artefact(models: Path, artefact: Artefact) -> Path:
    """Write `artefact` below `models`. Raises ConfigurationError rather than change a version that exists."""
    folder = models / artefact.name / artefact.version
    if folder.exists():
        raise ConfigurationError(f"{folder} exists; a version never changes: name another with --version")
    folder.mkdir(parents=True)
    for file, content in with_sums(artefact.files).items():
        (folder / file).write_bytes(content)
    return folder


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else list(value)
