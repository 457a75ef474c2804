"""Every generation that ever decided, by content id, so that a crash can be replayed with the rules of its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from fraud_guard.adapters.whole_file import whole_file
from fraud_guard.errors import IntegrityError
from fraud_guard.generation import Generation, build, content_id


class GenerationArchive:
    """One file a generation below a folder; compiled generations are kept in RAM.

    `elsewhere`: tells the texts of one that this folder lacks, since another worker announced it; None when unknown there, too.
    """

    def __init__(self, folder: Path, elsewhere: Callable[[str], Mapping[str, str] | None] | None = None) -> None:
        self._folder, self._elsewhere = folder, elsewhere
        self._built: dict[str, Generation] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, files: Mapping[str, str]) -> Generation:
        """Compile, archive durably and return a generation. Raises RuleError without archiving anything."""
        generation = build(files)
        path = self._path(generation.id)
        if not path.exists():
            with whole_file(path) as file:
                file.write(msgspec.json.encode(dict(sorted(files.items()))))
        self._built[generation.id] = generation
        return generation

    def get(self, generation_id: str) -> Generation:
        """The generation with this id. Raises IntegrityError if it is missing or was altered."""
        if generation_id not in self._built:
            self._built[generation_id] = self._read(generation_id)
        return self._built[generation_id]

    def _read(self, generation_id: str) -> Generation:
        path = self._path(generation_id)
        if self._elsewhere is not None and not path.exists() and (told := self._elsewhere(generation_id)) is not None:
            return self.put(told)
        try:
            files = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except (OSError, msgspec.DecodeError) as error:
            raise IntegrityError(f"{path}: generation {generation_id} is needed to replay the log and cannot be read; "
                                 "restore the folder `generations` from the backup") from error  # fmt: skip
        if content_id(files) != generation_id:
            raise IntegrityError(
                f"{path} was altered: its content is not {generation_id}; restore it from the backup"
            )
        return build(files)

    def _path(self, generation_id: str) -> Path:
        return self._folder / f"{generation_id}.json"
