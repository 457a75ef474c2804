"""Read rule and policy texts. Every complaint names file, line and remedy; all files are checked before giving up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from fraud_guard.errors import RuleError
from fraud_guard.rulebook.book import compile_rule
from fraud_guard.rulebook.rule import Rule

Model = TypeVar("Model", bound=BaseModel)
_REMEDY = "see docs/writing_rules.md for the keys and their values"


class RuleErrors(RuleError):
    """Several rule errors at once; `errors` holds each of them."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        super().__init__("\n".join(str(e) for e in errors))
        self.errors = list(errors)


def load_rules(files: Mapping[str, str]) -> list[Rule]:
    """Parse and compile every rule file. Raises RuleErrors with all complaints."""
    rules: list[Rule] = []
    errors: list[RuleError] = []
    for path in sorted(files):
        try:
            rules.append(load_rule(path, files[path]))
        except RuleErrors as several:
            errors += several.errors
        except RuleError as error:
            errors.append(error)
    errors += _twice(rules)
    if errors:
        raise RuleErrors(errors)
    return rules


def load_rule(path: str, text: str) -> Rule:
    """Parse and compile one rule; its id is its file name."""
    rule = load_model(path, text, Rule)
    if rule.id != PurePosixPath(path).stem:
        raise RuleError(f"id {rule.id} differs from the file name", file=path, line=_line(text, ("id",)), remedy="make them equal")
    try:
        compile_rule(rule)
    except RuleError as error:
        raise RuleError(str(error), file=path, line=_line_of_expression(text, rule)) from error
    return rule


def load_model(path: str, text: str, model: type[Model]) -> Model:
    """Parse one YAML text into a model. Raises RuleError(s) with the line of every fault."""
    try:
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise RuleError(f"not YAML: {error.problem}", file=path, line=line, remedy="mend the indentation or quoting") from None
    except yaml.YAMLError as error:
        raise RuleError(f"not YAML: {error}", file=path, remedy="mend the text") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise RuleErrors([
            RuleError(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg'].removeprefix('Value error, ')}", file=path,
                      line=_line(text, e["loc"]), remedy=_REMEDY)
            for e in error.errors()
        ]) from None  # fmt: skip


def _line(text: str, loc: Sequence[int | str]) -> int:
    """The 1-based line of a place in a YAML text, or of the nearest enclosing one that exists."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for step in loc:
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


def _line_of_expression(text: str, rule: Rule) -> int:
    for key in ("sequence", "timer", "when", "event"):
        if getattr(rule, key) is not None:
            return _line(text, (key,))
    return 0


def _twice(rules: Sequence[Rule]) -> list[RuleError]:
    seen: set[str] = set()
    errors = []
    for rule in rules:
        if rule.id in seen:
            errors.append(RuleError(f"rule id {rule.id} is used twice", file=rule.id, remedy="rename one of them"))
        seen.add(rule.id)
    return errors
