"""From evidence to a verdict. Pure and monotone: more evidence against an app never lowers its risk, and what could not be read never clears it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal

from apk_analysis.code.abilities import explain_ability
from apk_analysis.judge.facts import Case, Ruling
from apk_analysis.judge.table import Table
from apk_analysis.report.facts import Finding, Verdict

Kind = Literal["capability", "threat", "evasion", "trust"]
_READING = ("intake", "manifest", "certificate", "code", "yara", "sandbox")
"""Stages whose failure means that something may be hidden; `sandbox` stands for all that were cut off."""


def judge(case: Case, table: Table) -> Ruling:
    """The verdict on a case."""
    findings = sorted(_findings(case, table), key=lambda one: (-abs(one.weight), one.id))
    score = table.prior + _total(findings, table)
    probability = 1 / (1 + math.exp(-score))
    return Ruling(_verdict(probability, case, findings, table), round(100 * probability, 1), tuple(findings), _scam_type(findings))


def _verdict(probability: float, case: Case, findings: Iterable[Finding], table: Table) -> Verdict:
    if probability >= table.malicious:
        return "malicious"
    unread = any(one.status in {"failed", "partial"} and one.name in _READING for one in case.stages)
    unclear = unread or any(one.code in table.unclear for one in case.evidence)
    deceives = any(one.kind == "evasion" and one.weight >= table.deceit for one in findings)
    return "suspicious" if unclear or deceives or probability >= table.suspicious else "benign"


def _total(findings: Iterable[Finding], table: Table) -> float:
    """Of findings that tell the same story the strongest counts in full; of each kind no more than the table allows."""
    sums: defaultdict[str, float] = defaultdict(float)
    told: set[str] = set()
    for one in findings:
        story = f"{one.kind} {one.scam_type or one.id}"
        share = table.second if story in told else 1.0
        told.add(story)
        sums[one.kind] += share * abs(one.weight)
    capped = {kind: min(total, table.most[kind]) for kind, total in sums.items()}
    return sum(-total if kind == "trust" else total for kind, total in capped.items())


def _findings(case: Case, table: Table) -> Iterator[Finding]:
    yield from _relatives(case, table)
    yield from _abilities(case, table)
    yield from _signature(case, table)
    for code in case.code.packers:
        yield Finding(f"packer {code}", "evasion", table.packer, 0.9, f"使用加壳：{code}", f"packed with {code}", "code")
    for hit in {hit.rule: hit for hit in reversed(case.hits)}.values():
        kind: Kind = "threat" if hit.kind == "family" else hit.kind
        yield Finding(hit.rule, kind, hit.weight * hit.confidence, hit.confidence, hit.zh, hit.en, "yara", (hit.member,), hit.scam_type)
    for one in case.evidence:
        weight = table.evidence.get(one.code, table.evidence.get("other", 0.0))
        if weight:
            yield Finding(one.code, "evasion", weight, 0.8, one.zh, one.en, "evidence", one.where)
    for stage in case.stages:
        if stage.status in {"failed", "partial"} and stage.name in _READING:
            yield Finding(f"unread {stage.name}", "evasion", table.unreadable, 0.5, f"{stage.name} 阶段未能完整读取",
                          f"stage {stage.name} could not read everything", stage.name, (stage.reason,))  # fmt: skip


def _relatives(case: Case, table: Table) -> Iterator[Finding]:
    if case.reskin and case.relation in {"reskin", "repackaged", "same_code"}:
        weight = {"reskin": table.reskin, "repackaged": table.repackaged}.get(case.relation, table.same_code)
        sure = case.reskin.probability
        yield Finding(case.relation, "threat", weight * sure, sure, case.reskin.zh, case.reskin.en, "reskin", (case.reskin.nearest_sha256,))
    if worn := case.impersonates:
        yield Finding("impersonation", "threat", table.impersonation * worn.similarity, worn.similarity, worn.zh, worn.en, "brands", worn.by)
    if case.trusted:
        yield Finding("trusted", "trust", table.trusted, 1.0, f"由“{case.trusted}”的已知证书签名", f"signed with a known certificate of {case.trusted}", "brands")


def _abilities(case: Case, table: Table) -> Iterator[Finding]:
    for one in case.manifest.combinations:
        yield Finding(one.id, "capability", one.weight, 0.7, one.zh, one.en, "manifest", one.found)
    for ability in case.code.abilities:
        if weight := table.abilities.get(ability, 0.0):
            what: Kind = "threat" if ability == "warning-blocking" else "capability"
            yield Finding(ability, what, weight, 0.7, *explain_ability(ability), "code")


def _signature(case: Case, table: Table) -> Iterator[Finding]:
    if case.signatures is not None and not case.signatures.accepted:
        yield Finding("not-installable", "evasion", table.unsigned, 0.9, "签名无效，安卓系统会拒绝安装", "no valid signature: Android would refuse it",
                      "certificate", case.signatures.problems[:3])  # fmt: skip


def _scam_type(findings: Iterable[Finding]) -> str:
    """The type that most of the evidence names."""
    sums: defaultdict[str, float] = defaultdict(float)
    for one in findings:
        if one.scam_type:
            sums[one.scam_type] += one.weight
    return max(sorted(sums), key=lambda name: sums[name]) if sums else ""
