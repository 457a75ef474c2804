"""`replay --voices`: rules and models can be heard alone, to see what each does."""

from __future__ import annotations

from fraud_guard.app.cli.replay import Voices, Who, make_plan
from fraud_guard.app.replay.run import Plan
from fraud_guard.generation import build


def plan(voices: Voices) -> Plan:
    return make_plan(None, None, None, None, Who.NONE, None, 0, 1, 1_000, voices)


def test_rules_alone_have_no_models() -> None:
    """Neither the behaviour model nor those of the door are asked."""
    alone = plan(Voices.RULES)
    assert not alone.door_models
    assert build(alone.rules).behaviour is None
    assert build(alone.rules).book.rules


def test_models_alone_have_no_rules() -> None:
    """The policies stay, the rules go."""
    alone = plan(Voices.MODELS)
    assert alone.door_models
    assert not build(alone.rules).book.rules


def test_both_are_what_ships() -> None:
    """By default everything that ships is heard."""
    both = plan(Voices.BOTH)
    assert set(both.rules) == set(plan(Voices.RULES).rules) | set(plan(Voices.MODELS).rules)
