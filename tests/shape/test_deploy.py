"""What operators start from: every file of deploy/ is well formed and speaks of settings, metrics and files that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from fraud_guard.app.metrics import TABLE
from fraud_guard.app.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
MADE_BY_PROMETHEUS = {"up"}
SUFFIXES = ("_bucket", "_sum", "_count")


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def rules() -> Iterator[dict[str, Any]]:
    """Alert rules."""
    (page,) = documents(DEPLOY / "prometheus" / "rules.yml")
    for group in page["groups"]:
        yield from group["rules"]


def expressions() -> dict[str, str]:
    """Every expression, by where it stands."""
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "fraud-guard.json").read_text(encoding="utf-8"))
    found = {f"panel {panel['title']} {t['refId']}": t["expr"] for panel in board["panels"] for t in panel["targets"]}
    return found | {f"rule {rule['alert']}": rule["expr"] for rule in rules()}


def selected(expression: str) -> Iterator[str]:
    """Names of the metrics that an expression reads."""
    waiting: list[Any] = [promql_parser.parse(expression)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, promql_parser.VectorSelector):
            yield node.name
        children = (getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector", "param"))
        waiting += [child for child in [*children, *getattr(node, "args", ())] if child is not None]


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix in {".yaml", ".yml", ".json"}], ids=lambda path: path.name)
def test_files_are_well_formed(path: Path) -> None:
    """Every YAML and JSON file can be read."""
    assert json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".json" else documents(path)


def test_settings_exist() -> None:
    """Every FG_ variable is a setting of the worker, and none that takes a file of the machine points into a home."""
    named = {name for path in FILES for name in re.findall(r"\bFG_[A-Z_]+\b", path.read_text(encoding="utf-8"))}
    assert named <= {f"FG_{name.upper()}" for name in Settings.model_fields}
    assert len(named) > 10


@pytest.mark.parametrize("place", expressions())
def test_metrics_exist(place: str) -> None:
    """Every expression of the dashboard and the alert rules can be parsed and reads metrics of docs/metrics.md."""
    names = list(selected(expressions()[place]))
    assert names
    for name in names:
        base = next((name.removesuffix(end) for end in SUFFIXES if name.removesuffix(end) in TABLE), name)
        assert base in TABLE.keys() | MADE_BY_PROMETHEUS, name


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    """An alert rule has a severity, says what is wrong and what helps."""
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "remedy"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_accepts_the_rules() -> None:
    """Prometheus' own check has nothing to say."""
    subprocess.run(["promtool", "check", "rules", DEPLOY / "prometheus" / "rules.yml"], check=True)


def test_the_composition_holds_together() -> None:
    """Volumes and services that are named exist, who is waited for says when it is healthy, images are pinned, ports stay on the machine."""
    (page,) = documents(DEPLOY / "compose.yaml")
    for name, service in page["services"].items():
        version = service["image"].rpartition(":")[2]
        assert version == "local" or re.match(r"v?\d+", version), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in page["volumes"] or (DEPLOY / source).exists(), volume
        for needed in service.get("depends_on", ()):
            assert "healthcheck" in page["services"][needed], needed
    scraped = documents(DEPLOY / "prometheus" / "prometheus.yml")[0]["scrape_configs"][0]["static_configs"][0]["targets"]
    assert {target.split(":")[0] for target in scraped} == {name for name in page["services"] if name.startswith("worker")}


def test_the_image_has_all_it_needs() -> None:
    """What the image is made of is there, let through by its ignore file, and is all that the wheel holds."""
    recipe = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = {name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", recipe, re.MULTILINE) for name in line.split()}
    let_in = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)
    assert copied >= {"fraud_guard", "apk_analysis", "datasets", "rules", "models", "streams.py", "requirements.lock"}


def test_the_cluster_holds_together() -> None:
    """Every manifest is listed and in no other namespace; workers run without rights and are probed where they listen."""
    folder = DEPLOY / "kubernetes"
    (list_of,) = documents(folder / "kustomization.yaml")
    listed = set(list_of["resources"])
    assert listed == {path.name for path in folder.iterdir()} - {"kustomization.yaml", "secret.example.yaml"}
    found = {document["kind"]: document for name in listed for document in documents(folder / name)}
    pod = found["StatefulSet"]["spec"]["template"]["spec"]
    (worker,) = pod["containers"]
    ports = {port["name"] for port in worker["ports"]}
    assert {worker[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")} <= ports
    assert pod["securityContext"]["runAsNonRoot"]
    assert worker["securityContext"]["capabilities"]["drop"] == ["ALL"]
    settings = found["ConfigMap"]["data"]
    assert settings["FG_HEALTH_ADDRESS"].endswith(f":{worker['ports'][0]['containerPort']}")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """The service manager finds nothing wrong with the unit but that the program is not installed here."""
    unit = shutil.copy(DEPLOY / "systemd" / "fraud-guard@.service", tmp_path / "fraud-guard@1.service")
    said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    words = [line for line in (said.stdout + said.stderr).splitlines() if "fraud-guard" in line]
    assert all("is not executable" in line for line in words), words
