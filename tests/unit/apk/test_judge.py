"""The judge: more against an app never clears it, what could not be read never clears it, and abilities alone condemn nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apk_analysis.code.abilities import explain_ability
from apk_analysis.errors import RuleFault
from apk_analysis.evidence import Evidence
from apk_analysis.judge.facts import Case, Ruling
from apk_analysis.judge.judge import judge
from apk_analysis.judge.table import read_table
from apk_analysis.manifest.facts import Combination
from apk_analysis.report.facts import CodeFact, Impersonation, ManifestFact, Reskin, SignatureFact, Stage
from apk_analysis.yara_scan.facts import Hit

FILE = Path(__file__).parents[3] / "rules" / "apk" / "judge.yaml"
TABLE = read_table(FILE)
ORDER = ("benign", "suspicious", "malicious")
READING = ("intake", "manifest", "certificate", "code", "yara", "sandbox")
WEIGHTS = st.floats(0.05, 6.0)
TYPES = st.sampled_from(["", "loan", "police"])
COMBINATIONS = st.builds(lambda name, weight: Combination(f"combination {name}", weight, "中", "en", ()), st.integers(0, 5), WEIGHTS)
STAGES = st.builds(Stage, st.sampled_from([*READING, "indicators", "appearance"]), st.sampled_from(["ok", "partial", "failed"]))
EVIDENCE = st.sampled_from([*TABLE.evidence, *TABLE.unclear, "something else"]).map(lambda code: Evidence(code, "中", "en"))


@st.composite
def hits(draw: Any) -> Hit:
    """A hit; all hits of one rule weigh the same."""
    kind, scam_type = draw(st.sampled_from(["family", "capability", "evasion"])), draw(TYPES)
    weight = draw(st.sampled_from([0.2, 1.0, 4.0]))
    return Hit(f"{kind} {scam_type} {weight}", 1, kind, draw(st.sampled_from(["a", "b"])), "中", "en", weight, 0.8, scam_type)


@st.composite
def cases(draw: Any) -> Case:
    """Any case."""
    related = draw(st.sampled_from(["unrelated", "reskin", "repackaged", "same_code", "update"]))
    return Case(
        ManifestFact(combinations=tuple(draw(st.lists(COMBINATIONS, max_size=3, unique_by=lambda one: one.id)))),
        draw(st.sampled_from([None, SignatureFact(), SignatureFact(accepted=True)])),
        CodeFact(packers=tuple(draw(st.sets(st.sampled_from(["p", "q"])))), abilities=tuple(sorted(draw(st.sets(st.sampled_from([*TABLE.abilities])))))),
        tuple(draw(st.lists(hits(), max_size=4))), tuple(draw(st.lists(EVIDENCE, max_size=4, unique_by=lambda one: one.code))),
        tuple(draw(st.lists(STAGES, max_size=3, unique_by=lambda one: one.name))),
        Reskin("f", "0" * 64, 1.0, probability=draw(st.floats(0.8, 1.0)), zh="中", en="en") if related != "unrelated" else None, related,
        draw(st.sampled_from([None, Impersonation("b", ("label",), 0.6, "中", "en"), Impersonation("b", ("label",), 1.0, "中", "en")])), draw(st.sampled_from(["", "b"])),
    )  # fmt: skip


def changed(case: Case, **fields: Any) -> Case:
    return msgspec.structs.replace(case, **fields)


@st.composite
def worse(draw: Any, case: Case) -> Case:
    """The case with one more thing against the app."""
    more: list[Case] = [
        changed(case, hits=(*case.hits, draw(hits()))),
        changed(case, evidence=(*case.evidence, *[one for one in [draw(EVIDENCE)] if one.code not in {e.code for e in case.evidence}])),
        changed(case, manifest=ManifestFact(combinations=(*case.manifest.combinations, Combination("new", draw(WEIGHTS), "中", "en", ())))),
        changed(case, code=msgspec.structs.replace(case.code, packers=(*case.code.packers, "another"))),
        changed(case, stages=(*[one for one in case.stages if one.name != "code"], Stage("code", "failed"))),
        changed(case, signatures=SignatureFact()),
    ]
    if case.reskin is None:
        more.append(changed(case, relation="reskin", reskin=Reskin("f", "0" * 64, 1.0, probability=draw(st.floats(0.8, 1.0)), zh="中", en="en")))
    if case.impersonates is None:
        more.append(changed(case, impersonates=Impersonation("b", ("label",), 0.6, "中", "en")))
    return draw(st.sampled_from(more))


@given(st.data())
def test_more_against_an_app_never_helps_it(data: st.DataObject) -> None:
    """Whatever is found beside all else, risk and verdict do not fall."""
    case = data.draw(cases())
    before, after = judge(case, TABLE), judge(data.draw(worse(case)), TABLE)
    assert after.risk >= before.risk
    assert ORDER.index(after.verdict) >= ORDER.index(before.verdict)


@pytest.mark.parametrize("stage", READING)
@given(case=cases(), status=st.sampled_from(["failed", "partial"]))
def test_what_could_not_be_read_is_not_benign(stage: str, case: Case, status: Any) -> None:
    """A reading stage that failed, or a sandbox that broke off, never ends in `benign`, even for a trusted signer."""
    assert judge(changed(case, stages=(*case.stages, Stage(stage, status))), TABLE).verdict != "benign"


@given(cases(), st.sampled_from(TABLE.unclear))
def test_evidence_of_the_unread_is_not_benign(case: Case, code: str) -> None:
    """Evidence that something could not be read never ends in `benign`."""
    assert judge(changed(case, evidence=(*case.evidence, Evidence(code, "中", "en"))), TABLE).verdict != "benign"


@given(st.lists(COMBINATIONS, max_size=6, unique_by=lambda one: one.id), st.sets(st.sampled_from([*TABLE.abilities])))
def test_abilities_alone_condemn_nobody(combinations: list[Combination], abilities: set[str]) -> None:
    """What an app can do makes it at most suspicious, however much that is."""
    able = CodeFact(abilities=tuple(abilities - {"warning-blocking"}))
    assert judge(Case(ManifestFact(combinations=tuple(combinations)), SignatureFact(accepted=True), able), TABLE).verdict != "malicious"


@given(cases())
def test_a_ruling_explains_itself(case: Case) -> None:
    """Findings stand in order of weight, each with words, and the risk is a number from 0 to 100."""
    ruling = judge(case, TABLE)
    weights = [abs(one.weight) for one in ruling.findings]
    assert weights == sorted(weights, reverse=True)
    assert all(one.zh and one.en for one in ruling.findings)
    assert 0.0 <= ruling.risk <= 100.0


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_evidence_is_nothing(case: Case, chance: Any) -> None:
    """The same things found in another order give the same risk, verdict and scam type."""
    evidence, stages = list(case.evidence), list(case.stages)
    chance.shuffle(evidence)
    chance.shuffle(stages)
    told = [judge(one, TABLE) for one in (case, changed(case, evidence=tuple(evidence), stages=tuple(stages)))]
    assert len({(one.verdict, one.risk, one.scam_type) for one in told}) == 1


def ruled(**fields: Any) -> Ruling:
    return judge(Case(signatures=SignatureFact(accepted=True), **fields), TABLE)


def test_a_quiet_app_is_benign() -> None:
    """Signed, read whole, and nothing found."""
    assert ruled().verdict == "benign" and ruled().findings == ()


def test_a_sure_skin_of_a_scam_is_malicious() -> None:
    """A new skin of a known scam app is malicious by this alone; the same code of an unknown app is not."""
    relative = Reskin("f", "0" * 64, 1.0, probability=0.99, zh="中", en="en")
    assert ruled(reskin=relative, relation="reskin").verdict == "malicious"
    assert ruled(reskin=relative, relation="same_code").verdict == "benign"
    assert ruled(reskin=relative, relation="update").findings == ()


def test_a_known_certificate_speaks_for_an_app() -> None:
    """A brand's own packed app with many abilities is benign: its certificate outweighs them."""
    packed, able = CodeFact(packers=("p",)), ManifestFact(combinations=(Combination("a", 3.0, "中", "en", ()), Combination("b", 3.0, "中", "en", ())))
    assert ruled(manifest=able, code=packed).verdict == "suspicious"
    assert ruled(manifest=able, code=packed, trusted="示例银行").verdict == "benign"


def test_the_scam_type_is_what_most_evidence_names() -> None:
    """The type with the weightiest hits; none where none is named."""
    found = tuple(Hit(name, 1, "family", "m", "中", "en", weight, 1.0, kind) for name, weight, kind in (("a", 2.0, "loan"), ("b", 1.5, "loan"), ("c", 3.0, "police")))
    assert ruled(hits=found).scam_type == "loan"
    assert ruled(hits=found[2:]).scam_type == "police"
    assert ruled().scam_type == ""


def test_deceit_is_never_benign() -> None:
    """A trick that an honest build cannot have is at least suspicious, whoever signed."""
    told = (Evidence("dex_before_archive", "中", "en"),)
    assert ruled(evidence=told, trusted="示例银行").verdict == "suspicious"


@pytest.mark.parametrize("text", [b"", b"version: 1", b"version: one\n", b": :\n- {", b"\xff\xfe\x00", FILE.read_bytes() + b"\nnew: 1\n"])
def test_a_broken_table_is_a_fault_of_the_rules(tmp_path: Path, text: bytes) -> None:
    """An absent, misspelt or half-written table names its file and the remedy."""
    path = tmp_path / "judge.yaml"
    with pytest.raises(RuleFault):
        read_table(path)
    path.write_bytes(text)
    with pytest.raises(RuleFault) as fault:
        read_table(path)
    assert fault.value.file == "judge.yaml" and fault.value.remedy


def test_every_ability_that_weighs_exists() -> None:
    """The judge's table names abilities of `abilities.yaml` alone, each with words."""
    assert all(all(explain_ability(one)) for one in TABLE.abilities)
