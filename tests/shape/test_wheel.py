"""The wheel alone is enough: built, installed elsewhere, and used to replay the golden day.

The sdist is built first and the wheel from it, so that a file missing in either shows.
Dependencies come from the running environment; the product itself only from the wheel.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the checkout and return its standard output."""
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist, built from this checkout."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", out, cwd=ROOT)
    shutil.unpack_archive(next(out.glob("*.tar.gz")), out)
    source = next(path for path in out.iterdir() if path.is_dir())
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=source)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of a fresh environment that holds the wheel and nothing of the checkout."""
    home = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    scripts = home / "venv" / "bin"
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps",
        "--python", scripts / "python", wheel, cwd=home)  # fmt: skip
    packages = Path(
        run(
            scripts / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home
        ).strip()
    )
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return scripts


def test_the_wheel_carries_the_product_and_its_data(wheel: Path) -> None:
    """Packages, rules, models and golden days are inside; tests, documents and caches are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    folders = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert folders == {"fraud_guard", "apk_analysis", "datasets", "streams.py"}
    for data in (*(ROOT / "rules").rglob("*.yaml"), *(ROOT / "models").rglob("*.*")):
        assert data.is_dir() or f"fraud_guard/_shipped/{data.relative_to(ROOT)}" in names
    assert "datasets/golden/day/tags.ndjson" in names
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_finds_its_own_data(installed: Path, tmp_path: Path) -> None:
    """Away from the checkout, rules and models are found inside the package."""
    code = "from fraud_guard.shipped import shipped; print(shipped('rules')); print(shipped('models'))"
    for line in run(installed / "python", "-c", code, cwd=tmp_path).splitlines():
        assert Path(line).is_relative_to(installed.parent)
        assert Path(line).parent.name == "_shipped"


def test_the_wheel_registers_its_transport(installed: Path, tmp_path: Path) -> None:
    """Faust finds the embedded transport by its entry point."""
    code = (
        "from importlib.metadata import distribution as d;"
        "print([e.load().__module__ for e in d('fraud-guard').entry_points if e.group == 'faust.transports'])"
    )
    assert "fraud_guard.adapters.embedded.transport" in run(installed / "python", "-c", code, cwd=tmp_path)


def test_the_wheel_replays_the_golden_day(installed: Path, tmp_path: Path) -> None:
    """The installed command replays the golden day from an empty folder and writes alerts."""
    find = "import datasets, pathlib; print(pathlib.Path(datasets.__file__).parent / 'golden' / 'day')"
    day = Path(run(installed / "python", "-c", find, cwd=tmp_path).strip())
    assert day.is_relative_to(installed.parent)
    run(installed / "fraud-guard", "replay", day / "tags.ndjson", "--subjects", day / "subjects.csv",
        "--stations", day / "stations.csv", "--alerts", "alerts.ndjson", "--orders", "orders.ndjson",
        cwd=tmp_path)  # fmt: skip
    alerts = [json.loads(line) for line in (tmp_path / "alerts.ndjson").read_text("utf-8").splitlines()]
    assert any(alert["change"] == "raised" for alert in alerts)
    assert (tmp_path / "orders.ndjson").read_text("utf-8")
