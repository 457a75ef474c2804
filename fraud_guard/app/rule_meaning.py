"""What a rule means, in plain words: its conditions as sentences, its features, what it is worth alone.

A condition is told by walking its tree. Where a comparison has a common way of saying it ("within the last
2 h"), that is used; whatever has none is told with its operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlglot import exp

from fraud_guard.features import words
from fraud_guard.features.vector import FEATURES
from fraud_guard.features.words import Tongue, pick, span
from fraud_guard.fusion.fuse import fuse
from fraud_guard.fusion.policy import FusionPolicy
from fraud_guard.generation import Generation
from fraud_guard.rulebook.book import Book, CompiledRule, compile_rule
from fraud_guard.rulebook.expression import Expression
from fraud_guard.rulebook.normal_form import COMPARE, number_of
from fraud_guard.rulebook.rule import Rule, StepSpec

_OPS: dict[str, words.Pair] = {
    ">=": ("不少于", "at least"), ">": ("多于", "more than"), "<=": ("不超过", "at most"), "<": ("少于", "less than"),
    "=": ("等于", "exactly"), "<>": ("不等于", "other than"),
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: " + ", exp.Sub: " − ", exp.Mul: " × ", exp.Div: " ÷ "}
_ENUMS = {"kind": words.KINDS, "app": words.APPS}


class Levels(NamedTuple):
    """The level of a rule with nothing else, and with all its optional steps; None = no alert."""

    least: int | None
    most: int | None


class Worth(NamedTuple):
    """What a rule gives with nothing else: its weight, with all optional steps too, and the levels: without a model, and beside one that is silent."""

    weight: float
    most: float
    alone: Levels
    beside_model: Levels


class Meaning(NamedTuple):
    """A rule in words. `sharing` are the other rules of its group with their weights."""

    rule: Rule
    zh: tuple[str, ...]
    en: tuple[str, ...]
    features: tuple[str, ...]
    sharing: tuple[tuple[str, float], ...]
    worth: Worth


def meaning_of(rule: Rule, generation: Generation) -> Meaning:
    """Tell what `rule` means among the rules of `generation`."""
    compiled = compile_rule(rule)
    others = (c.rule for c in generation.book.rules if rule.group and c.rule.group == rule.group and c.rule.id != rule.id)
    features = compiled.when.names if compiled.when else ()
    sharing = tuple(sorted(((r.id, r.weight) for r in others), key=lambda one: -one[1]))
    return Meaning(rule, tuple(told(compiled, "zh")), tuple(told(compiled, "en")), features, sharing, _worth(rule, generation))


def told(compiled: CompiledRule, tongue: Tongue) -> list[str]:
    """The sentences of a rule, in order."""
    rule, zh = compiled.rule, tongue == "zh"
    lines = _sequence(compiled, tongue)
    if rule.timer is not None and compiled.timer is not None:
        call, after = say(compiled.timer, tongue), span(rule.timer.after, tongue)
        lines.append(f"通话（{call}）接通{after}后仍未结束时" if zh else f"When a call ({call}) is still running {after} after its answer")
    elif compiled.event is not None and not compiled.steps:
        lines.append(f"遇到这样的事件：{say(compiled.event, tongue)}" if zh else f"At an event such as: {say(compiled.event, tongue)}")
    if compiled.when is not None:
        lines.append(f"且此人此刻：{say(compiled.when, tongue)}" if zh else f"If then, of the person: {say(compiled.when, tongue)}")
    holds = span(rule.holds, tongue)
    lines.append(f"没有未结预警时，{holds}内计入" if zh else f"While no alert is open it counts for {holds}")
    return lines


def say(expression: Expression, tongue: Tongue) -> str:
    """A condition as a phrase."""
    return _Speaker(tongue).condition(expression.tree)


def _sequence(compiled: CompiledRule, tongue: Tongue) -> list[str]:
    spec, zh = compiled.rule.sequence, tongue == "zh"
    if spec is None:
        return []
    within = span(spec.within, tongue)
    head = f"{within}内先后发生：" if zh else f"Within {within}, in this order:"
    steps = [f"{n}. {say(step, tongue)}{_limits(one, spec.bonus, tongue)}"
             for n, (step, one) in enumerate(zip(compiled.steps, spec.steps, strict=True), start=1)]  # fmt: skip
    return [head, *steps]


def _limits(step: StepSpec, bonus: float, tongue: Tongue) -> str:
    zh, some = tongue == "zh", []
    if step.within:
        limit = span(step.within, tongue)
        some.append(f"距上一必有步骤不超过{limit}" if zh else f"at most {limit} after the mandatory step before")
    if step.optional:
        some.append(f"可有可无，出现则加{bonus:g}" if zh else f"optional, adds {bonus:g} when seen")
    return ("（" + "；".join(some) + "）" if zh else " (" + "; ".join(some) + ")") if some else ""


def _worth(rule: Rule, generation: Generation) -> Worth:
    book = Book([rule.model_copy(update={"status": "test"})])
    optional = rule.sequence.optional if rule.sequence else 0
    fusion, escalation = generation.policies.fusion, generation.policies.escalation

    def level(seen: int, policy: FusionPolicy) -> int | None:
        fused = escalation.level_of(fuse([book.evidence(0, 0, (), seen)], policy).probability)
        return min(fused or rule.level_floor, rule.level_floor) if rule.decisive else fused

    alone, beside = (Levels(level(0, policy), level(optional, policy)) for policy in (fusion, fusion.beside_model()))
    return Worth(rule.weight, rule.most_weight, alone, beside)


class _Speaker:
    def __init__(self, tongue: Tongue) -> None:
        self._tongue: Tongue = tongue
        self._zh = tongue == "zh"

    def condition(self, node: exp.Expr) -> str:
        match node:
            case exp.Paren():
                return self.condition(node.this)
            case exp.And() | exp.Or():
                joint = ("，且", ", and ") if isinstance(node, exp.And) else ("，或", ", or ")
                return pick(joint, self._tongue).join(self._part(part, type(node)) for part in node.flatten())
            case exp.Not():
                return f"非（{self.condition(node.this)}）" if self._zh else f"not ({self.condition(node.this)})"
            case exp.Column():
                return self._name(node)
            case exp.Between():
                low, high = (self._number(node.this, node.args[end]) for end in ("low", "high"))
                return f"{self.number(node.this)}{'在' if self._zh else ' between '}{low}{'与' if self._zh else ' and '}{high}{'之间' if self._zh else ''}"
            case exp.In():
                return ("或" if self._zh else " or ").join(self._comparison(node.this, "=", e) for e in node.expressions)
        op = COMPARE.get(type(node))
        return self._comparison(node.this, op, node.expression) if op else node.sql()

    def number(self, node: exp.Expr) -> str:
        match node:
            case exp.Paren():
                return self.number(node.this)
            case exp.Column():
                return self._name(node)
            case exp.Least() | exp.Greatest():
                least = ("最小者", "least of") if isinstance(node, exp.Least) else ("最大者", "greatest of")
                return f"{pick(least, self._tongue)}（{'，'.join(self.number(e) for e in (node.this, *node.expressions))}）"
        if type(node) in _ARITHMETIC:
            return self._arithmetic_part(node.this) + _ARITHMETIC[type(node)] + self._arithmetic_part(node.expression)
        return node.sql()

    def _arithmetic_part(self, node: exp.Expr) -> str:
        return f"（{self.number(node)}）" if type(node.unnest()) in _ARITHMETIC else self.number(node)

    def _part(self, node: exp.Expr, within: type[exp.Expr]) -> str:
        """A part of an AND or OR, in brackets where it is joined in another way."""
        inner, said = node.unnest(), self.condition(node)
        joined = isinstance(inner, exp.And | exp.Or) or (isinstance(inner, exp.In) and len(inner.expressions) > 1)
        same = isinstance(inner, within) or (within is exp.Or and isinstance(inner, exp.In))
        return said if same or not joined else f"（{said}）" if self._zh else f"({said})"

    def _name(self, node: exp.Expr) -> str:
        name = node.name.lower()
        return words.feature(name, self._tongue) if name in FEATURES else self._event(name)

    def _event(self, name: str) -> str:
        return pick(words.EVENTS.get(name, (name, name)), self._tongue)

    def _comparison(self, left: exp.Expr, op: str, right: exp.Expr) -> str:
        name = left.name.lower() if isinstance(left, exp.Column) else ""
        if name in _ENUMS or name == "lure_type":
            return self._enum(name, op, right)
        value = number_of(right)
        if name.startswith("since_") and value is not None and op not in ("=", "<>"):
            return self._since(name, op, value)
        verb = pick(_OPS[op], self._tongue)
        return f"{self.number(left)}{verb}{self._number(left, right)}" if self._zh else f"{self.number(left)}: {verb} {self._number(left, right)}"

    def _since(self, name: str, op: str, value_s: float) -> str:
        what, ago = words.feature(name, self._tongue), span(value_s, self._tongue)
        if op in ("<", "<="):
            return f"最近{ago}内有{what}" if self._zh else f"{what} within the last {ago}"
        return f"最近{ago}内没有{what}" if self._zh else f"no such thing within the last {ago}: {what}"

    def _enum(self, name: str, op: str, right: exp.Expr) -> str:
        code = str(right.unnest().this)
        if name == "lure_type":
            lure = pick(words.LURES.get(code, (code, code)), self._tongue)
            phrase = f"{lure}话术短信" if self._zh else f"a text with the wording of {lure}"
        else:
            phrase = pick(_ENUMS[name].get(code, (code, code)), self._tongue)
        return phrase if op == "=" else f"不是{phrase}" if self._zh else f"not {phrase}"

    def _number(self, beside: exp.Expr, node: exp.Expr) -> str:
        """A number in the unit of what it is compared with."""
        value = number_of(node)
        if value is None:
            return self.number(node)
        unit = _unit([c.name.lower() for c in beside.find_all(exp.Column)])
        if unit == "s":
            return span(value, self._tongue)
        name = pick(words.UNITS.get(unit, ("", "")), self._tongue) if unit != "0/1" else ""
        return f"{value:g}{name if self._zh or not name else ' ' + name}"


def _unit(names: Sequence[str]) -> str:
    units = {FEATURES[name].unit for name in names if name in FEATURES}
    return units.pop() if len(units) == 1 else ""
