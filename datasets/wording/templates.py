"""Loader of the hand-written texts in `benign/` and `scam/`: one frozen `Template` an entry.

A file holds one kind of benign text (`kind`) or one scam type (`scam_type`), a default `sender`
and its entries. An id is `<file>/<entry>`. Scam entries name their stage; `generation` 1 is the
wording of today, 2 and 3 are what gangs write later (drift). Nothing is read after the first call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import msgspec
import yaml

from datasets.wording.slots import SLOTS

HERE = Path(__file__).parent
SLOT = re.compile(r"\{([^{}]*)\}")

Sender = Literal["personal", "bank", "operator", "port106", "courier", "official", "overseas", "virtual"]
Stage = Literal[
    "", "lure", "trust", "group", "instruction", "payment", "threat", "unfreeze", "recovery"
]  # "" = benign


class Template(NamedTuple):
    """A text with slots in braces; `scam_type` is "" for benign texts, `kind` is "scam" for the others.

    `link` says that the text needs a link from the caller; `slots` are in order of first use.
    """

    id: str
    text: str
    sender: Sender
    stage: Stage
    generation: int
    link: bool
    scam_type: str
    slots: tuple[str, ...]
    kind: str


class WordingError(ValueError):
    """A file of texts is wrong; the message names file, entry and remedy."""

    def __init__(self, message: str, *, file: Path, entry: str = "", remedy: str) -> None:
        place = f"{file.parent.name}/{file.name}" + (f" [{entry}]" if entry else "")
        super().__init__(f"{place}: {message} — {remedy}")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    text: str
    sender: Sender
    stage: Stage = ""
    generation: Literal[1, 2, 3] = 1


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    templates: list[dict[str, object]]
    kind: str = ""
    scam_type: str = ""
    sender: str = ""


_Shape = TypeVar("_Shape", _Entry, _File)


def benign() -> tuple[Template, ...]:
    """All genuine texts, by file and in the order of the file."""
    return _benign()


def scam(scam_type: str) -> tuple[Template, ...]:
    """The texts of one scam type; `KeyError` for a type without texts."""
    return _scam()[scam_type]


def scam_types() -> tuple[str, ...]:
    """Codes of all scam types that have texts, sorted."""
    return tuple(_scam())


@lru_cache(maxsize=1)
def _benign() -> tuple[Template, ...]:
    return load(HERE / "benign")


@lru_cache(maxsize=1)
def _scam() -> dict[str, tuple[Template, ...]]:
    loaded = load(HERE / "scam")
    return {
        code: tuple(t for t in loaded if t.scam_type == code)
        for code in sorted({t.scam_type for t in loaded})
    }


def load(folder: Path) -> tuple[Template, ...]:
    """Every template of the YAML files in `folder`; `WordingError` for the first that is wrong."""
    templates = tuple(template for file in sorted(folder.glob("*.yaml")) for template in _read(file))
    _refuse_twins(folder, templates)
    return templates


def _read(file: Path) -> Iterator[Template]:
    try:
        document = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WordingError(
            f"not YAML: {error}", file=file, remedy="put texts in double quotes, UTF-8"
        ) from error
    head = _shaped(document, _File, file, "")
    if bool(head.kind) == bool(head.scam_type):
        raise WordingError("needs either kind or scam_type", file=file, remedy="give exactly one at the head")
    for i, fields in enumerate(head.templates, 1):
        entry = _shaped({"sender": head.sender, **fields}, _Entry, file, str(fields.get("id", f"entry {i}")))
        yield _checked(entry, head, file)


def _shaped(value: object, shape: type[_Shape], file: Path, entry: str) -> _Shape:
    """`value` as `shape`; a missing, unknown or wrong field becomes a `WordingError`."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        remedy = f"fields are {', '.join(shape.__struct_fields__)}"
        raise WordingError(str(error), file=file, entry=entry, remedy=remedy) from error


def _checked(entry: _Entry, head: _File, file: Path) -> Template:
    slots = tuple(dict.fromkeys(SLOT.findall(entry.text)))
    if unknown := [slot for slot in slots if slot not in SLOTS]:
        remedy = f"the slots are {', '.join(SLOTS)}"
        raise WordingError(f"unknown slot {{{unknown[0]}}}", file=file, entry=entry.id, remedy=remedy)
    if bool(entry.stage) != bool(head.scam_type):
        remedy = "scam entries name a stage, benign entries none"
        raise WordingError(f"stage is {entry.stage!r}", file=file, entry=entry.id, remedy=remedy)
    return Template(
        id=f"{file.stem}/{entry.id}",
        text=entry.text,
        sender=entry.sender,
        stage=entry.stage,
        generation=entry.generation,
        link="link" in slots,
        scam_type=head.scam_type,
        slots=slots,
        kind=head.kind or "scam",
    )


def _refuse_twins(folder: Path, templates: Iterable[Template]) -> None:
    """Ids and texts are unique within a folder."""
    seen: dict[str, str] = {}
    for template in templates:
        for key in (template.id, template.text):
            if key in seen:
                stem, _, entry = template.id.partition("/")
                file = folder / f"{stem}.yaml"
                raise WordingError(
                    f"repeats {seen[key]}", file=file, entry=entry, remedy="reword or remove it"
                )
            seen[key] = template.id
