"""Documents that are made from the code: features, metrics, JSON Schemas, AsyncAPI. Never edited by hand.

`python -m fraud_guard.app.documents` writes them anew into the checkout's `docs/`; a test keeps them fresh.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from fraud_guard import __version__
from fraud_guard.app import topics
from fraud_guard.app.apk_submission import Submission
from fraud_guard.app.metrics import TABLE
from fraud_guard.dispatch.order import Order
from fraud_guard.errors import ConfigurationError
from fraud_guard.escalation.alert import AlertChange
from fraud_guard.features.update import RISKY
from fraud_guard.features.vector import FEATURES
from fraud_guard.feedback.closure import Closure
from fraud_guard.rulebook.events import EVENT_DOCS, EVENT_SCHEMA
from fraud_guard.tags.kinds import Flag
from fraud_guard.tags.letter import DeadLetterNotice
from fraud_guard.tags.models import TAG, CallTag, NetTag, SmsTag
from fraud_guard.tags.verdict import ApkVerdict

_MADE = "made by `python -m fraud_guard.app.documents`; do not edit"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MESSAGES: Mapping[str, type[BaseModel]] = {
    "CallTag": CallTag, "SmsTag": SmsTag, "NetTag": NetTag, "AlertChange": AlertChange, "Order": Order,
    "DeadLetterNotice": DeadLetterNotice,
}  # fmt: skip
_APK_MESSAGES: Mapping[str, type[msgspec.Struct]] = {"Submission": Submission, "ApkVerdict": ApkVerdict}
_CHANNELS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    topics.CALL: ("receive", "Calls of subjects. Key: `subject`. Retention at most 24 h.", ("CallTag",)),
    topics.SMS: ("receive", "Texts of subjects. Key: `subject`. Retention at most 24 h.", ("SmsTag",)),
    topics.NET: ("receive", "Network tags of subjects. Key: `subject`. Retention at most 24 h.", ("NetTag",)),
    topics.MIXED: ("receive", "Tags of any channel. Key: `subject`.", ("CallTag", "SmsTag", "NetTag")),
    topics.ALERTS: ("send", "Every change of every alert. Key: `subject`.", ("AlertChange",)),
    topics.ORDERS: ("send", "Every state of every order. Key: `station_id`.", ("Order",)),
    topics.DEADLETTERS: ("send", "Every refused record, once, its raw bytes sealed. Key: the inlet topic.", ("DeadLetterNotice",)),
    topics.APK_SUBMITTED: ("receive", "APK files that wait for `apk work`; their bytes lie in the store. Key: `sha256`.", ("Submission",)),
    topics.APK_DEEP: ("receive", "The same for `apk work --deep`. Key: `sha256`.", ("Submission",)),
    topics.APK_VERDICTS: ("receive", "Verdicts on APK files, of `apk work` or of any other analysis; what is not named here passes unread. Key: `sha256`.", ("ApkVerdict",)),
}
"""Topic: what this application does with it, its description, its messages."""


def render_all(folder: Path) -> list[Path]:
    """Write every document below `folder` (the checkout's `docs`); returns their paths."""
    written = []
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
        written.append(path)
    return written


def documents() -> dict[str, str]:
    """Texts of all documents by path below `docs`."""
    return {
        "features.md": features_page(),
        "schemas/tag.schema.json": _schema("tag", TAG.json_schema()),
        "schemas/alert_change.schema.json": _schema("alert_change", AlertChange.model_json_schema(mode="serialization")),
        "schemas/order.schema.json": _schema("order", Order.model_json_schema(mode="serialization")),
        "schemas/closure.schema.json": _schema("closure", TypeAdapter(Closure).json_schema()),
        "metrics.md": metrics_page(),
        "asyncapi.yaml": asyncapi_page(),
    }


def features_page() -> str:
    """The page of all names that rules may use, as Markdown."""
    risky = ", ".join(sorted(f.name.lower() for f in Flag if int(RISKY) & f and f.name))
    parts = [
        f"<!-- {_MADE} -->",
        "# Names that rules may use\n",
        "`when:` speaks of the **subject**, as it is at the moment of the event. `event:`, the steps of a `sequence:` and the",
        f"`call:` of a `timer:` speak of **one event**. How to write them: [writing_rules.md](writing_rules.md). Risky means: {risky}.\n",
        f"## The subject: {len(FEATURES)} features (`when:`)\n",
        _table(("name", "unit", "v", "meaning"), ((f"`{f.name}`", f.unit, str(f.version), f.doc) for f in FEATURES.values())),
        "\n## The event (`event:`, `steps:`, `call:`)\n",
        _table(("name", "values", "meaning"), ((f"`{n}`", _values(n), EVENT_DOCS[n]) for n in EVENT_SCHEMA)),
    ]
    return "\n".join(parts) + "\n"


def metrics_page() -> str:
    """The page of all metrics, as Markdown."""
    parts = [
        f"<!-- {_MADE} -->",
        "# Metrics\n",
        "What a worker answers at `/metrics` of `FG_HEALTH_ADDRESS` ([operations.md](operations.md)). No label says anything about a person.",
        "A histogram is also told as `_bucket`, `_sum` and `_count`.\n",
        _table(
            ("name", "kind", "unit", "labels", "meaning"),
            ((f"`{name}`", row.kind, row.unit, ", ".join(f"`{label}`" for label in row.labels), row.meaning) for name, row in TABLE.items()),
        ),
    ]
    return "\n".join(parts) + "\n"


def asyncapi_page() -> str:
    """The AsyncAPI 3.0 document of the topics, as YAML."""
    page = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "fraud_guard", "version": __version__, "license": {"name": "Apache-2.0"},
            "description": "Tags and verdicts on APK files in, alerts and orders out. The topic `tags` between door and scorer is internal: blocks in Arrow IPC.",
        },
        "defaultContentType": "application/json",
        "channels": {_key(topic): _channel(topic) for topic in _CHANNELS},
        "operations": {_key(topic): _operation(topic) for topic in _CHANNELS},
        "components": {"messages": {name: _message(name) for name in (*_MESSAGES, *_APK_MESSAGES)}, "schemas": _schemas()},
    }  # fmt: skip
    return f"# {_MADE}\n" + yaml.safe_dump(page, sort_keys=False, allow_unicode=True, width=120)


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    head = {"$schema": _DIALECT, "$id": f"urn:fraud-guard:schema:{name}:1", "$comment": _MADE}
    return json.dumps(head | dict(schema), indent=2, ensure_ascii=False) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = tuple(head)
    lines = [names, ("---",) * len(names), *map(tuple, rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _values(name: str) -> str:
    codes = EVENT_SCHEMA[name].codes
    return "yes/no" if codes is None else ", ".join(f"`{value}`" for value in codes)


def _key(topic: str) -> str:
    return topic.replace(".", "_")


def _channel(topic: str) -> dict[str, Any]:
    _, description, messages = _CHANNELS[topic]
    refs = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {"address": topic, "description": description, "messages": refs}


def _operation(topic: str) -> dict[str, Any]:
    action, _, messages = _CHANNELS[topic]
    channel = f"#/channels/{_key(topic)}"
    refs = [{"$ref": f"{channel}/messages/{name}"} for name in messages]
    return {"action": action, "channel": {"$ref": channel}, "messages": refs}


def _message(name: str) -> dict[str, Any]:
    summary = ((_MESSAGES.get(name) or _APK_MESSAGES[name]).__doc__ or "").strip().splitlines()[0]
    return {"name": name, "summary": summary, "payload": {"$ref": f"#/components/schemas/{name}"}}


def _schemas() -> dict[str, Any]:
    models = [(model, "serialization" if model in (AlertChange, Order, DeadLetterNotice) else "validation") for model in _MESSAGES.values()]
    _, together = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    _, of_apks = msgspec.json.schema_components(_APK_MESSAGES.values(), ref_template="#/components/schemas/{name}")
    return dict(sorted((together["$defs"] | of_apks).items()))


def main(arguments: Sequence[str]) -> None:
    """Write the documents below the folder named, or below the checkout's `docs`."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "docs"
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder; run this in a checkout or name the folder to write to")
    render_all(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
