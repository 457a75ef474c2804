"""Where lists come from: a folder with those that take the place of shipped ones."""

from __future__ import annotations

from pathlib import Path

from fraud_guard.errors import ConfigurationError


def read_list_files(folder: Path | None) -> dict[str, str]:
    """Texts of all `.csv` and `.txt` files of a folder by name; none without a folder. Raises ConfigurationError."""
    if folder is None:
        return {}
    folder = folder.resolve()  # behind a link, as it was when the reading began
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".csv", ".txt"))
    except OSError as error:
        raise ConfigurationError(f"{folder}: {error.strerror}; give a readable folder of lists, or none") from None
    return {path.name: _text(path) for path in paths}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path.name}:{line}: not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; check its permissions") from None
