"""The folder of third-party data that training reads. Its rows never enter the product."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

from fraud_guard.errors import ConfigurationError, IntegrityError

Json = dict[str, Any]


class DataFolder(NamedTuple):
    """A copy of the data: `path` holds `text/` and `hosts/` with `<name>.jsonl.gz`."""

    path: Path

    def rows(self, name: str) -> list[Json]:
        """The rows of `name` (such as `text/fbs`), in file order.

        Raises ConfigurationError when the file is absent, IntegrityError when it is torn.
        """
        file = self.path / f"{name}.jsonl.gz"
        if not file.is_file():
            raise ConfigurationError(f"{file} is missing: --data names a folder with text/ and hosts/ in it")
        try:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                return [json.loads(line) for line in lines]
        except (OSError, EOFError, ValueError) as error:
            raise IntegrityError(f"{file}: {error}") from error
