"""The ordinary worker, or any command that is given; with `--rules-only` the models are silent, at the door and beside the rules."""

from __future__ import annotations

import sys
from types import ModuleType

from fraud_guard.app import rules_in_force, site
from fraud_guard.app.cli import main as command
from fraud_guard.app.cli.worker import build, work
from fraud_guard.app.rule_files import read_rule_files
from fraud_guard.app.settings import read
from fraud_guard.door.opinions import NO_OPINIONS


def main() -> int:
    """Run until SIGTERM; settings come from the environment."""
    if "--rules-only" in sys.argv:
        sys.argv.remove("--rules-only")
        silence_models()
    if len(sys.argv) > 1:
        command()
    site_, app = build(read())
    return int(work(app, site_))


def silence_models() -> None:
    """From now on this process decides by rules alone."""
    _put(site, "shipped_opinions", lambda: NO_OPINIONS)
    _put(rules_in_force, "read_generation_files", read_rule_files)


def _put(module: ModuleType, name: str, value: object) -> None:
    """A name that the worker no longer reads there would silence nothing, and the bench would not tell."""
    if not hasattr(module, name):
        raise AttributeError(f"{module.__name__} has no {name}: find out where the worker reads it now")
    setattr(module, name, value)


if __name__ == "__main__":
    sys.exit(main())
