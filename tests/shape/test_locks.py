"""The locks agree with pyproject.toml, and everything in them installs on aarch64 Linux too.

A failure of the first kind means: run `make lock`. One of the second kind means that a new
version, or a new dependency, ships no aarch64 wheel: choose another, or record why not in docs/adr.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUN, DEV, BENCH = "requirements.lock", "requirements-dev.lock", "requirements-bench.lock"
GROUPS = {RUN: "build", DEV: "dev", BENCH: "bench"}
BUILT_FROM_SOURCE = "faust-streaming"  # see docs/adr/0005
ENTRY = re.compile(
    r"^(?P<pin>[a-z0-9][^\n]*?) \\\n(?P<hashes>(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def pins(lock: str) -> list[Requirement]:
    """The requirements of a lock, in its order; every one is pinned and hashed."""
    return [Requirement(entry["pin"]) for entry in ENTRY.finditer((ROOT / lock).read_text("utf-8"))]


def group(name: str) -> list[Requirement]:
    """The dependency group `name` of pyproject.toml, its included groups unfolded."""
    wanted: list[Requirement] = []
    for item in PROJECT["dependency-groups"][name]:
        wanted += group(item["include-group"]) if isinstance(item, dict) else [Requirement(item)]
    return wanted


def wanted(lock: str) -> list[Requirement]:
    project = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    return project + group(GROUPS[lock])


def asked_for_directly(lock: str) -> set[str]:
    """The names that the lock itself says pyproject.toml asked for."""
    text = (ROOT / lock).read_text("utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {re.split(r"==", block)[0] for block in blocks if "fraud-guard (pyproject.toml" in block}


@pytest.mark.parametrize("lock", GROUPS)
def test_a_lock_holds_what_the_project_asks_for(lock: str) -> None:
    """Each dependency is pinned at a version its lower bound allows, and none is a left-over."""
    locked: dict[str, list[Requirement]] = {}
    for pin in pins(lock):
        locked.setdefault(canonicalize_name(pin.name), []).append(pin)
    for need in wanted(lock):
        for pin in locked[canonicalize_name(need.name)]:
            assert need.specifier.contains(next(iter(pin.specifier)).version), (
                f"{pin} in {lock}: run `make lock`"
            )
    assert asked_for_directly(lock) == {canonicalize_name(need.name) for need in wanted(lock)}


@pytest.mark.parametrize("lock", GROUPS)
def test_a_lock_is_pinned_hashed_and_names_no_host(lock: str) -> None:
    """Every line of a lock is a pin with hashes or a comment; no registry is written down."""
    text = (ROOT / lock).read_text("utf-8")
    rest = re.sub(r"^ *#.*\n?", "", ENTRY.sub("", text), flags=re.MULTILINE)
    assert rest.strip() == ""
    assert "://" not in text


def test_both_locks_agree() -> None:
    """What the developers' lock shares with the product's is the same version."""
    run, dev = ({(pin.name, str(pin.specifier)) for pin in pins(lock)} for lock in (RUN, DEV))  # developers' tools need some on more systems
    assert run <= dev


def resolve_for_aarch64(*options: str) -> subprocess.CompletedProcess[str]:
    """Resolve the product's lock for aarch64 Linux, wheels only."""
    index = {"UV_DEFAULT_INDEX": os.environ["PIP_INDEX_URL"]} if "PIP_INDEX_URL" in os.environ else {}
    return subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", RUN, "--python-platform", "aarch64-manylinux_2_28",
         "--python-version", "3.11", "--only-binary", ":all:", "--no-header", "--quiet", *options],
        cwd=ROOT, env=index | os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def skip_without_registry(done: subprocess.CompletedProcess[str]) -> None:
    """Skip on a machine without a network; continuous integration has no such excuse."""
    unreachable = re.search(
        r"dns error|error sending request|failed to (fetch|connect)|timed out", done.stderr, re.IGNORECASE
    )
    if done.returncode and unreachable and not os.environ.get("CI"):
        pytest.skip("the package registry cannot be reached")


def test_every_dependency_has_an_aarch64_wheel() -> None:
    """The locked versions resolve for aarch64 Linux as wheels, but for the one named exception."""
    done = resolve_for_aarch64("--no-binary", BUILT_FROM_SOURCE)
    skip_without_registry(done)
    assert done.returncode == 0, done.stderr
    names = {line.split("==")[0] for line in done.stdout.splitlines() if "==" in line}
    here = {pin.name for pin in pins(RUN) if not pin.marker or pin.marker.evaluate({"sys_platform": "linux"})}
    assert names == here


def test_the_exception_is_still_needed() -> None:
    """Wheels alone do not resolve: the day they do, the exception can go."""
    done = resolve_for_aarch64()
    skip_without_registry(done)
    assert done.returncode != 0
    assert BUILT_FROM_SOURCE in done.stderr
