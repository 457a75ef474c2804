"""Read rule and policy texts. Every complaint names file, line and remedy; all files are checked before giving up."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from fraud_guard.errors import RuleError
from fraud_guard.rulebook.book import FEATURE_SCHEMA
from fraud_guard.rulebook.events import EVENT_SCHEMA
from fraud_guard.rulebook.expression import Schema, compile_sql
from fraud_guard.rulebook.rule import Rule

Model = TypeVar("Model", bound=BaseModel)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where libyaml is there
Place = tuple[int | str, ...]
"""Keys and indexes from the top of a YAML text to one value."""
_REMEDY = "see docs/writing_rules.md for the keys and their values"


class RuleErrors(RuleError):
    """Several rule errors at once; `errors` holds each of them."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        super().__init__("\n".join(str(e) for e in errors))
        self.errors = list(errors)


def load_rules(files: Mapping[str, str]) -> list[Rule]:
    """Parse and compile every rule file. Raises RuleErrors with all complaints."""
    rules: dict[str, Rule] = {}
    errors: list[RuleError] = []
    for path in sorted(files):
        try:
            rules[path] = load_rule(path, files[path])
        except RuleErrors as several:
            errors += several.errors
        except RuleError as error:
            errors.append(error)
    errors += _twice(rules)
    if errors:
        raise RuleErrors(errors)
    return list(rules.values())


def load_rule(path: str, text: str) -> Rule:
    """Parse and compile one rule; its id is its file name."""
    rule = load_model(path, text, Rule)
    errors = []
    if rule.id != PurePosixPath(path).stem:
        errors.append(RuleError(f"id {rule.id} differs from the file name", file=path, line=line_of(text, ("id",)),
                                remedy="make them equal"))  # fmt: skip
    for place, sql, schema in _expressions(rule):
        try:
            compile_sql(sql, schema)
        except RuleError as error:
            errors.append(_at(error, path, line_of(text, place)))
    if errors:
        raise RuleErrors(errors) if len(errors) > 1 else errors[0]
    return rule


def load_model(path: str, text: str, model: type[Model]) -> Model:
    """Parse one YAML text into a model. Raises RuleError(s) with the line of every fault."""
    try:
        data = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  a SafeLoader that refuses double keys
    except yaml.MarkedYAMLError as error:
        line = min(error.problem_mark.line + 1, len(text.splitlines())) if error.problem_mark else 0
        raise RuleError(
            f"not YAML: {error.problem}", file=path, line=line, remedy="mend the indentation or quoting"
        ) from None
    except yaml.YAMLError as error:
        raise RuleError(f"not YAML: {error}", file=path, remedy="mend the text") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise RuleErrors([
            RuleError(f"{'.'.join(map(str, place)) or 'file'}: {message}", file=path, line=line_of(text, place),
                      remedy=_REMEDY)
            for place, message in _innermost(error)
        ]) from None  # fmt: skip


def _innermost(error: ValidationError) -> list[tuple[Place, str]]:
    """Places and messages, without those that only follow from one further inside: a list with a wrong item is "too short"."""
    found = [(e["loc"], e["msg"].removeprefix("Value error, ")) for e in error.errors()]
    return [(p, m) for p, m in found if not any(q != p and q[: len(p)] == p for q, _ in found)]


def line_of(text: str, place: Sequence[int | str]) -> int:
    """The 1-based line of a place in a YAML text, or of the nearest enclosing one that exists."""
    node = yaml.compose(text, Loader=_Loader)
    line = 1
    for step in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


class _StrictLoader(_Loader):  # type: ignore[misc, valid-type]
    """YAML lets the last of two equal keys win in silence; a rule must not lose a line that way."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen: set[str] = set()
        for key in (k for k, _ in node.value if isinstance(k, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key `{key.value}` stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def _expressions(rule: Rule) -> Iterator[tuple[Place, str, Schema]]:
    if rule.event is not None:
        yield ("event",), rule.event, EVENT_SCHEMA
    if rule.when is not None:
        yield ("when",), rule.when, FEATURE_SCHEMA
    if rule.timer is not None:
        yield ("timer", "call"), rule.timer.call, EVENT_SCHEMA
    for i, step in enumerate(rule.sequence.steps if rule.sequence else ()):
        yield ("sequence", "steps", i, "where"), step.where, EVENT_SCHEMA


def _at(error: RuleError, path: str, line: int) -> RuleError:
    """The error of an expression, with its place."""
    message = str(error).removesuffix(f" — {error.remedy}")
    return RuleError(message, file=path, line=line, remedy=error.remedy)


def _twice(rules: Mapping[str, Rule]) -> list[RuleError]:
    first: dict[str, str] = {}
    errors = []
    for path, rule in rules.items():
        if rule.id in first:
            errors.append(RuleError(f"rule id {rule.id} is used twice, first in {first[rule.id]}", file=path, line=1,
                                    remedy="rename one of them"))  # fmt: skip
        first.setdefault(rule.id, path)
    return errors
