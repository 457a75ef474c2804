"""Where rules come from: a folder of YAML texts, read whole and built into a generation.

Only `tags/**/*.yaml` and `policy/**/*.yaml` decide; everything else in the folder (README, version
lock, names of scam types) is for people and the lint, and does not change a generation's id.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pydantic import RootModel

from fraud_guard.behaviour import NAME as BEHAVIOUR
from fraud_guard.errors import RuleError
from fraud_guard.generation import Generation, build
from fraud_guard.learned.active import active_version, load_artefact
from fraud_guard.learned.artefact import SUMS
from fraud_guard.rulebook.load import load_model, load_rule
from fraud_guard.rulebook.rule import Rule, Words
from fraud_guard.shipped import shipped

SCAM_TYPES = "scam_types.yaml"
ROOMS = ("policy", "tags")
"""Folders below `rules/` whose texts make a generation."""


def read_rule_files(folder: Path) -> dict[str, str]:
    """Texts of a rules folder by path below it (`tags/any/x.yaml`), sorted by path.

    A folder behind a link is read as it was when the reading began, so that a whole folder can be put in another's place.
    Raises RuleError naming the file when the folder is missing or a text cannot be read.
    """
    folder = folder.resolve()
    if not (folder / "tags").is_dir():
        raise RuleError("there is no folder `tags` here", file=str(folder), remedy="point to the folder `rules`")
    return {name: _read(folder / name, name) for name in sorted(_names(folder))}


def read_generation_files(folder: Path, models: Path | None = None) -> dict[str, str]:
    """All texts that decide: those of the rules folder, and of the behaviour model that `models/active.json` names.

    `models`: default the shipped folder. Raises RuleError, ConfigurationError or IntegrityError.
    """
    return read_rule_files(folder) | read_behaviour_files(models)


def read_behaviour_files(models: Path | None = None) -> dict[str, str]:
    """The texts of the active behaviour model by path (`behaviour/<version>/<file>`); none when none is active."""
    version = active_version(BEHAVIOUR, models)
    if not version:
        return {}
    artefact = load_artefact(BEHAVIOUR, version, models)
    sums = (models or shipped("models")) / BEHAVIOUR / version / SUMS
    texts = {SUMS: _read(sums, SUMS)} | {file: artefact.text(file) for file in artefact.files}
    return {f"{BEHAVIOUR}/{version}/{file}": text for file, text in texts.items()}


def build_from_files(files: Mapping[str, str]) -> Generation:
    """The generation of texts that `read_rule_files` gave. Raises RuleError with every fault."""
    return build(files)


def load_generation(folder: Path) -> tuple[Generation, dict[str, str]]:
    """Read and compile a rules folder; the texts come along so that they can be archived.

    Raises RuleError (several at once as RuleErrors) naming file, line and remedy.
    """
    files = read_rule_files(folder)
    return build_from_files(files), files


def load_rule_of(folder: Path, rule_id: str) -> tuple[Generation, Rule]:
    """The generation of a rules folder and one of its rules, which may be a draft or retired.

    Raises RuleError for a fault, LookupError for an id that no file has.
    """
    generation, files = load_generation(folder)
    path = next((p for p in files if p.startswith("tags/") and PurePosixPath(p).stem == rule_id), None)
    if path is None:
        near = difflib.get_close_matches(rule_id, [PurePosixPath(p).stem for p in files if p.startswith("tags/")], 3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise LookupError(f"no such rule: {rule_id}{hint}")
    return generation, load_rule(path, files[path])


def load_scam_types(folder: Path) -> dict[str, Words]:
    """Codes of scam types and their names in both languages, in the order of the file. Raises RuleError."""
    return load_model(SCAM_TYPES, _read(folder / SCAM_TYPES, SCAM_TYPES), _ScamTypes).root


class _ScamTypes(RootModel[dict[str, Words]]):
    pass


def _names(folder: Path) -> Iterator[str]:
    for room in ROOMS:
        for path in (folder / room).rglob("*"):
            name = path.relative_to(folder).as_posix()
            if path.suffix == ".yml":
                raise RuleError("rule files end in .yaml", file=name, remedy="rename it; it would be passed over")
            if path.suffix == ".yaml" and path.is_file():
                yield name


def _read(path: Path, name: str) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise RuleError("not UTF-8", file=name, line=line, remedy="save the file as UTF-8") from None
    except OSError as error:
        raise RuleError(f"cannot be read: {error.strerror}", file=name, remedy="check its permissions") from None
