"""What is handed to operators in deploy/ fits the product: its settings, its metrics, its versions."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import promql_parser
import pytest
import yaml

from fraud_guard import __version__
from fraud_guard.app.cli.health import OTHER_VARIABLES
from fraud_guard.app.metrics import TABLE
from fraud_guard.app.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and not {"secrets", "tables"} & set(path.parts))
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
RULES = DEPLOY / "prometheus" / "rules.yml"
NOT_OURS = {"up"}
VARIABLE = re.compile(r"\bFG_[A-Z_]+\b")
COMPOSE = ("docker", "compose", "-f", str(DEPLOY / "compose.yaml"), "config", "--format", "json")


def documents(path: Path) -> list[Any]:
    """The YAML documents of a file."""
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def rules() -> list[dict[str, Any]]:
    """All rules of Prometheus."""
    return [rule for group in documents(RULES)[0]["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """All panels of the dashboard."""
    found: list[dict[str, Any]] = json.loads((DEPLOY / "grafana" / "fraud-guard.json").read_text("utf-8"))["panels"]
    return found


EXPRESSIONS = [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


def selectors(expression: Any) -> Iterator[Any]:
    """The vector selectors of a parsed expression."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression
    for part in ("lhs", "rhs", "expr", "vector_selector", "args", "param"):
        inner = getattr(expression, part, None)
        for one in inner if isinstance(inner, list) else [inner]:
            if one is not None:
                yield from selectors(one)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_what_there_is(expression: str) -> None:
    """Every expression is PromQL, and every metric and label in it is documented or recorded by a rule."""
    found = list(selectors(promql_parser.parse(expression)))
    assert found
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for selector in found:
        name = re.sub(r"_(bucket|sum|count)$", "", selector.name)
        assert name in {*TABLE, *recorded, *NOT_OURS}, selector.name
        labels = {matcher.name for matcher in selector.matchers.matchers}
        known = set(TABLE[name].labels) if name in TABLE else set()
        assert labels <= {*known, "job", "instance"}


def test_every_alarm_tells_what_to_do() -> None:
    """An alert rule has a severity, a summary and a remedy; the conservation of tags, lag, outbox, checkpoints and silence are watched."""
    alarms = [rule for rule in rules() if "alert" in rule]
    for alarm in alarms:
        assert alarm["labels"]["severity"] in {"warning", "critical"}
        assert alarm["annotations"]["summary"] and alarm["annotations"]["remedy"], alarm["alert"]
    watched = " ".join(alarm["expr"] for alarm in alarms)
    for name in ("up", "lag_records", "in_flight", "gap_records", "outbox_oldest", "checkpoint_age", "degraded_mode", "ready"):
        assert name in watched


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus); the expressions are parsed above")
def test_promtool_accepts_the_rules() -> None:
    """Prometheus' own checker takes rules and configuration."""
    for command in (["rules", str(RULES)], ["config", str(RULES.with_name("prometheus.yml"))]):
        told = subprocess.run(["promtool", "check", *command], capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_a_file_names_settings_that_exist(path: Path) -> None:
    """Every FG_ variable in deploy/ is a setting."""
    known = {f"FG_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    assert set(VARIABLE.findall(path.read_text("utf-8"))) <= known


def test_the_values_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of compose, Kubernetes and systemd are read by the product without a complaint."""
    monkeypatch.chdir(tmp_path)
    compose, (config,) = documents(DEPLOY / "compose.yaml")[0], documents(DEPLOY / "kubernetes" / "settings.yaml")
    lines = (DEPLOY / "systemd" / "fraud-guard.env").read_text("utf-8").splitlines()
    for given in (compose["services"]["worker-1"]["environment"], config["data"], dict(line.split("=", 1) for line in lines if line[:3] == "FG_")):
        for name in [name for name in os.environ if name.startswith("FG_")]:
            monkeypatch.delenv(name)
        for name, value in given.items():
            if name not in OTHER_VARIABLES:
                monkeypatch.setenv(name, str(value))
        assert Settings().kafka


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_kubernetes_takes_the_manifests(path: Path) -> None:
    """Every manifest fits the schema of its kind, strictly."""
    for document in documents(path):
        if document["kind"] != "Kustomization":
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_the_manifests_belong_together() -> None:
    """What kustomize names is there; probes ask for pages that exist, at the port that listens; the budget means the workers."""
    (kustomization,) = documents(DEPLOY / "kubernetes" / "kustomization.yaml")
    assert {*kustomization["resources"], "kustomization.yaml", "secret.example.yaml"} == {path.name for path in KUBERNETES}
    service, workers = documents(DEPLOY / "kubernetes" / "workers.yaml")
    (container,) = workers["spec"]["template"]["spec"]["containers"]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert [probe["path"] for probe in probes] == ["/healthz", "/healthz", "/readyz"]
    (config,) = documents(DEPLOY / "kubernetes" / "settings.yaml")
    assert config["data"]["FG_HEALTH_ADDRESS"].endswith(f":{container['ports'][0]['containerPort']}")
    (budget,) = documents(DEPLOY / "kubernetes" / "disruption.yaml")
    assert budget["spec"]["selector"] == workers["spec"]["selector"] == {"matchLabels": service["spec"]["selector"]}


def test_the_worker_for_apks_reaches_the_broker_alone() -> None:
    """Whoever reads hostile files gets neither memory nor truth; it runs the command that there is, under its own labels."""
    service, apk, policy = documents(DEPLOY / "kubernetes" / "apk.yaml")
    labels = {"matchLabels": service["spec"]["selector"]}
    assert policy["spec"]["podSelector"] == apk["spec"]["selector"] == labels != documents(DEPLOY / "kubernetes" / "workers.yaml")[1]["spec"]["selector"]
    assert [port["port"] for way in policy["spec"]["egress"] for port in way["ports"]] == [53, 53, 9093]
    (container,) = apk["spec"]["template"]["spec"]["containers"]
    assert container["args"] == documents(DEPLOY / "compose.yaml")[0]["services"]["worker-apk"]["command"]


def test_compose_is_whole() -> None:
    """Images are pinned, every server has a health check, what is mounted and secret is declared, and no secret stands in the file."""
    compose = documents(DEPLOY / "compose.yaml")[0]
    for name, service in compose["services"].items():
        assert re.search(r":v?\d+\.\d+", service["image"]), name
        assert name.startswith("worker") or "healthcheck" in service
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
        assert {n for v in service.get("volumes", ()) if not (n := v.split(":")[0]).startswith(".")} <= set(compose["volumes"])
        assert set(service["networks"]) <= set(compose["networks"])
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), "ports are for this machine"
    assert "password@" not in (DEPLOY / "compose.yaml").read_text("utf-8").lower()


@pytest.mark.skipif(not shutil.which("docker"), reason="docker is not installed; the file's structure is checked above")
def test_docker_takes_the_composition(tmp_path: Path) -> None:
    """`docker compose config`, which needs no engine, takes the file."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("this docker has no compose")
    told = subprocess.run(COMPOSE, capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(tmp_path)})
    assert told.returncode == 0, told.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("name", ["fraud-guard@.service", "fraud-guard-apk.service"])
def test_systemd_takes_the_unit(name: str, tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about a unit, but that the program is not installed here; it is rated well."""
    unit = DEPLOY / "systemd" / name
    program = tmp_path / "fraud-guard"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copy = tmp_path / name.replace("@", "@w1")
    copy.write_text(unit.read_text("utf-8").replace("/opt/fraud-guard/bin/fraud-guard", str(program)), "utf-8")
    told = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)
    assert [line for line in told.stderr.splitlines() if copy.name in line] == []
    rated = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=30", str(copy)], capture_output=True, text=True, check=False)
    assert rated.returncode == 0, rated.stdout[-500:] + rated.stderr


def test_the_image_is_ours() -> None:
    """The Dockerfile installs by the hash-checked lock, ends as another user than root, and carries this version's tag everywhere."""
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r /src/requirements.lock" in dockerfile
    assert dockerfile.count("FROM ") == 2
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE) == ["10001:10001"]
    for path in (DEPLOY / "compose.yaml", DEPLOY / "kubernetes" / "workers.yaml", DEPLOY / "kubernetes" / "apk.yaml"):
        assert set(re.findall(r"fraud-guard:(\d\S+)", path.read_text("utf-8"))) == {__version__}
    copied = set(re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE))
    allowed = {line[1:] for line in (DEPLOY.parent / ".dockerignore").read_text("utf-8").splitlines() if line[0] == "!"}
    assert {name for line in copied for name in line.split()} == allowed


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_secrets_are_made_once(tmp_path: Path) -> None:
    """`make-secrets` writes what compose mounts and the product reads, into a folder of its owner's alone, and never over what is there."""
    script = shutil.copy(DEPLOY / "make-secrets", tmp_path)
    subprocess.run([script], check=True, capture_output=True)
    made = {path.name: path.read_text("utf-8") for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(documents(DEPLOY / "compose.yaml")[0]["secrets"])
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    assert made["postgres_password"] in made["fraud-guard.toml"]
    assert re.search(r">(\w{48}) ", made["valkey.acl"])[1] in made["fraud-guard.toml"]  # type: ignore[index]
    assert subprocess.run([script], check=False, capture_output=True).returncode == 1
