"""The second voice: steps of weight, reasons in both languages, and models that do not fit are refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fraud_guard.behaviour import LEAST, STEP, Behaviour, behaviour_of, version_number
from fraud_guard.errors import IntegrityError, RuleError
from fraud_guard.features.vector import FEATURES, NEVER_S
from fraud_guard.features.words import told
from fraud_guard.learned.behaviour_model import FEATURES as SPEC_FILE
from fraud_guard.learned.behaviour_model import BehaviourModel
from fraud_guard.rounds import Looked
from fraud_guard.tags.block import ROW
from fraud_guard.training.packaging import artefact_of
from tests.reference.behaviours import NAMES, files_of, small_artefact

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def looked_at(*values: tuple[float, ...]) -> Looked:
    """Rows with these values of NAMES."""
    columns = dict(zip(NAMES, np.array(values, np.float64).T, strict=True))
    rows = np.zeros(len(values), ROW)
    rows["position"] = 70 + np.arange(len(values))
    zeros = np.zeros(len(values), np.int64)
    return Looked(rows, rows["position"], zeros + 1_000, zeros, zeros, columns, {})


BUSY, QUIET = (4.0, 1.0, 3.0, 20.0, 2.0), (0.1, 0.0, 0.0, NEVER_S, 0.1)


def test_weights_come_in_steps_and_never_speak_against():
    """A weight is a multiple of STEP and at least LEAST, or nothing at all."""
    weights = Behaviour(BehaviourModel(small_artefact())).weights(looked_at(BUSY, QUIET))
    assert weights[0] >= LEAST
    assert weights[0] % STEP == 0
    assert weights[1] == 0


def test_evidence_says_why_in_both_languages():
    """The strongest features with their values, the tag it happened at, and the likely types."""
    voice, looked = Behaviour(BehaviourModel(small_artefact())), looked_at(QUIET, BUSY)
    item = voice.evidence(looked, 1, 3.5, told=True)
    assert (item.kind, item.weight, item.positions) == ("behaviour", 3.5, (71,))
    assert CHINESE.search(item.summary_zh)
    assert not CHINESE.search(item.summary_en)
    assert {t for t, _ in item.scam_types} == {"fake_loan", "fake_police"}
    assert voice.evidence(looked, 1, 3.5, told=False).summary_zh == ""


def test_a_timer_without_a_tag_has_no_position():
    """What happened at no tag names none."""
    looked = looked_at(BUSY)
    looked.rows["position"] = -1
    assert Behaviour(BehaviourModel(small_artefact())).evidence(looked, 0, 2.0, told=True).positions == ()


@pytest.mark.parametrize("name", sorted(FEATURES))
@pytest.mark.parametrize("value", [0.0, 1.0, 4_000.0, NEVER_S])
def test_every_feature_can_be_told(name, value):
    """Whatever feature a model leans on, an officer can read it."""
    assert CHINESE.search(told(name, value, "zh"))
    assert not CHINESE.search(told(name, value, "en"))


def test_a_generation_without_a_model_has_no_second_voice():
    """The rules speak alone when no model is active."""
    assert behaviour_of({"tags/any/x.yaml": ""}) is None


def test_a_damaged_model_is_refused():
    """One changed character and the generation is not built."""
    files = files_of(small_artefact())
    path = next(p for p in files if p.endswith("model.txt"))
    with pytest.raises(IntegrityError, match=r"model\.txt"):
        behaviour_of(files | {path: files[path].replace("tree", "tre3", 1)})


def test_a_model_of_another_vector_is_refused_with_a_remedy():
    """A model that needs a feature of another release names it, and says what to do."""
    files = dict(small_artefact().files)
    for file in ("features.json", "model.txt", "types.txt"):
        files[file] = files[file].replace(b"sms_1h", b"sms_1y")
    assert SPEC_FILE in files
    with pytest.raises(RuleError, match=r"sms_1y(.|\n)*active\.json"):
        behaviour_of(files_of(artefact_of("behaviour", "1.0", files)))


def test_versions_are_numbers_that_grow():
    """Evidence carries a whole number: a later version has a larger one."""
    assert [version_number(v) for v in ("1.0", "1.2", "2.0", "2")] == [1_000, 1_002, 2_000, 2_000]
