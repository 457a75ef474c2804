"""Whatever a file tries, there is a report on it: within limits, without a trace on the disk, and never a clean bill for what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from apk_analysis.dissection.settings import SANDBOX_LEVELS, ScanSettings
from apk_analysis.errors import SandboxMissing
from apk_analysis.report.facts import Report
from apk_analysis.sandbox.zygote import Answer
from apk_analysis.worker.scanner import Scanner, Zygote
from datasets.reskin.base_app import AppPlan, make_members
from datasets.reskin.hostile import hostile_samples, mutants
from datasets.reskin.packing import pack_signed
from datasets.reskin.signing import make_key

RULES = Path(__file__).parents[2] / "rules" / "apk"
SETTINGS = ScanSettings(RULES, wall_s=60.0, cpu_s=30, memory_bytes=1 << 30)
READING = {"intake", "manifest", "certificate", "code", "yara", "sandbox"}
# Where samples say that they want to go.
TARGETS = ("/tmp/evil.sh", "/etc/cron.d/evil", "/evil.exe")


class Desk:
    """Scans bytes one after the other and keeps what the sandbox answered."""

    def __init__(self, folder: Path, scanner: Scanner, answers: list[Answer]) -> None:
        self._work, self._scanner, self.answers = folder / "work", scanner, answers
        self._work.mkdir()

    def complaints(self, samples: Iterable[tuple[str, bytes]]) -> list[str]:
        """What is wrong with the reports on these samples; nothing, that is."""
        return [f"{name}: {what}" for name, data in samples for what in self._wrong(data)]

    def _wrong(self, data: bytes) -> Iterator[str]:
        path = self._work / "sample.apk"
        path.write_bytes(data)
        self.answers.clear()
        report, _ = self._scanner.scan(path)
        yield from _unsound(report)
        for answer in self.answers:
            yield from _excessive(answer)


def _unsound(report: Report) -> Iterator[str]:
    if not report.stages or report.stages[0].name != "intake":
        yield "no intake in the report"
    failed = [one for one in report.stages if one.status in {"failed", "partial"} and one.name in READING]
    if failed and report.verdict == "benign":
        yield f"benign, yet {failed}"
    if defects := [one for one in report.stages if one.status == "failed" and "Error: " in one.reason]:
        yield f"a defect of ours: {defects}"


def _excessive(answer: Answer) -> Iterator[str]:
    if answer.ended == "crash":
        yield f"the child crashed: {answer.code} {answer.words}"
    if answer.cpu_s > SETTINGS.cpu_s + 1 or answer.peak_rss_bytes > SETTINGS.memory_bytes:
        yield f"{answer.cpu_s} s and {answer.peak_rss_bytes} bytes"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose folder for temporary files and whose working folder are empty."""
    folder = tmp_path_factory.mktemp("desk")
    answers: list[Answer] = []
    dissect = Zygote.dissect

    def kept(self: Zygote, path: Path, sha256: str) -> Answer:
        answers.append(dissect(self, path, sha256))
        return answers[-1]

    with pytest.MonkeyPatch.context() as patch, Scanner(SETTINGS) as scanner:
        patch.setattr(Zygote, "dissect", kept)
        for name in ("tmp", "here"):
            (folder / name).mkdir()
            (folder / name).chmod(0o777)
        patch.setenv("TMPDIR", str(folder / "tmp"))
        patch.chdir(folder / "here")
        yield Desk(folder, scanner, answers)


@pytest.fixture
def traceless(desk: Desk) -> Iterator[None]:
    """Nothing is written but the sample itself."""
    before = {target: Path(target).exists() for target in TARGETS}
    yield
    folder = Path.cwd().parent
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == ["here", "tmp", "work", "work/sample.apk"]
    assert {target: Path(target).exists() for target in TARGETS} == before


def base() -> bytes:
    return pack_signed(make_members(AppPlan(405, classes=6, images=1)), make_key())


@pytest.mark.usefixtures("traceless")
def test_every_hostile_sample_gets_a_report(desk: Desk) -> None:
    """Each kind of hostile sample ends in a report within its limits, and leaves nothing behind."""
    assert desk.complaints(hostile_samples()) == []


@pytest.mark.usefixtures("traceless")
def test_damaged_apps_get_a_report(desk: Desk) -> None:
    """So do five hundred damaged copies of a signed app."""
    assert desk.complaints((f"mutant {n}", data) for n, data in enumerate(mutants(base(), 500, 20261126))) == []


@pytest.mark.soak
@pytest.mark.usefixtures("traceless")
def test_ten_thousand_damaged_apps(desk: Desk) -> None:
    """So do ten thousand."""
    assert desk.complaints((f"mutant {n}", data) for n, data in enumerate(mutants(base(), 10_000, 7))) == []


def test_a_sample_is_dissected_behind_bars(tmp_path: Path) -> None:
    """The report names the sandbox that held; where less than the demanded one can be had, nothing is dissected."""
    path = tmp_path / "app.apk"
    path.write_bytes(base())
    with Scanner(SETTINGS) as scanner:
        held = scanner.scan(path)[0].sandbox
    assert held in SANDBOX_LEVELS[1:]
    for stronger in SANDBOX_LEVELS[SANDBOX_LEVELS.index(held) + 1 :]:
        with Scanner(structs.replace(SETTINGS, least_sandbox=stronger)) as scanner, pytest.raises(SandboxMissing, match=held):
            scanner.scan(path)


def test_time_that_is_over_leaves_a_partial_report(tmp_path: Path) -> None:
    """With next to no time the report says so, and is never `benign`; the next sample is dissected as ever."""
    path = tmp_path / "app.apk"
    path.write_bytes(base())
    with Scanner(structs.replace(SETTINGS, wall_s=0.001)) as scanner:
        reports = [scanner.scan(path)[0] for _ in range(2)]
    assert all(one.partial and "time" in one.limits_hit and one.verdict != "benign" for one in reports)
    with Scanner(structs.replace(SETTINGS, recycle=1)) as scanner:
        assert not any(scanner.scan(path)[0].partial for _ in range(3))


def test_a_zygote_that_is_killed_is_followed_by_another(tmp_path: Path) -> None:
    """When the zygote dies the sample at hand gets a report that says so, and the next one is dissected."""
    path = tmp_path / "app.apk"
    path.write_bytes(base())
    with Zygote(SETTINGS) as zygote:
        assert zygote.dissect(path, "0" * 64).ended == "ok"
        process = zygote._process
        assert process is not None
        process.kill()
        process.wait()
        assert [zygote.dissect(path, "0" * 64).ended for _ in range(2)] == ["crash", "ok"]
