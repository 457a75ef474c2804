"""The documents made from the code are fresh and hold together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from fraud_guard.app.documents import documents, main, render_all
from fraud_guard.errors import ConfigurationError
from fraud_guard.features.vector import FEATURES
from fraud_guard.rulebook.events import EVENT_DOCS, EVENT_SCHEMA
from fraud_guard.tags.models import MIN_TS_MS

DOCS = Path(__file__).parents[2] / "docs"
TAG = {"id": "a", "source": "s", "ts_ms": MIN_TS_MS, "subject": "+8619900000001", "channel": "sms", "peer": "95588", "direction": "in"}


@pytest.mark.parametrize("name", documents())
def test_a_document_is_fresh(name: str) -> None:
    """What is checked in equals what the code says; `python -m fraud_guard.app.documents` makes it so."""
    assert (DOCS / name).read_text("utf-8") == documents()[name]


def test_rendering_writes_every_document(tmp_path: Path) -> None:
    """`render_all` writes exactly the documents, below the folder it is given."""
    assert {str(p.relative_to(tmp_path)) for p in render_all(tmp_path)} == set(documents())


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The command invents no folder outside a checkout."""
    with pytest.raises(ConfigurationError, match="checkout"):
        main([str(tmp_path / "nowhere")])


def test_every_feature_is_documented() -> None:
    """Each name that a rule may use stands on the page."""
    page = documents()["features.md"]
    assert [name for name in (*FEATURES, *EVENT_SCHEMA) if f"| `{name}` |" not in page] == []
    assert set(EVENT_DOCS) == set(EVENT_SCHEMA)


@pytest.mark.parametrize("name", [n for n in documents() if n.endswith(".json")])
def test_a_schema_is_a_schema(name: str) -> None:
    """Each JSON Schema is valid for its dialect and has an id."""
    schema = json.loads(documents()[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"].startswith("urn:fraud-guard:schema:")


def test_the_tag_schema_judges_tags() -> None:
    """The JSON Schema takes a tag of the contract and refuses one without a subject."""
    judge = jsonschema.Draft202012Validator(json.loads(documents()["schemas/tag.schema.json"]))
    assert judge.is_valid(TAG)
    assert not judge.is_valid({k: v for k, v in TAG.items() if k != "subject"})


def test_asyncapi_references_resolve() -> None:
    """Every `$ref` of the AsyncAPI document leads somewhere inside it."""
    page = yaml.safe_load(documents()["asyncapi.yaml"])
    assert page["asyncapi"] == "3.0.0"
    refs = re.findall(r"\$ref': '#/([^']+)'", str(page))
    assert refs
    assert [ref for ref in refs if not _leads_somewhere(page, ref)] == []


def test_asyncapi_names_the_topics_of_the_contract() -> None:
    """Inlets are received, alerts, orders and dead letters are sent."""
    page = yaml.safe_load(documents()["asyncapi.yaml"])
    action = {page["channels"][key]["address"]: operation["action"] for key, operation in page["operations"].items()}
    assert {"tags.call", "tags.sms", "tags.net", "apk.submitted", "apk.verdicts"} <= {t for t, a in action.items() if a == "receive"}
    assert {t for t, a in action.items() if a == "send"} == {"alerts", "orders", "deadletters"}


def _leads_somewhere(page: Any, ref: str) -> bool:
    for step in ref.split("/"):
        if step not in page:
            return False
        page = page[step]
    return True
