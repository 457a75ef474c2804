"""Rule books for tests: the shipped one, and a synthetic one with every shape and low thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import yaml

from fraud_guard.generation import ESCALATION, FUSION, Generation, build
from fraud_guard.rulebook.load import load_rules
from fraud_guard.rulebook.rule import Rule
from fraud_guard.shipped import shipped
from tests.reference.model import PlainScorer

_FIXED: dict[str, Any] = {
    "version": 1, "status": "test", "title": {"zh": "测试", "en": "test"}, "summary": {"zh": "测试", "en": "test"},
    "known_false_alarms": ["tests"], "runbook": {"zh": "测试", "en": "test"}, "holds": "6h",
    "examples": [{"name": n, "expect": n, "tags": [{"at": "0s"}]} for n in ("hit", "miss")],
}  # fmt: skip
_RULES: dict[str, dict[str, Any]] = {
    "any-risky": {"weight": 1.0, "event": "risky AND kind <> 'call_end'", "when": "call_risky", "holds": "10min"},
    "otp-on-call": {"weight": 4.0, "event": "otp", "when": "in_call AND call_otps >= 2", "holds": "2h"},
    "otp-again": {"weight": 2.5, "group": "otp", "event": "otp OR bank", "when": "otps_1h > 1.5"},
    "otp-many": {"weight": 3.0, "group": "otp", "event": "otp", "when": "otps_24h >= 2.9 AND since_otp_s = 0"},
    "up-1min": {"weight": 2.0, "group": "up", "timer": {"after": "60s", "call": "call"}, "when": "in_call"},
    "up-10min": {"weight": 3.0, "group": "up", "timer": {"after": "10min", "call": "risky"}, "when": "call_elapsed_s >= 600"},
    "up-2h": {"weight": 5.0, "group": "up", "timer": {"after": "2h", "call": "risky OR forwarded"},
              "when": "long_calls_7d < 1 AND in_call AND since_long_risky_call_s < 7200"},
    "lure-visit": {"weight": 4.0, "sequence": {"within": "30min", "steps": ["lure AND link", "short_link AND kind = 'visit'"]}},
    "lure-load-install": {"weight": 5.0, "holds": "3d",
                          "sequence": {"within": "2d", "steps": ["lure", "sideloaded", "kind = 'app_install'"]}},
    "call-share-code-bank": {
        "weight": 7.0, "sequence": {"within": "2h", "steps": ["risky", "app IN ('meeting', 'remote_control')", "otp",
                                                               "app = 'bank'"]}},
    "lure-maybe-app-bank": {
        "weight": 2.0, "sequence": {"within": "6h", "bonus": 1.5, "steps": [
            {"where": "lure", "optional": True}, "risky OR otp", {"where": "app = 'meeting'", "optional": True},
            {"where": "otp", "optional": True, "within": "10min"}, {"where": "app = 'bank' OR bank", "within": "1h"}]}},
    "call-soon-code-soon-code": {
        "weight": 1.5, "sequence": {"within": "1d", "steps": ["call", {"where": "otp", "within": "5min"},
                                                               {"where": "otp OR lure", "within": "2min"}]}},
    "two-installs": {"weight": 1.5, "sequence": {"within": "8d", "steps": ["kind = 'app_install'"] * 2}},
    "still-up-then-code": {"weight": 3.5, "sequence": {"within": "1h", "steps": ["kind = 'timer'", "otp OR app = 'bank'"]}},
    "decisive-share": {"weight": 3.0, "decisive": True, "level_floor": 2, "event": "app = 'meeting' OR app = 'remote_control'",
                       "when": "call_risky AND call_shares >= 1"},
    "decisive-forward": {"weight": 2.0, "decisive": True, "level_floor": 3, "event": "call AND forwarded", "when": "forwarded"},
    "old-and-alone": {"weight": 1.2, "event": "long OR risky", "when": "age >= 60 AND lives_alone AND risky_calls_7d > 0"},
    "victim-again": {"weight": 2.2, "event": "risky OR lure", "when": "victim_before"},
    "night": {"weight": 0.8, "event": "night", "when": "hour >= 22 OR hour < 6"},
    "lures": {"weight": 1.1, "event": "lure", "when": "lures_30d BETWEEN 1.5 AND 9 AND since_lure_s <= 60 AND known_for_s > 10"},
    "marked": {"weight": 2.0, "event": "marked", "when": "marked_10m + marked_1h >= 2 OR NOT (since_marked_s > 0)"},
    "flood": {"weight": 1.0, "event": "kind = 'app_install' OR bank", "when": "ring_overflow >= 1"},
    "long-official": {"weight": 1.3, "event": "official OR long", "when": "GREATEST(long_calls_1h, calls_10m) > 0.5"},
}  # fmt: skip


class Book(NamedTuple):
    """A generation as the product compiles it, and the same rules for the reference."""

    generation: Generation
    rules: tuple[Rule, ...]

    def plain(self) -> PlainScorer:
        policies = self.generation.policies
        return PlainScorer(self.rules, policies.fusion, policies.escalation)


@cache
def shipped_files() -> Mapping[str, str]:
    """Rules and policies that ship, by path below `rules/`."""
    root = shipped("rules")
    paths = [p for folder in ("tags", "policy") for p in root.joinpath(folder).rglob("*.yaml")]
    return {p.relative_to(root).as_posix(): p.read_text(encoding="utf-8") for p in sorted(paths)}


def book_of(files: Mapping[str, str]) -> Book:
    """Compile rule texts for both sides."""
    return Book(build(files), tuple(load_rules({p: t for p, t in files.items() if p.startswith("tags/")})))


@cache
def shipped_book() -> Book:
    """What ships."""
    return book_of(shipped_files())


def synthetic_rules() -> dict[str, str]:
    """Every shape of rule, by path."""
    return {f"tags/any/{name}.yaml": rule_text(name, body) for name, body in _RULES.items()}


@cache
def synthetic_book() -> Book:
    """Every shape of rule, and a prior so high that little is enough for an alert."""
    files = synthetic_rules()
    fusion = {"version": 1, "prior_probability": 0.004, "type_prior": {"loan": 1.3}}
    return book_of(files | {FUSION: yaml.safe_dump(fusion), ESCALATION: shipped_files()[ESCALATION]})


def rule_text(name: str, body: Mapping[str, Any]) -> str:
    """A whole rule file from what matters in a test."""
    types = {"police": 0.25, "loan": 0.75} if len(name) % 2 else {"police": 1.0}
    return yaml.safe_dump(_FIXED | {"id": name, "scam_types": types} | dict(body), allow_unicode=True)
